"""Adam of the backend under test, on known gradients."""

import pytest
from conformance import checks_adam as checks
from conformance.cases import ADAM, D2L, SMALL
from conformance.reference import DTYPES

from nst_core.backend import Adam

GALA = Adam(beta1=0.99, beta2=0.999, epsilon=1e-8)
COARSE = Adam(beta1=0.5, beta2=0.9, epsilon=1e-3)
MXNET = Adam(beta1=0.9, beta2=0.999, epsilon=1e-8, epsilon_form="mxnet")


@pytest.mark.parametrize("gradient", [1e-9, 1e-6, 1e-2])
@pytest.mark.parametrize(
    "adam", [ADAM, GALA, COARSE, MXNET], ids=["d2l", "gala", "coarse", "mxnet"]
)
def test_fixed_gradients(subject, gradient, adam):
    checks.check_adam_on_fixed_gradients(subject, gradient=gradient, adam=adam)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", [SMALL, D2L], ids=lambda case: case.name)
def test_steps_use_the_gradient_that_evaluate_returns(subject, case, dtype):
    checks.check_step_follows_evaluate(subject, case, dtype)
