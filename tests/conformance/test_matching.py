"""Nearest neighbours of the backend under test, beyond the values at one image."""

from dataclasses import replace

import pytest
from conformance import checks_matching as checks
from conformance.cases import (
    MATCHED,
    MATCHED_MIXTURE,
    MATCHED_REGIONS,
    MATCHED_TAPS,
    SMALL,
)
from conformance.reference import DTYPES

ALL = (MATCHED, MATCHED_TAPS, MATCHED_MIXTURE, MATCHED_REGIONS)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_renewal(subject, case, dtype):
    checks.check_renewal(subject, case, dtype)


@pytest.mark.parametrize("case", [MATCHED, MATCHED_TAPS], ids=lambda case: case.name)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "check", [checks.check_query_is_copied, checks.check_ties, checks.check_flat_pictures]
)
def test_contract(subject, case, dtype, check):
    check(subject, case, dtype)


def test_needs_a_query(subject):
    checks.check_needs_a_query(subject, MATCHED, SMALL)


@pytest.mark.parametrize("case", [MATCHED, MATCHED_TAPS], ids=lambda case: case.name)
def test_thirty_steps(subject, case):
    small = replace(
        case, name=f"{case.name}, small", size=(13, 17), style_size=(11, 19), content={},
        neighbours={"relu1_1": 1.0, "relu1_2": 0.5, "conv2_1": 2.0},
    )  # fmt: skip
    checks.check_history(subject, small)
