"""Execution options: each combination gives the same numbers, or is refused in one line."""

from itertools import product

import numpy as np
import pytest
from conformance.cases import Case
from conformance.compare import assert_within, deviation, relative_deviation
from conformance.reference import Subject, expected

from nst_core.backend import AUTOMATIC, Execution
from nst_core.errors import BackendError

EXECUTIONS = tuple(
    Execution(conv=conv, precision=precision, checkpointing=checkpointing)
    for conv, precision, checkpointing in product(
        ("auto", "direct", "winograd"), ("auto", "float32", "tf32", "bf16"), (False, True)
    )
)


def check_execution(subject: Subject, case: Case, dtype: str, execution: Execution) -> None:
    """The results agree with the oracle, as closely as the precision allows.

    What a device does by default (``auto``), and TF32, have no bounds: they are tested as float32.
    """
    try:
        session = subject.backend.start(
            case.problem(dtype), device=subject.device, dtype=dtype, execution=execution
        )
    except BackendError as error:
        refusal = str(error)
    else:
        refusal = ""
    if "no nearest neighbours" in refusal:
        pytest.skip(refusal)
    assert not (refusal and execution == AUTOMATIC), refusal
    assert "\n" not in refusal
    if refusal or execution.precision not in {"float32", "bf16"}:
        return
    found, wanted = session.evaluate(image=case.probe_image.astype(dtype)), expected(case)
    what = f"{execution}"
    total = relative_deviation(found.losses.total, wanted.losses.total, dtype=dtype)
    if execution.precision == "bf16":
        # Rounding errors are spread over the gradient: the largest one says little.
        difference = np.linalg.norm(found.gradient - wanted.gradient)
        norm = float(difference / np.linalg.norm(wanted.gradient))
        assert_within(subject, "gradient bf16", norm, what)
        assert_within(subject, "total bf16", total, what)
        return
    assert_within(subject, f"gradient {dtype}", deviation(found.gradient, wanted.gradient), what)
    assert_within(subject, f"total {dtype}", total, what)
