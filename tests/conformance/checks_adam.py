"""Adam, step by step, with known gradients.

No call of a session applies a given gradient. But the gradient of the total variation is known in
closed form at any image, and `restore` sets any image. So a problem that has only the total
variation, with a new image restored before every step and the moments kept, is Adam on a fixed
series of gradients; the weight of the total variation sets their size.
"""

from dataclasses import replace

import numpy as np
import oracle
import oracle_adam
from conformance import pictures
from conformance.cases import Case
from conformance.compare import assert_within, deviation
from conformance.reference import Subject

from nst_core.backend import Adam


def total_variation_case(*, gradient: float, adam: Adam, size=(9, 14)) -> Case:
    """Return total variation alone, with gradients that are multiples of about `gradient`."""
    height, width = size
    return Case(
        name=f"total variation, gradients about {gradient:g}",
        size=size,
        content={"conv1_1": 0.0},
        style={},
        total_variation=gradient * 2 * height * width * 3,
        adam=adam,
    )


def check_adam_on_fixed_gradients(
    subject: Subject, *, gradient: float, adam: Adam, steps: int = 20
) -> None:
    case = total_variation_case(gradient=gradient, adam=adam)
    session = subject.start(case.problem("float64"), "float64")
    first = second = np.zeros((3, *case.size))
    for step in range(1, steps + 1):
        x = oracle.normalise(pictures.picture(100 + step, *case.size))
        session.restore(state=replace(session.state(), image=x.transpose(1, 2, 0)))
        rate = (
            0.5 / step
        )  # a new one every step: otherwise a late learning rate would not be noticed
        session.step(learning_rate=rate)

        known = case.total_variation * oracle.total_variation(x)[1]
        first, second = oracle_adam.moments(known, first, second, betas=case.betas)
        wanted = x - _update(case, first, second, step=step, learning_rate=rate)
        state = session.state()
        assert state.step == step
        _compare_moments(subject, state, first, second, "float64")
        assert_within(
            subject,
            "Adam image float64",
            deviation(_planes(state.image), wanted, scale=rate),
            f"image after step {step}",
        )


def check_step_follows_evaluate(subject: Subject, case: Case, dtype: str, steps: int = 5) -> None:
    """`step` gives Adam the gradient that `evaluate` returns at the same image."""
    session = subject.start(case.problem(dtype), dtype)
    for step in range(1, steps + 1):
        before = session.state()
        gradient = session.evaluate(image=session.image()).gradient
        rate = 0.3 / step
        session.step(learning_rate=rate)
        after = session.state()

        gradient = _planes(gradient) * oracle.STD  # with respect to the normalised image
        first, second = oracle_adam.moments(
            gradient, _planes(before.first_moment), _planes(before.second_moment), betas=case.betas
        )
        _compare_moments(subject, after, first, second, dtype)
        # Computed from the backend's own moments: where a gradient is nearly zero, the rounding of
        # image() and evaluate() would be magnified to any size.
        change = _update(
            case,
            _planes(after.first_moment),
            _planes(after.second_moment),
            step=step,
            learning_rate=rate,
        )
        wanted = _planes(before.image) - change
        measured = deviation(_planes(after.image), wanted, scale=rate)
        assert_within(subject, f"Adam image {dtype}", measured, f"image after step {step}")


def _update(case: Case, first, second, *, step: int, learning_rate: float):
    return oracle_adam.UPDATES[case.adam.epsilon_form](
        first,
        second,
        step=step,
        betas=case.betas,
        learning_rate=learning_rate,
        epsilon=case.adam.epsilon,
    )


def _compare_moments(subject: Subject, state, first, second, dtype: str) -> None:
    name = f"Adam moments {dtype}"
    assert_within(subject, name, deviation(_planes(state.first_moment), first), "first moment")
    assert_within(subject, name, deviation(_planes(state.second_moment), second), "second moment")


def _planes(picture) -> np.ndarray:
    """(H, W, 3) -> (3, H, W) float64."""
    return np.asarray(picture, np.float64).transpose(2, 0, 1)
