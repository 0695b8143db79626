"""What a run is said to take before it is begun."""

import time

import numpy as np
import pytest
from fakes import FakeBackend, tiny_weights

import nst_core as nst
from nst_core.backend.footprint import Footprint, StageSize
from nst_core.run import estimate
from nst_core.system import memory

WEIGHTS = tiny_weights()
RELU4_4 = 512 * 125 * 125 * 4 / 1e6
"""Megabytes of the content's features at 1000x1000."""
GREY = np.full((24, 36, 3), 128, np.uint8)


class Knowing(FakeBackend):
    """Knows how much it takes: 1 MB, and 10 bytes a pixel of the content, 20 of the style."""

    def footprint(self, *, objective, size, device, dtype, execution):
        content, style = (h * w for h, w in (size.content, size.styles[0]))
        free = 7e6 if device.startswith("cuda") else None
        return Footprint(fixed=1e6, content=10.0 * content, style=20.0 * style, available=free)


def work(backend, *, device="cpu", **overrides):
    """Return what a run prepared."""
    found = []

    def stop(prepared):
        found.append(prepared)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        nst.transfer(
            GREY, GREY, backend=backend, weights=WEIGHTS, device=device, on_prepared=stop,
            overrides=overrides, preset="d2l"
        )  # fmt: skip
    assert not backend.problems, "nothing was begun"
    return found[0]


@pytest.fixture
def machine(monkeypatch):
    monkeypatch.setattr(memory, "rss_mb", lambda: 300.0)
    monkeypatch.setattr(memory, "available_mb", lambda: 1000.0)


@pytest.mark.usefixtures("machine")
def test_memory_is_that_of_the_stage_that_takes_most():
    stages = [{"size": "1000x1000", "steps": 1}, {"size": "100x100", "steps": 1}]
    found = estimate.of_memory(work(Knowing(), stages=stages))
    images = 8 * 3 * 4  # Adam's
    session = 1 + 20 + images + RELU4_4
    assert found.memory_mb == pytest.approx(300 + estimate._LIBRARIES_MB + session)
    assert found.available_mb == 1300
    assert found.fits


@pytest.mark.usefixtures("machine")
def test_lbfgs_takes_its_pairs_too():
    stages = [{"size": "1000x1000", "steps": 1}]
    optimiser = {"name": "lbfgs", "history": 50}
    found = estimate.of_memory(work(Knowing(), stages=stages, optimiser=optimiser))
    session = 21 + 112 * 12 + RELU4_4
    assert found.memory_mb == pytest.approx(300 + estimate._LIBRARIES_MB + session)
    assert not found.fits


@pytest.mark.usefixtures("machine")
def test_the_largest_size_that_fits_is_found_in_steps_of_a_twentieth():
    prepared = work(Knowing(), stages=[{"size": "2000x1000", "steps": 1}])
    needed = {}
    for twentieths in range(1, 20):
        size = tuple(side * twentieths // 20 for side in (2000, 1000))
        known = estimate._stage_mb(prepared, 0, StageSize(size, (size,)))
        needed[size] = known[0]
    # 1300 MB are the process's and free ones together; 60 are the libraries'.
    for rss_mb in (0.0, 1000.0, 1150.0, 1200.0):
        limit = 1300 - rss_mb - estimate._LIBRARIES_MB
        fitting = max(size for size, mb in needed.items() if mb <= limit)
        assert estimate.largest_fitting_size(prepared, 0, rss_mb=rss_mb) == fitting
    assert estimate.largest_fitting_size(prepared, 0, rss_mb=1239.0) is None


@pytest.mark.usefixtures("machine")
def test_no_size_is_advised_if_nothing_is_known():
    stages = [{"size": "64", "steps": 1}]
    for prepared in (work(FakeBackend(), stages=stages), work(Knowing(), device="cuda")):
        assert estimate.largest_fitting_size(prepared, 0, rss_mb=0.0) is None


def test_a_device_of_its_own_has_its_own_memory():
    found = estimate.of_memory(work(Knowing(), device="cuda", stages=[{"size": "64", "steps": 1}]))
    assert found.available_mb == 7
    assert found.memory_mb < 3


def test_a_backend_need_not_know():
    found = estimate.of_memory(work(FakeBackend()))
    assert (found.memory_mb, found.available_mb, found.fits) == (None, None, True)


def test_time_goes_by_operations_and_steps():
    small, large = (
        estimate.of_run(work(Slow(), stages=[{"size": size, "steps": steps}])).seconds
        for size, steps in (("160x240", 10), ("320x480", 20))
    )
    assert large == pytest.approx(8 * small, rel=0.3)


class Slow(Knowing):
    """Takes 10 ms a step."""

    def start(self, problem, *, device, dtype, **execution):
        session = FakeBackend().start(problem, device=device, dtype=dtype, **execution)
        session.image = lambda: time.sleep(0.01)
        return session


@pytest.mark.usefixtures("machine")
def test_a_pyramid_and_sorted_projections_take_memory():
    stages = [{"size": "400x600", "steps": 1}]
    size = StageSize((400, 600), ((400, 600),))

    def needed(**over):
        return estimate._stage_mb(work(Knowing(), stages=stages, **over), 0, size)[0]

    plain = needed()
    assert needed(variables={"kind": "laplacian"}) > plain + 400 * 600 * 3 * 4 * 4 / 1e6
    style = {"statistics": "sliced-wasserstein", "layers": ["relu1_1"], "projections": 16}
    assert needed(style=style) >= plain + 16 * 400 * 600 * 4 * 2 / 1e6
