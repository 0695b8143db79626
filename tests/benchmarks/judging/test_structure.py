"""Structural similarity and edges: known cases, and one window written out."""

import numpy as np
import pytest

RNG = np.random.default_rng(0)
FIRST, SECOND = RNG.random((2, 30, 40, 3))


@pytest.fixture
def structure(modules):
    from judging import structure

    return structure


def test_equal_and_opposite_pictures(structure):
    assert structure.ssim(FIRST, FIRST) == pytest.approx(1)
    assert structure.edge_agreement(FIRST, FIRST) == pytest.approx(1)
    assert structure.ssim(FIRST, 1 - FIRST) < -0.5
    assert structure.edge_agreement(FIRST, 1 - FIRST) == pytest.approx(1), "edges have no sign"
    assert abs(structure.edge_agreement(FIRST, SECOND)) < 0.3
    assert structure.edge_agreement(FIRST, np.ones_like(FIRST)) == 0


def test_a_window_of_ssim(structure):
    """A picture of 11x11 that repeats: every window sees all of it, in other weights."""
    tile, other = RNG.random((2, 11, 11))
    one, two = (np.tile(x, (3, 3))[..., None] * np.ones(3) for x in (tile, other))
    offsets = np.arange(-5, 6)
    window = np.exp(-(offsets[:, None] ** 2 + offsets**2) / 4.5)
    window /= window.sum()
    values = []
    for y, x in np.ndindex(11, 11):
        a, b = (np.roll(t, (5 - y, 5 - x), (0, 1)) for t in (tile, other))
        mean_a, mean_b = (window * a).sum(), (window * b).sum()
        var_a, var_b = (window * a * a).sum() - mean_a**2, (window * b * b).sum() - mean_b**2
        both = (window * a * b).sum() - mean_a * mean_b
        values.append(
            (2 * mean_a * mean_b + 1e-4) * (2 * both + 9e-4)
            / (mean_a**2 + mean_b**2 + 1e-4) / (var_a + var_b + 9e-4)
        )  # fmt: skip
    # Only the middle tile is free of the edges.
    found = structure.ssim(np.tile(one, (3, 3, 1)), np.tile(two, (3, 3, 1)))
    assert found == pytest.approx(np.mean(values), abs=0.03)
