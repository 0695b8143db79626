"""OKLab, against the values that its author published, and its gamut."""

import numpy as np
import pytest

from nst_core.images.oklab import from_oklab, to_oklab
from nst_core.images.srgb_curve import srgb_to_linear

COLOURS = np.random.default_rng(0).random((500, 3))


@pytest.mark.parametrize(
    ("colour", "lab"),
    [
        ([1, 1, 1], [1, 0, 0]),
        ([0, 0, 0], [0, 0, 0]),
        ([1, 0, 0], [0.62796, 0.22486, 0.12585]),
        ([0, 1, 0], [0.86644, -0.23389, 0.17950]),
        ([0, 0, 1], [0.45201, -0.03246, -0.31153]),
    ],
)
def test_the_corners_of_srgb(colour, lab):
    np.testing.assert_allclose(to_oklab(np.array(colour, float)), lab, atol=2e-5)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-9), (np.float32, 2e-5)])
def test_there_and_back(dtype, tolerance):
    lab = to_oklab(COLOURS.astype(dtype))
    found = from_oklab(lab)
    assert (lab.dtype, found.dtype) == (dtype, dtype)
    np.testing.assert_allclose(found, COLOURS, atol=tolerance)


def test_a_colour_outside_srgb_keeps_lightness_and_hue():
    lab = to_oklab(COLOURS) * [1, 3, 3]
    before = lab.copy()
    found = from_oklab(lab)
    np.testing.assert_array_equal(lab, before)
    assert (found.min(), found.max()) >= (0, 0)
    assert found.max() <= 1
    again = to_oklab(found)
    np.testing.assert_allclose(again[:, 0], lab[:, 0], atol=1e-4)
    across = again[:, 1] * lab[:, 2] - again[:, 2] * lab[:, 1]
    np.testing.assert_allclose(across, 0, atol=1e-4)
    assert ((again[:, 1:] * lab[:, 1:]).sum(1) >= 0).all()
    # What is outside comes to the surface of the gamut, and not further.
    linear = srgb_to_linear(found)
    moved = np.linalg.norm(again - lab, axis=1) > 1e-3
    assert moved.mean() > 0.5
    assert np.abs(np.abs(linear[moved] - 0.5).max(axis=1) - 0.5).max() < 1e-2


def test_values_that_are_no_colours_are_clipped():
    too_light_and_too_dark = np.array([[1.4, 0.0, 0.0], [-0.3, 0.1, 0.1]])
    np.testing.assert_allclose(from_oklab(too_light_and_too_dark), [[1] * 3, [0] * 3], atol=1e-4)
    np.testing.assert_allclose(to_oklab(np.array([2.0, 2.0, 2.0])), [1, 0, 0], atol=1e-6)
