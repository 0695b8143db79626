"""A backend's session as a stepper: its Adam's state as named arrays."""

import numpy as np
import pytest
from fakes import FakeBackend, tiny_weights

from nst_core.backend import Adam, Objective, Problem, StyleSource
from nst_core.run.stepper import AdamStepper

IMAGE = np.full((4, 5, 3), 0.5, np.float32)


@pytest.fixture
def problem():
    return Problem(
        content=IMAGE,
        styles=(StyleSource(image=IMAGE),),
        start=IMAGE,
        weights=tiny_weights(),
        objective=Objective(content={"relu1_1": 1.0}, style={}, total_variation=0.0),
        adam=Adam(beta1=0.9, beta2=0.999, epsilon=1e-8),
    )


@pytest.fixture
def start(problem):
    def start():
        session = FakeBackend().start(problem, device="cpu", dtype="float32")
        return AdamStepper(session, shape=IMAGE.shape)

    return start


def test_it_takes_the_sessions_steps(start):
    stepper = start()
    stepper.step(learning_rate=0.25)
    np.testing.assert_array_equal(stepper.image(), IMAGE + np.float32(0.25))
    assert stepper.losses().total == 11.75


def test_its_state_is_named_arrays_that_another_stepper_continues_from(start):
    stepper, other = start(), start()
    for _ in range(3):
        stepper.step(learning_rate=0.25)
    state = stepper.state()
    assert {name: array.shape for name, array in state.items()} == {
        "step": (),
        "image": IMAGE.shape,
        "first_moment": IMAGE.shape,
        "second_moment": IMAGE.shape,
    }
    assert state["step"] == 3
    other.restore(state)
    for each in (stepper, other):
        each.step(learning_rate=0.125)
    np.testing.assert_array_equal(other.image(), stepper.image())
    assert other.losses() == stepper.losses()


@pytest.mark.parametrize("name", ["image", "first_moment", "second_moment"])
def test_a_state_that_does_not_fit_is_refused(start, name):
    stepper = start()
    state = {**stepper.state()}
    with pytest.raises(ValueError, match=rf"{name} is \(4, 4, 3\), not \(4, 5, 3\)"):
        stepper.restore({**state, name: np.zeros((4, 4, 3))})
    del state[name]
    with pytest.raises(KeyError, match=name):
        stepper.restore(state)
