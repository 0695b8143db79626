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


def test_ssim_window_by_window(structure):
    """Every window of 11x11 pixels by itself; pixels are mirrored beyond the edges."""
    one, two = RNG.random((2, 12, 14))
    offsets = np.arange(-5, 6)
    window = np.exp(-(offsets[:, None] ** 2 + offsets**2) / (2 * 1.5**2))
    window /= window.sum()
    padded = [np.pad(plane, 5, mode="reflect") for plane in (one, two)]
    values = []
    for y, x in np.ndindex(12, 14):
        a, b = (plane[y : y + 11, x : x + 11] for plane in padded)
        mean_a, mean_b = (window * a).sum(), (window * b).sum()
        var_a, var_b = (window * (a - mean_a) ** 2).sum(), (window * (b - mean_b) ** 2).sum()
        both = (window * (a - mean_a) * (b - mean_b)).sum()
        light = (2 * mean_a * mean_b + 1e-4) / (mean_a**2 + mean_b**2 + 1e-4)
        values.append(light * (2 * both + 9e-4) / (var_a + var_b + 9e-4))
    grey = (np.repeat(plane[..., None], 3, axis=2) for plane in (one, two))
    assert structure.ssim(*grey) == pytest.approx(np.mean(values), rel=1e-9)
