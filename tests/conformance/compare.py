"""Holds deviations against `tolerances.TOLERANCES`, and remembers the largest of each."""

from collections import defaultdict

import numpy as np
import tolerances

LARGEST: dict[str, dict[str, float]] = defaultdict(dict)
"""Backend -> tolerance -> the largest deviation seen so far."""


def deviation(actual, expected, *, scale: float | None = None) -> float:
    """The largest |actual - expected|, divided by `scale`: the largest |expected| by default."""
    actual, expected = np.asarray(actual, np.float64), np.asarray(expected, np.float64)
    assert actual.shape == expected.shape, f"shape {actual.shape} should be {expected.shape}"
    assert np.isfinite(actual).all(), "holds NaN or infinity"
    difference = float(np.max(np.abs(actual - expected)))
    scale = float(np.max(np.abs(expected))) if scale is None else scale
    return difference if difference == 0 else difference / scale if scale else np.inf


def relative(actual: float, expected: float, *, dtype: str) -> float:
    """The relative deviation of one loss.

    A loss that is exactly zero, such as the content loss at the content picture, comes out of
    other sums as the square of the rounding error; the floor lets that pass.
    """
    floor = {"float64": 1e-15, "float32": 1e-8}[dtype]
    return deviation(actual, expected, scale=max(abs(expected), floor))


def within(subject, tolerance: str, measured: float, what: str) -> None:
    """Fail if `measured` is above the bound of `tolerance`."""
    seen = LARGEST[subject.name]
    seen[tolerance] = max(seen.get(tolerance, 0.0), measured)
    bound = tolerances.TOLERANCES[tolerance].bound
    assert measured <= bound, f"{what}: off by {measured:.3g}, allowed is {bound:g} ({tolerance})"
