"""The exponential moving average of the images as the result of a stage."""

import numpy as np
import oracle
import pytest
from fakes import FakeBackend, tiny_weights
from hypothesis import given
from hypothesis import strategies as st

import nst_core as nst
from nst_core.backend import Losses
from nst_core.run import checkpoint
from nst_core.run.averaging import EMAStepper, ExponentialMovingAverage
from nst_core.run.checkpoint import CheckpointWriter
from nst_core.run.stepper import AdamStepper, Stepper

GREY = np.full((64, 96, 3), 128, np.uint8)


@given(st.floats(0, 0.9999), st.lists(st.floats(-9, 9), min_size=1, max_size=40))
def test_the_average_is_the_weighted_mean(decay, values):
    average = ExponentialMovingAverage(decay)
    for value in values:
        average.update(np.array([value]))
    weights = np.array([decay**age for age in range(len(values))][::-1])
    wanted = np.sum(weights * values) / np.sum(weights)
    np.testing.assert_allclose(average.average(), wanted, rtol=1e-11, atol=1e-11)


def run(backend=None, **options):
    over = {
        "stages": [{"size": "16x24", "steps": 3}, {"size": "32x48", "steps": 4}],
        "colours": "style",
        **options.pop("overrides", {}),
    }
    return nst.transfer(
        GREY, GREY, backend=backend or FakeBackend(), weights=tiny_weights(), device="cpu",
        overrides=over, **options, preset="d2l"
    )  # fmt: skip


def weighted(start, count, decay):
    values = [start + 0.3 * step for step in range(1, count + 1)]
    weights = [decay ** (count - step) for step in range(1, count + 1)]
    return np.average(values, weights=weights)


def test_the_result_is_the_average_and_the_next_stage_starts_from_it():
    backend = FakeBackend()
    seen = []

    class Watch(nst.Observer):
        def stepped(self, step):
            seen.append(step.image[0, 0, 0])

    result = run(backend, overrides={"average": 0.9}, observers=[Watch()])
    first = weighted(128 / 255, 3, 0.9)
    np.testing.assert_allclose(backend.problems[1].start, first, rtol=1e-6)
    np.testing.assert_allclose(result.image, weighted(first, 4, 0.9), rtol=1e-6)
    # Each stage's begins anew, and what is shown is what would be saved.
    assert seen[3] == pytest.approx(first + 0.3)
    assert seen[-1] == result.image[0, 0, 0]


@pytest.mark.parametrize("at", [2, 3, 5])
def test_resumed_with_an_average_and_a_carried_state(tmp_path, at):
    over = {"average": 0.5, "optimiser": {"carry_state": True}}
    answers = iter(range(1, 99))
    with pytest.raises(nst.Interrupted):
        run(overrides=over, checkpoint=tmp_path / "c", stop=lambda: next(answers) == at)
    assert checkpoint.read(tmp_path / "c").position.global_step == at
    result = run(
        overrides=over, resume=tmp_path / "c", checkpoint=CheckpointWriter(path=tmp_path / "d")
    )
    np.testing.assert_array_equal(result.image, run(overrides=over).image)


def test_on_a_backend_the_average_is_the_oracles():
    from conformance.cases import SMALL
    from conformance.numpy_backend import BACKEND

    problem = SMALL.problem("float64")
    session = BACKEND.start(problem, device="cpu", dtype="float64")
    averaged = EMAStepper(AdamStepper(session, shape=problem.start.shape), decay=0.7)
    images = []
    for _ in range(4):
        averaged.step(learning_rate=0.3)
        images.append(oracle.denormalise(session.state().image.transpose(2, 0, 1)))
    wanted = np.average(images, axis=0, weights=[0.7**3, 0.7**2, 0.7, 1])
    np.testing.assert_allclose(averaged.image(), wanted, atol=1e-12)
    assert averaged.losses() == session.losses()


class Counts(Stepper):
    """Its image is the number of its steps, as (1, 2, 3)."""

    def __init__(self):
        self.steps = 0

    def step(self, *, learning_rate):
        self.steps += 1

    def losses(self):
        return Losses(content={}, style={}, total_variation=0.0, total=float(self.steps))

    def image(self):
        return np.full((1, 2, 3), float(self.steps))

    def state(self):
        return {"steps": np.array(float(self.steps))}

    def restore(self, state):
        self.steps = int(state["steps"])


def test_before_the_first_step_the_image_is_the_inner_one():
    stepper = EMAStepper(Counts(), decay=0.9)
    np.testing.assert_array_equal(stepper.image(), np.zeros((1, 2, 3)))
    stepper.step(learning_rate=1.0)
    np.testing.assert_allclose(stepper.image(), 1.0, rtol=1e-14)
    stepper.step(learning_rate=1.0)
    np.testing.assert_allclose(stepper.image(), (0.9 + 2) / 1.9, rtol=1e-14)
    assert stepper.losses().total == 2


@pytest.mark.parametrize("steps", [0, 3])
def test_restored_it_continues_to_the_bit(steps):
    first, second = (EMAStepper(Counts(), decay=0.7) for _ in range(2))
    for _ in range(steps):
        first.step(learning_rate=1.0)
    state = {name: array.copy() for name, array in first.state().items()}
    assert state["average.count"] == steps
    second.restore(state)
    for _ in range(2):
        for stepper in (first, second):
            stepper.step(learning_rate=1.0)
        np.testing.assert_array_equal(first.image(), second.image())


def test_a_restored_average_is_a_copy():
    stepper = EMAStepper(Counts(), decay=0.5)
    state = {"steps": np.array(1.0), "average.count": np.array(1.0)}
    value = np.full((1, 2, 3), 0.5)
    stepper.restore({**state, "average.value": value})
    stepper.step(learning_rate=1.0)
    np.testing.assert_array_equal(value, 0.5)


def test_a_state_that_does_not_fit_is_refused():
    stepper = EMAStepper(Counts(), decay=0.5)
    state = {"steps": np.array(1.0), "average.count": np.array(1.0)}
    with pytest.raises(KeyError, match=r"average\.value"):
        stepper.restore(state)
    with pytest.raises(KeyError, match=r"average\.count"):
        stepper.restore({"steps": np.array(1.0)})
    with pytest.raises(ValueError, match=r"the average is \(2, 2, 3\)"):
        stepper.restore({**state, "average.value": np.zeros((2, 2, 3))})
