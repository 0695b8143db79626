"""Style targets of the backend under test: their values, and that they can be used again."""

import pytest
from conformance import checks_style_targets as checks
from conformance.cases import (
    BLENDED,
    BY_NAME,
    REGIONS,
    SCALED,
    SLICED,
    SLICED_REGIONS,
    SMALL,
    SOFT,
    WASSERSTEIN,
)
from conformance.reference import DTYPES

BY_REGION = BY_NAME["regions by Wasserstein, more channels than pixels"]
CASES = (SMALL, BLENDED, SCALED, WASSERSTEIN, SLICED, SOFT, REGIONS, BY_REGION, SLICED_REGIONS)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize(
    "check", [checks.check_style_targets, checks.check_style_targets_can_be_reused]
)
def test_style_targets(subject, case, dtype, check):
    check(subject, case, dtype)


@pytest.mark.parametrize("case", [SMALL, WASSERSTEIN, SLICED], ids=lambda case: case.name)
def test_style_targets_are_copies(subject, case):
    checks.check_style_targets_are_copies(subject, case, "float32")
