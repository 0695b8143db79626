"""Compares deviations with `tolerances.TOLERANCES`, and records the largest of each kind."""

from collections import defaultdict

import numpy as np
import tolerances

LARGEST_DEVIATIONS: dict[str, dict[str, float]] = defaultdict(dict)
"""Name of the backend -> name of the tolerance -> the largest deviation so far."""


def deviation(actual, expected, *, scale: float | None = None) -> float:
    """Return the largest |actual - expected| over `scale`, by default the largest |expected|."""
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    assert actual.shape == expected.shape, f"shape {actual.shape} should be {expected.shape}"
    assert np.isfinite(actual).all(), "holds NaN or infinity"
    difference = float(np.max(np.abs(actual - expected)))
    scale = float(np.max(np.abs(expected))) if scale is None else scale
    return difference if difference == 0 else difference / scale if scale else np.inf


def relative_deviation(actual: float, expected: float, *, dtype: str) -> float:
    """Return the relative deviation of one loss.

    A loss that is exactly zero, such as the content loss at the content picture, may be the square
    of a rounding error if it is summed in another order. The floor allows that.
    """
    floor = {"float64": 1e-15, "float32": 1e-8}[dtype]
    return deviation(actual, expected, scale=max(abs(expected), floor))


def assert_within(subject, tolerance: str, measured: float, what: str) -> None:
    """Record `measured`, and fail if it is above the bound of `tolerance`."""
    seen = LARGEST_DEVIATIONS[subject.name]
    seen[tolerance] = max(seen.get(tolerance, 0.0), measured)
    bound = tolerances.TOLERANCES[tolerance].bound
    assert measured <= bound, f"{what}: off by {measured:.3g}, allowed is {bound:g} ({tolerance})"
