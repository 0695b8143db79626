"""The marks for a stopwatch: every kind of work is measured, and afterwards none is."""

from collections import Counter
from contextlib import contextmanager

from pytorch_backend.networks import D2L, DEEP, draw, squared_terms, winograd_network

from nst_pytorch import timing
from nst_pytorch.cpu import winograd
from nst_pytorch.style_loss import GramLoss


class Counts:
    """Counts the calls by (section, kind), and those of which the end was seen."""

    def __init__(self):
        self.began, self.ended, self.collective, self.name = Counter(), Counter(), set(), ""

    @contextmanager
    def section(self, name):
        self.name = name
        yield
        self.ended[name] += 1

    @contextmanager
    def kernel(self, kind, *, collective):
        self.began[self.name, kind] += 1
        if collective:
            self.collective.add(kind)
        yield
        self.ended[kind] += 1


def test_all_kinds_of_work_are_measured():
    size, unmarked = (97, 130), winograd.multiply
    network, x = winograd_network(D2L, size), draw(1, 3, *size)
    target = draw(64, 64)
    terms = {"relu1_1": [GramLoss("relu1_1", target, weight=1, multiplicity=1)]}
    counts = Counts()
    with timing.measured_by(counts):
        found = network.evaluate(x, terms)
        assert winograd.multiply is not unmarked
    assert winograd.multiply is unmarked
    assert found.gradient.equal(network.evaluate(x, terms).gradient)

    kinds = {kind for _, kind in counts.began}
    assert kinds == {"products", "transforms", "pooling", "conv1_1", "ReLU, masks", "losses"}
    assert counts.collective == {"losses"}
    passes = [counts.ended[f"conv1_2 {which}"] for which in ("forward", "backward")]
    assert passes == [1, 1]
    # The last layer's backward pass begins with its own losses, and counts twice.
    assert counts.ended["conv5_1 backward"] == 2
    assert counts.began["conv3_1 forward", "products"] > 0
    # The output of relu2_1 is a tap, that of relu3_2 is not.
    for name in ("conv2_1 forward", "conv2_2 backward", "conv3_2 forward"):
        assert counts.began[name, "ReLU, masks"] > 0
    assert sum(counts.began.values()) == sum(counts.ended[kind] for kind in kinds)


def test_pooling_by_rows_is_measured():
    size = (53, 34)
    network, counts = winograd_network(DEEP, size), Counts()
    with timing.measured_by(counts):
        network.evaluate(draw(1, 3, *size), squared_terms(DEEP))
    for name in ("conv1_2 forward", "conv2_1 backward"):
        assert counts.began[name, "pooling"] > 0
