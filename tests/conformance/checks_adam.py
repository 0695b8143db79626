"""Adam, step by step, with gradients that are known.

The seam has no call that applies a given gradient. But the total variation's gradient is known in
closed form at any image, and `restore` puts any image under the optimiser: so a problem of nothing
but total variation, restored to a new image before every step and with the moments carried on,
is Adam on a fixed series of gradients, of whatever size the weight gives them.
"""

from dataclasses import replace

import numpy as np
import oracle
import oracle_adam
from conformance import pictures
from conformance.cases import Case
from conformance.compare import deviation, within
from conformance.reference import Subject

from nst_core.backend import Adam


def total_variation_case(*, gradient: float, adam: Adam, size=(9, 14)) -> Case:
    """Total variation alone, weighted so that its gradients are multiples of about `gradient`."""
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
        rate = 0.5 / step  # another one every time, or a late learning rate would not show
        session.step(learning_rate=rate)

        known = case.total_variation * oracle.total_variation(x)[1]
        first, second = oracle_adam.moments(known, first, second, betas=case.betas)
        wanted = x - _update(case, first, second, step=step, learning_rate=rate)
        state = session.state()
        assert state.step == step
        _compare_moments(subject, state, first, second, "float64")
        within(
            subject,
            "Adam image float64",
            deviation(_planes(state.image), wanted, scale=rate),
            f"image after step {step}",
        )


def check_step_follows_evaluate(subject: Subject, case: Case, dtype: str, steps: int = 5) -> None:
    """What `evaluate` says of the image is what `step` hands to Adam."""
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
        # From the backend's own moments: where a gradient is nearly zero, the rounding that
        # image() and evaluate() add to it would be magnified to any size.
        change = _update(
            case,
            _planes(after.first_moment),
            _planes(after.second_moment),
            step=step,
            learning_rate=rate,
        )
        wanted = _planes(before.image) - change
        measured = deviation(_planes(after.image), wanted, scale=rate)
        within(subject, f"Adam image {dtype}", measured, f"image after step {step}")


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
    within(subject, name, deviation(_planes(state.first_moment), first), "first moment")
    within(subject, name, deviation(_planes(state.second_moment), second), "second moment")


def _planes(picture) -> np.ndarray:
    """(H, W, 3) -> (3, H, W) float64."""
    return np.asarray(picture, np.float64).transpose(2, 0, 1)
