"""Features, losses and gradients at one image."""

import numpy as np
import oracle
from conformance.cases import Case
from conformance.compare import assert_within, deviation, relative_deviation
from conformance.reference import Subject, expected, observed, slopes

from nst_core.backend import Losses


def check_features(subject: Subject, case: Case, dtype: str) -> None:
    features, _ = observed(subject, case, dtype)
    wanted = expected(case).features
    assert set(features) == set(wanted)
    for tap, value in wanted.items():
        assert_within(subject, f"features {dtype}", deviation(features[tap], value), tap)


def check_content(subject: Subject, case: Case, dtype: str) -> None:
    _, evaluation = observed(subject, case, dtype)
    wanted = expected(case).losses.content
    compare_terms(subject, "content", evaluation.losses.content, wanted, dtype)


def check_style(subject: Subject, case: Case, dtype: str) -> None:
    _, evaluation = observed(subject, case, dtype)
    wanted = expected(case).losses.style
    compare_terms(subject, f"{_kind(case, dtype)}style", evaluation.losses.style, wanted, dtype)


def check_total_variation(subject: Subject, case: Case, dtype: str) -> None:
    _, evaluation = observed(subject, case, dtype)
    wanted = expected(case).losses.total_variation
    measured = relative_deviation(evaluation.losses.total_variation, wanted, dtype=dtype)
    assert_within(subject, f"total variation {dtype}", measured, "total variation")


def check_total(subject: Subject, case: Case, dtype: str) -> None:
    _, evaluation = observed(subject, case, dtype)
    measured = relative_deviation(evaluation.losses.total, expected(case).losses.total, dtype=dtype)
    assert_within(subject, f"{_kind(case, dtype)}total {dtype}", measured, "total")


def check_gradient(subject: Subject, case: Case, dtype: str) -> None:
    _, evaluation = observed(subject, case, dtype)
    measured = deviation(evaluation.gradient, expected(case).gradient)
    assert_within(subject, f"{_kind(case, dtype)}gradient {dtype}", measured, "gradient")


def check_slopes(subject: Subject, case: Case) -> None:
    """The gradient agrees with finite differences of the oracle's losses."""
    _, evaluation = observed(subject, case, "float64")
    # A random direction's slope is about the gradient's norm.
    scale = float(np.linalg.norm(expected(case).gradient))
    for direction, slope in slopes(case):
        measured = deviation(np.sum(direction * evaluation.gradient), slope, scale=scale)
        assert_within(subject, "slope float64", measured, "slope along a random direction")


def _kind(case: Case, dtype: str) -> str:
    # The distance takes roots of matrices whose eigenvalues range over twelve powers of ten.
    roots = case.style_statistics == "wasserstein" and dtype == "float64"
    return "Wasserstein " if roots else ""


def compare_terms(subject: Subject, name: str, actual, wanted, dtype: str) -> None:
    """Compare weighted losses by tap with the oracle's."""
    assert set(actual) == set(wanted)
    for tap, loss in wanted.items():
        assert_within(
            subject,
            f"{name} {dtype}",
            relative_deviation(actual[tap], loss, dtype=dtype),
            f"{name} {tap}",
        )


def compare_losses(
    subject: Subject, actual: Losses, wanted: oracle.Losses, dtype: str, *, prefix: str = ""
) -> None:
    """Compare all losses with the oracle's, by the tolerances whose names begin with `prefix`."""
    compare_terms(subject, f"{prefix}content", actual.content, wanted.content, dtype)
    compare_terms(subject, f"{prefix}style", actual.style, wanted.style, dtype)
    for name, loss, value in (
        ("total variation", actual.total_variation, wanted.total_variation),
        ("total", actual.total, wanted.total),
    ):
        assert_within(
            subject, f"{prefix}{name} {dtype}", relative_deviation(loss, value, dtype=dtype), name
        )
