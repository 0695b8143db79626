"""Features, losses and gradients of the backend under test, in both dtypes."""

import pytest
from conformance import checks_values as checks
from conformance.cases import BY_NAME, CASES, D2L, SMALL
from conformance.reference import DTYPES

CHECKS = (
    checks.check_features,
    checks.check_content,
    checks.check_style,
    checks.check_total_variation,
    checks.check_total,
    checks.check_gradient,
)
SLOPE_CASES = (SMALL, D2L, BY_NAME["outside [0, 1]"])


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name, indirect=True)
def test_agrees_with_the_oracle(subject, case, dtype, check):
    check(subject, case, dtype)


@pytest.mark.parametrize("case", SLOPE_CASES, ids=lambda case: case.name)
def test_gradient_agrees_with_finite_differences(subject, case):
    checks.check_slopes(subject, case)
