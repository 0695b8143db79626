"""Every backend in every way to compute that it has."""

import pytest
from conformance.cases import SMALL
from conformance.checks_execution import EXECUTIONS, check_execution
from conformance.reference import DTYPES


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "execution",
    EXECUTIONS,
    ids=lambda one: f"{one.conv}, {one.precision}{', checkpointing' * one.checkpointing}",
)
def test_agrees_or_is_refused(subject, execution, dtype):
    check_execution(subject, SMALL, dtype, execution)
