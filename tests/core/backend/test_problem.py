"""What the records of the seam compute themselves."""

import numpy as np
import oracle_adam
import pytest

from nst_core.backend import Adam, Objective, Problem, StyleSource, StyleTargets

OBJECTIVE = Objective(
    content={"relu4_4": 1.0, "relu1_1": 1.0},
    style={"relu1_1": 1.0, "relu2_1": 1.0},
    total_variation=0.0,
)


@pytest.mark.parametrize("form", ["paper", "mxnet"])
@pytest.mark.parametrize("step", [1, 2, 50])
def test_bias_correction_is_the_oracles_update(form, step):
    first, second = np.array([1e-6, -2e-3, 0.5]), np.array([1e-12, 3e-7, 0.2])
    adam = Adam(beta1=0.9, beta2=0.999, epsilon=1e-8, epsilon_form=form)
    rate, divisor = adam.bias_correction(learning_rate=0.3, step=step)
    expected = oracle_adam.UPDATES[form](
        first, second, step=step, betas=(0.9, 0.999), learning_rate=0.3, epsilon=1e-8
    )
    found = rate * first / (np.sqrt(second) / divisor + 1e-8)
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_the_divisor_of_mxnets_form_is_one():
    adam = Adam(beta1=0.9, beta2=0.999, epsilon=1e-8, epsilon_form="mxnet")
    assert adam.bias_correction(learning_rate=0.3, step=5)[1] == 1.0


def test_shares_are_weights_over_their_sum_without_those_of_weight_zero():
    image = np.zeros((2, 2, 3))
    styles = tuple(StyleSource(image=image, weight=weight) for weight in (3.0, 0.0, 1.0))
    problem = Problem(
        content=image, styles=styles, start=image, weights={}, objective=OBJECTIVE,
        adam=Adam(beta1=0.9, beta2=0.999, epsilon=1e-8),
    )  # fmt: skip
    assert problem.shares() == ((styles[0], 0.75), (styles[2], 0.25))


def test_taps_are_named_once_content_first():
    assert OBJECTIVE.taps() == ("relu4_4", "relu1_1", "relu2_1")


def test_a_copy_of_style_targets_has_arrays_of_its_own():
    array = np.ones((2, 2))
    targets = StyleTargets(statistics={"relu1_1": {0: (array,), 2: (array, array)}})
    copied = targets.copied()
    array[:] = 5
    assert copied.statistics["relu1_1"].keys() == {0, 2}
    for arrays in copied.statistics["relu1_1"].values():
        for one in arrays:
            np.testing.assert_array_equal(one, 1)
