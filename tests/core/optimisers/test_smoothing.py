"""The change of variables under L-BFGS."""

import numpy as np
import pytest

from nst_core.optimisers import Smoothing

SHAPE = (15, 22, 3)  # an odd side has no Nyquist frequency


@pytest.fixture
def arrays():
    return np.random.default_rng(3).standard_normal((2, *SHAPE))


def smoothing(exponent=0.5):
    return Smoothing(height=SHAPE[0], width=SHAPE[1], exponent=exponent)


def test_is_symmetric_so_that_the_gradient_goes_through_the_same_map(arrays):
    a, b = arrays
    left, right = np.vdot(smoothing().apply(a), b), np.vdot(a, smoothing().apply(b))
    assert left == pytest.approx(right, rel=1e-12)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2e-6), ("float64", 1e-13)])
def test_can_be_undone(arrays, dtype, tolerance):
    image = arrays[0].astype(dtype)
    there = smoothing().apply(image)
    back = smoothing().undo(there)
    assert there.dtype == back.dtype == image.dtype
    np.testing.assert_allclose(back, image, atol=tolerance)


def test_keeps_the_mean_and_damps_what_is_fine_by_the_formula():
    flat = np.full(SHAPE, 0.7)
    np.testing.assert_allclose(smoothing().apply(flat), flat, atol=1e-14)
    wave = np.zeros(SHAPE)
    wave[:, :, 1] = np.cos(2 * np.pi * 6 / SHAPE[1] * np.arange(SHAPE[1]))
    expected = wave / np.sqrt(1 + 6 / SHAPE[1] / 0.1)
    np.testing.assert_allclose(smoothing().apply(wave), expected, atol=1e-14)
