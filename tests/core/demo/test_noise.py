"""Noise, blending and palettes."""

import numpy as np
import pytest

from nst_core.demo._noise import Noise, colour, mix, smoothstep
from nst_core.demo._palette import ramp

X, Y = np.meshgrid(np.linspace(-40, 300, 211), np.linspace(-7, 280, 173))


@pytest.mark.parametrize("method", ["__call__", "fractal", "ridged"])
def test_noise_follows_its_seed(method):
    octaves = () if method == "__call__" else (4,)
    first, again, other = (getattr(Noise(seed), method)(X, Y, *octaves) for seed in (1, 1, 2))
    assert (first.shape, first.dtype) == (X.shape, np.float32)
    np.testing.assert_array_equal(first, again)
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.5


def test_one_octave_is_zero_on_the_lattice_smooth_and_without_a_mean():
    noise = Noise(3)
    columns, rows = np.meshgrid(np.arange(-20.0, 20), np.arange(-20.0, 20))
    assert np.abs(noise(columns, rows)).max() == 0
    values = noise(X, Y)
    assert abs(values.mean()) < 0.02
    assert 0.6 < np.abs(values).max() < 1.2
    near = noise(X + 1e-3, Y)
    assert np.abs(near - values).max() < 0.01
    np.testing.assert_allclose(noise(X + 256, Y), values, atol=1e-4)  # its period


def test_octaves_are_weighted_means():
    noise = Noise(3)
    np.testing.assert_array_equal(noise.fractal(X, Y, 1), noise(X, Y))
    line = np.linspace(0, 50, 5001)
    rough = [
        np.abs(np.diff(noise.fractal(line, 0.5 + 0 * line, 5, gain))).mean() for gain in (0.2, 0.8)
    ]
    assert rough[0] < rough[1]
    ridges = noise.ridged(X, Y, 3)
    assert ridges.min() >= 0
    assert ridges.max() <= 1


@pytest.mark.parametrize(("low", "high"), [(1.0, 3.0), (3.0, 1.0)])
def test_smoothstep(low, high):
    steps = smoothstep(low, high, np.array([low, (low + high) / 2, high, 10.0, -10.0]))
    end = 1.0 if high > low else 0.0
    np.testing.assert_allclose(steps, [0, 0.5, 1, end, 1 - end])
    assert smoothstep(low, high, np.array(low + 0.1 * (high - low))) == pytest.approx(0.028)


def test_mixing():
    weights = np.array([0.0, 0.25, 1.0])
    found = mix(colour(0, 0.5, 1), colour(1, 0.5, 0), weights)
    np.testing.assert_allclose(found, [[0, 0.5, 1], [0.25, 0.5, 0.75], [1, 0.5, 0]])


def test_a_ramp_passes_through_its_colours():
    colours = np.array([[0, 0, 0], [1, 0, 0.5], [1, 1, 1]])
    found = ramp(colours, np.array([-1, 0, 0.25, 0.5, 1, 2]))
    expected = [[0, 0, 0], [0, 0, 0], [0.5, 0, 0.25], [1, 0, 0.5], [1, 1, 1], [1, 1, 1]]
    np.testing.assert_allclose(found, expected)
