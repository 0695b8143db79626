"""The backend under test with every combination of execution options."""

import pytest
from conformance.cases import BY_NAME, D2L, MATCHED, MATCHED_TAPS, SMALL
from conformance.checks_execution import EXECUTIONS, check_execution
from conformance.reference import DTYPES

from nst_core.backend import Execution

# Tiles at the edges, taps of every kind, one pixel, values outside [0, 1], real weights.
WINOGRAD_CASES = (
    D2L,
    MATCHED,
    MATCHED_TAPS,
    *(
        BY_NAME[name]
        for name in (
            "every tap, odd sizes",
            "own weight for every layer",
            "outside [0, 1]",
            "smallest: features of one pixel",
            "two by two pixels",
            "bundled weights, d2l's objective",
        )
    ),
)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "execution",
    EXECUTIONS,
    ids=lambda one: f"{one.conv}, {one.precision}{', checkpointing' * one.checkpointing}",
)
def test_agrees_or_is_refused(subject, execution, dtype):
    check_execution(subject, SMALL, dtype, execution)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", WINOGRAD_CASES, ids=lambda case: case.name, indirect=True)
def test_winograd_agrees_or_is_refused(subject, case, dtype):
    execution = Execution(conv="winograd", precision="float32")
    check_execution(subject, case, dtype, execution)


@pytest.mark.parametrize("conv", ["direct", "winograd"])
@pytest.mark.parametrize("case", WINOGRAD_CASES, ids=lambda case: case.name, indirect=True)
def test_bf16_agrees_or_is_refused(subject, case, conv):
    check_execution(subject, case, "float32", Execution(conv=conv, precision="bf16"))
