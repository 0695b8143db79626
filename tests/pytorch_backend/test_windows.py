"""The picture window by window: the same numbers as of the whole, and nothing as large as it."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from conformance import pictures
from conformance.cases import Case
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from nst_core.backend import Architecture, Execution
from nst_core.vgg19 import feature_shape
from nst_pytorch import BACKEND
from nst_pytorch.choice import network_for
from nst_pytorch.heads import ContentHead, StyleHead
from nst_pytorch.maps import FeatureMap
from nst_pytorch.moments import Moments
from nst_pytorch.precision import Arithmetic
from nst_pytorch.strips import Strips
from nst_pytorch.tiling import Tiling, spans_of
from nst_pytorch.windows import Windows

SHALLOW = ("conv1_1", "relu1_1", "relu2_1", "conv3_1")
# With as many pixels as channels covariances are as good as singular, and so is the gradient.
WELL_POSED = dict.fromkeys(("relu1_1", "conv2_1"), 100.0)
EDGES = Architecture(pooling="average", padding="replicate")
IN_WINDOWS = Execution(conv="winograd", checkpointing=True)


def case(size, **options):
    options.setdefault("content", {"relu2_1": 1.0, "conv1_1": 0.5})
    options.setdefault("style", dict.fromkeys(SHALLOW, 100.0))
    return Case(name="in windows", size=size, style_size=(61, 40), **options)


CASES = {
    # Both axes, odd sizes; windows of at most 48 pixels for what goes as deep as conv3_1.
    "gram": (48, case((93, 131))),
    "one axis": (48, case((93, 40), architecture=EDGES)),
    "the other axis": (48, case((29, 95), architecture=Architecture(padding="replicate"))),
    "scaled": (48, case((61, 70), content_distance="scaled", style_distance="scaled")),
    "wasserstein": (
        48,
        case((61, 71), style=WELL_POSED, style_statistics="wasserstein", blend=(1.0, 3.0)),
    ),
    "regions": (48, case((62, 75), regions=3, architecture=EDGES)),
    "regions, wasserstein": (
        48,
        case((62, 75), regions=2, style=WELL_POSED, style_statistics="wasserstein"),
    ),
    "after the ReLU": (40, case((50, 61), style={"relu3_1": 1.0, "relu1_2": 1.0})),
    "deep": (192, case((60, 219), content={"relu4_4": 1.0}, style={"conv5_1": 1.0})),
}


@pytest.fixture
def largest(monkeypatch):
    return lambda pixels: monkeypatch.setattr("nst_pytorch.tiling.LARGEST", pixels)


def start(problem, execution, dtype="float64"):
    return BACKEND.start(problem, device="cpu", dtype=dtype, execution=execution)


def apart(found, wanted):
    return np.abs(found - wanted).max() / np.abs(wanted).max()


@pytest.mark.parametrize("name", CASES)
def test_windows_are_the_whole(name, largest):
    pixels, one = CASES[name]
    problem = one.problem("float64")
    whole = start(problem, Execution(conv="direct"))
    largest(pixels)
    windowed = start(problem, IN_WINDOWS)
    assert isinstance(windowed._network, Windows)

    found, wanted = windowed.evaluate(image=one.probe_image), whole.evaluate(image=one.probe_image)
    assert apart(found.gradient, wanted.gradient) < 1e-11
    assert found.losses.content == pytest.approx(wanted.losses.content, rel=1e-11)
    assert found.losses.style == pytest.approx(wanted.losses.style, rel=1e-11)
    assert found.losses.total == pytest.approx(wanted.losses.total, rel=1e-11)

    features = whole.features(image=one.probe_image)
    seen = windowed.features(image=one.probe_image)
    assert seen.keys() == features.keys()
    assert max(apart(seen[tap], features[tap]) for tap in features) < 1e-11

    statistics = whole.style_targets().statistics
    for tap, regions in windowed.style_targets().statistics.items():
        assert regions.keys() == statistics[tap].keys()
        for number, arrays in regions.items():
            for array, other in zip(arrays, statistics[tap][number], strict=True):
                assert apart(array, other) < 1e-11


def test_parts_add_up_in_float32_whatever_the_mean():
    values = 1000 + torch.randn(30, 40, 5, generator=torch.Generator().manual_seed(0))
    each = torch.zeros(30, 40, 1)
    each[:10] = torch.rand(10, 40, 1, generator=torch.Generator().manual_seed(1))
    each /= each.sum()

    def moments(rows, density):
        of = [FeatureMap(one[rows], 0, 0, *one[rows].shape[:2]) for one in (values, each)]
        return Moments.of(of[0], of[1] if density else None, centred=True)

    rows = values.view(-1, 5).double()
    for density, weights in ((False, None), (True, each.flatten().double())):
        # Two parts have nothing of the density, and are added up first or last.
        parts = [moments(slice(top, top + 10), density) for top in (0, 10, 20)]
        for ordered in (parts, parts[::-1]):
            mean, covariance = sum(ordered[1:], ordered[0]).normalised(1 if density else 1200)
            wanted = torch.cov(rows.T, correction=0, aweights=weights)
            torch.testing.assert_close(covariance.double(), wanted, atol=1e-4, rtol=0)
            average = rows.mean(dim=0) if weights is None else weights @ rows
            torch.testing.assert_close(mean.double(), average, atol=1e-3, rtol=0)


def test_a_picture_as_large_as_a_window_is_one(largest):
    largest(48)
    session = start(case((48, 47)).problem("float64"), IN_WINDOWS)
    assert isinstance(session._network, Strips)


def test_two_runs_give_the_same_bits(largest):
    one = case((61, 71))
    largest(48)
    sessions = [start(one.problem("float32"), IN_WINDOWS, "float32") for _ in range(2)]
    image = one.probe_image.astype("float32")
    first, *others = [session.evaluate(image=image) for session in (*sessions, sessions[0])]
    for other in others:
        assert np.array_equal(other.gradient, first.gradient)
        assert other.losses == first.losses


@pytest.mark.parametrize(
    ("largest", "step", "reach"),
    [(40, 1, 1), (48, 4, 12), (200, 4, 12), (200, 16, 80), (768, 1, 1), (768, 16, 80)],
)
def test_cores_part_the_picture(largest, step, reach):
    for length in (*range(1, 130), 500, 769, 900, 1350, 1800, 4001):
        spans = spans_of(length, largest=largest, step=step, reach=reach)
        assert len({span.end - span.begin for span in spans}) == 1
        assert spans[0].end <= largest
        assert (spans[0].begin, spans[-1].end) == (0, length)
        assert (spans[0].first, spans[-1].last) == (0, length)
        for one, other in pairwise(spans):
            assert one.last == other.first
            assert one.last % step == other.begin % step == 0
            # A last pixel that is not in a whole step is in no pooled value.
            assert one.last + reach <= one.end
            assert other.begin + reach <= other.first
        assert all(span.first < span.last for span in spans)


def test_windows_are_no_larger_than_they_need_be():
    tiling = Tiling((900, 1350), ("relu1_1", "conv5_1"))
    # Two halves and twice 80 pixels, at multiples of 16, whose last ends with the picture.
    assert tiling.window_size == (532, 758)
    assert [(one.begin, one.first, one.last) for one in tiling.spans[1]] == [
        (0, 0, 672),
        (592, 672, 1350),
    ]
    assert len(tiling.windows) == 4


class Largest(TorchDispatchMode):
    """Notes the largest number of values that any operation's result has room for."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        for one in tree_leaves(found):
            if isinstance(one, torch.Tensor):
                self.note(one)
        return found

    def note(self, one):
        self.count = max(self.count, one.untyped_storage().nbytes() // one.itemsize)


@pytest.mark.parametrize("windowed", [True, False])
def test_nothing_is_as_large_as_the_first_layer(windowed, largest, monkeypatch):
    size, taps = (170, 203), ("relu1_1", "relu1_2", "relu2_1")
    largest(48 if windowed else 768)
    weights, cpu = pictures.weights("random:3"), torch.device("cpu")
    arithmetic = Arithmetic.of("auto", device=cpu, dtype=torch.float32)
    whole = np.prod(feature_shape("relu1_1", height=size[0], width=size[1]))
    target = torch.zeros(size[0] // 2, size[1] // 2, 128)
    heads = {tap: [StyleHead(tap, torch.zeros(64, 64), weight=1, counted=1)] for tap in taps[:2]}
    heads["relu2_1"] = [
        ContentHead("relu2_1", FeatureMap(target, 0, 0, *target.shape[:2]), weight=1)
    ]
    # Nor is it computed for a window as a whole.
    monkeypatch.delattr("nst_pytorch.first.FirstStage.computed")
    with Largest() as noted:
        network = network_for(
            weights,
            taps=taps,
            size=size,
            device=cpu,
            dtype=torch.float32,
            architecture=EDGES,
            arithmetic=arithmetic,
            execution=IN_WINDOWS,
        )
        if windowed:
            network.evaluate(torch.zeros(1, 3, *size), heads)
    # What the workers' own threads made, they have kept.
    for one in network._network._scratch if windowed else ():
        for kept in one._flat.values():
            noted.note(kept)
    assert (noted.count < whole) == windowed
