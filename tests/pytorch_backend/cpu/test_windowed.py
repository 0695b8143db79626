"""The image window by window: the same numbers as for the whole, and no map as large as it."""

import numpy as np
import pytest
import torch
from conformance import pictures
from conformance.cases import Case
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from nst_core.backend import Architecture, Execution, Matching
from nst_core.vgg19 import feature_shape
from nst_pytorch import BACKEND
from nst_pytorch.content_loss import ContentLoss
from nst_pytorch.cpu.network import WinogradNetwork
from nst_pytorch.cpu.windowed import WindowedNetwork
from nst_pytorch.cpu.windows import WindowGrid
from nst_pytorch.feature_map import FeatureMap
from nst_pytorch.precision import Arithmetic
from nst_pytorch.select_network import NetworkSelector
from nst_pytorch.style_loss import GramLoss

SHALLOW = ("conv1_1", "relu1_1", "relu2_1", "conv3_1")
# With as many pixels as channels covariances are as good as singular, and so is the gradient.
WELL_POSED = dict.fromkeys(("relu1_1", "conv2_1"), 100.0)
NEIGHBOURS = dict.fromkeys(SHALLOW, 100.0)
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
    "hypercolumns": (48, case((93, 71), style={}, neighbours=NEIGHBOURS)),
    "hypercolumns of regions": (
        48,
        case(
            (62, 75),
            regions=3,
            architecture=EDGES,
            style={},
            neighbours=NEIGHBOURS,
            matching=Matching(centred_loss=True, divisor=3, rotations=True),
        ),
    ),
    "nearest neighbours at each tap": (
        48,
        case(
            (61, 71),
            style={},
            neighbours=NEIGHBOURS,
            matching=Matching(form="taps", centred_loss=True, samples=9, style_samples=12),
        ),
    ),
    "regions, sliced": (
        48,
        case(
            (62, 75),
            regions=2,
            style_statistics="sliced-wasserstein",
            projections=5,
            blend=(1.0, 3.0),
        ),
    ),
    "parts left out": (48, case((62, 75), leaves_out=True)),
    "parts left out, scaled": (
        48,
        case((62, 75), leaves_out=True, content_distance="scaled", style_distance="scaled"),
    ),
    "after the ReLU": (40, case((50, 61), style={"relu3_1": 1.0, "relu1_2": 1.0})),
    "deep": (192, case((60, 219), content={"relu4_4": 1.0}, style={"conv5_1": 1.0})),
}


@pytest.fixture
def largest(monkeypatch):
    return lambda pixels: monkeypatch.setattr("nst_pytorch.cpu.windows.MAX_WINDOW_SIDE", pixels)


def start(problem, execution, dtype="float64"):
    return BACKEND.start(problem, device="cpu", dtype=dtype, execution=execution)


def apart(found, wanted):
    return np.abs(found - wanted).max() / np.abs(wanted).max()


@pytest.mark.parametrize("name", CASES)
def test_same_numbers_as_for_the_whole_image(name, largest):
    pixels, one = CASES[name]
    problem = one.problem("float64")
    whole = start(problem, Execution(conv="direct"))
    largest(pixels)
    windowed = start(problem, IN_WINDOWS)
    assert isinstance(windowed._network, WindowedNetwork)

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


@pytest.mark.parametrize("name", ["gram", "one axis", "regions", "deep"])
def test_windows_of_the_direct_network(name, largest):
    """As on a GPU: see ``select_network``."""
    pixels, one = CASES[name]
    session = start(one.problem("float64"), Execution(conv="direct"))
    wanted = session.evaluate(image=one.probe_image)
    largest(pixels)
    taps = session._objective.taps()
    session._network = WindowedNetwork(session._network, WindowGrid(one.size, taps))
    found = session.evaluate(image=one.probe_image)
    assert apart(found.gradient, wanted.gradient) < 1e-11
    assert found.losses.total == pytest.approx(wanted.losses.total, rel=1e-11)


def test_an_image_as_large_as_a_window_is_not_split(largest):
    largest(48)
    session = start(case((48, 47)).problem("float64"), IN_WINDOWS)
    assert isinstance(session._network, WinogradNetwork)


def test_two_runs_give_the_same_bits(largest):
    one = case((61, 71))
    largest(48)
    sessions = [start(one.problem("float32"), IN_WINDOWS, "float32") for _ in range(2)]
    image = one.probe_image.astype("float32")
    first, *others = [session.evaluate(image=image) for session in (*sessions, sessions[0])]
    for other in others:
        assert np.array_equal(other.gradient, first.gradient)
        assert other.losses == first.losses


class Largest(TorchDispatchMode):
    """Notes the number of values in the largest buffer of any operation's result."""

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
def test_no_buffer_is_as_large_as_the_first_layer(windowed, largest, monkeypatch):
    size, taps = (170, 203), ("relu1_1", "relu1_2", "relu2_1")
    largest(48 if windowed else 768)
    weights, cpu = pictures.weights("random:3"), torch.device("cpu")
    arithmetic = Arithmetic.of("auto", device=cpu, dtype=torch.float32)
    whole = np.prod(feature_shape("relu1_1", height=size[0], width=size[1]))
    target = torch.zeros(size[0] // 2, size[1] // 2, 128)
    terms = {
        tap: [GramLoss(tap, torch.zeros(64, 64), weight=1, multiplicity=1)] for tap in taps[:2]
    }
    terms["relu2_1"] = [ContentLoss("relu2_1", FeatureMap.unpadded(target), weight=1)]
    # A window's output is not computed as a whole either.
    monkeypatch.delattr("nst_pytorch.cpu.first_layer.FirstLayer.compute_all")
    networks = NetworkSelector(
        weights=weights,
        taps=taps,
        device=cpu,
        dtype=torch.float32,
        architecture=EDGES,
        arithmetic=arithmetic,
        execution=IN_WINDOWS,
    )
    with Largest() as noted:
        network = networks.select_network(size)
        if windowed:
            network.evaluate(torch.zeros(1, 3, *size), terms)
    # The dispatch mode does not see what the workers' threads allocate, but their buffers are kept.
    for one in network._network._scratch if windowed else ():
        for kept in one._flat.values():
            noted.note(kept)
    assert (noted.count < whole) == windowed
