"""L-BFGS in the loop, over a backend whose loss is known: the distance to a picture."""

from dataclasses import replace

import numpy as np
import pytest
from fakes import FakeBackend, FakeSession, tiny_weights

import nst_core as nst
from nst_core.backend import AUTOMATIC, STD, Evaluation, Losses
from nst_core.run.lbfgs_stepper import LBFGSStepper
from nst_core.spec import LBFGS

WEIGHTS = tiny_weights()
GREY = np.full((16, 24, 3), 128, np.uint8)
GOAL = np.random.default_rng(0).uniform(-0.5, 1.5, (16, 24, 3))  # outside [0, 1] as well


class Bowl(FakeSession):
    """The squared distance to GOAL, in the normalised image; steep in some pixels."""

    steepness = np.random.default_rng(1).uniform(0.5, 20, GOAL.shape)

    def evaluate(self, *, image):
        self.calls.append(("evaluate", image))
        distance = (image - GOAL) / STD
        total = float(0.5 * np.sum(self.steepness * distance**2))
        gradient = (self.steepness * distance / STD).astype(image.dtype)
        losses = Losses(content={"relu4_4": total}, style={}, total_variation=0.0, total=total)
        return Evaluation(losses=losses, gradient=gradient)

    def step(self, *, learning_rate):
        raise AssertionError("Adam was asked for")


class Cliff(Bowl):
    """Falls for a while, then there is nothing but NaN."""

    def evaluate(self, *, image):
        good = super().evaluate(image=image)
        if len(self.calls) < 6:
            return good
        return replace(good, losses=replace(good.losses, total=float("nan")))


class Backend(FakeBackend):
    def __init__(self, session=Bowl):
        super().__init__()
        self.session = session

    def start(self, problem, *, device, dtype, execution=AUTOMATIC):
        super().start(problem, device=device, dtype=dtype, execution=execution)
        return self.session(problem, self.calls)


def run(backend, *, steps=60, stages=None, observers=(), **optimiser):
    return nst.transfer(
        GREY,
        GREY,
        backend=backend,
        weights=WEIGHTS,
        device="cpu",
        dtype="float64",
        observers=observers,
        log_every=1,
        overrides={
            "colours": "style",
            "stages": stages or [{"size": "16x24", "steps": steps}],
            "optimiser": {"name": "lbfgs", **optimiser},
            "schedule": {"factor": 1.0},
        },
        preset="d2l",
    )


@pytest.mark.parametrize("line_search", ["none", "backtracking", "strong_wolfe"])
def test_finds_the_picture_and_never_clamps(line_search):
    result = run(Backend(), line_search=line_search)
    np.testing.assert_allclose(result.image, GOAL, atol=1e-5)
    assert result.note == ""
    assert len(result.history) == 60


@pytest.mark.parametrize("line_search", ["none", "backtracking", "strong_wolfe"])
def test_losses_are_those_before_the_step(line_search):
    seen = []

    class Watcher(nst.Observer):
        before = np.full((16, 24, 3), 128 / 255)

        def stepped(self, step):
            wanted = 0.5 * np.sum(Bowl.steepness * ((self.before - GOAL) / STD) ** 2)
            seen.append((step.losses.total, wanted))
            self.before = step.image

    run(Backend(), steps=12, line_search=line_search, observers=[Watcher()])
    assert len(seen) == 12
    for actual, wanted in seen:
        assert actual == pytest.approx(wanted, rel=1e-5)


def test_divergence_keeps_the_best_picture_and_says_so():
    stages = [{"size": "16x24", "steps": 50}, {"size": "32x48", "steps": 50}]
    backend = Backend(Cliff)
    result = run(backend, stages=stages)
    assert "stage 1, step 4: L-BFGS diverged" in result.note
    assert "\n" not in result.note
    images = [entry[1] for entry in backend.calls if entry[0] == "evaluate"]
    distances = [np.sum(Bowl.steepness * ((image - GOAL) / STD) ** 2) for image in images[:4]]
    np.testing.assert_allclose(result.image, images[int(np.argmin(distances))], atol=1e-12)
    assert len(backend.problems) == 1  # the second stage is not begun
    assert np.isfinite([row.total for row in result.history]).all()


def test_the_schedule_reaches_it():
    session = LBFGSStepper(
        Bowl(type("Problem", (), {"start": GOAL})(), []),
        start=GOAL + 0.1,
        settings=LBFGS(),
        dtype="float64",
    )
    with pytest.raises(RuntimeError):
        session.losses()
    # The first step goes down the gradient by learning_rate / |g|_1 of it: by that much in all.
    before = session.image()
    session.step(learning_rate=0.25)
    assert np.abs((session.image() - before) / STD).sum() == pytest.approx(0.25)


def test_floats_stay_the_runs():
    image = np.full((16, 24, 3), 0.5, np.float32)
    session = LBFGSStepper(
        Bowl(type("Problem", (), {"start": image})(), []),
        start=image,
        settings=LBFGS(),
        dtype="float32",
    )
    session.step(learning_rate=1.0)
    assert session.image().dtype == session.best().dtype == np.float32


@pytest.mark.parametrize("line_search", ["none", "backtracking", "strong_wolfe"])
def test_smoothed_it_finds_the_same_picture(line_search):
    result = run(Backend(), line_search=line_search, smoothing=0.5, steps=120)
    np.testing.assert_allclose(result.image, GOAL, atol=1e-5)


def test_smoothed_it_begins_where_it_begins_without():
    smoothed, plain = (run(Backend(), smoothing=s, steps=1).history for s in (0.5, 0.0))
    assert smoothed[0].total == pytest.approx(plain[0].total, rel=1e-12)
