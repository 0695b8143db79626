"""Regions at a tap."""

import numpy as np
import pytest

from nst_core.backend.guidance import regions_at, variation_weights, visibility_at


def halves(height, width, edge):
    guides = np.zeros((2, height, width), np.float32)
    guides[0, :, :edge] = 1
    guides[1, :, edge:] = 1
    return guides


def test_no_guides_are_one_region_where_all_pixels_count_alike():
    ((number, region),) = regions_at(None, "relu4_1").items()
    assert (number, region.area, region.density) == (0, 1.0, None)


def test_areas_and_densities_before_any_pooling():
    found = regions_at(halves(4, 8, 2), "conv1_2")
    assert [region.area for region in found.values()] == [0.25, 0.75]
    np.testing.assert_array_equal(found[0].density, np.repeat([[1 / 8] * 2 + [0] * 6], 4, axis=0))


def test_edges_become_soft_and_odd_rows_are_left_out():
    # An edge after 3 of 9 columns: the second column of relu2_1 is half in either region.
    found = regions_at(halves(5, 9, 3), "relu2_1")
    assert found[0].density.shape == (2, 4)
    assert found[0].density[0] * 3 == pytest.approx([1, 0.5, 0, 0])
    assert found[1].area == pytest.approx(2.5 / 4)
    for region in found.values():
        assert region.density.sum() == pytest.approx(1)


def test_a_region_of_which_nothing_is_left():
    assert list(regions_at(halves(5, 9, 8), "relu2_1")) == [0]
    assert list(regions_at(halves(5, 9, 8), "relu1_1")) == [0, 1]


def test_a_visibility_shrinks_as_guides_do():
    guides = halves(5, 9, 3)
    found = visibility_at(guides[0], "relu2_1")
    np.testing.assert_array_equal(found, [[1, 0.5, 0, 0]] * 2)
    assert visibility_at(None, "relu2_1") is None


def test_a_difference_is_as_visible_as_the_less_visible_pixel():
    seen = np.array([[1, 0.5, 0], [1, 1, 0]], np.float32)
    rows, columns = variation_weights(seen)
    np.testing.assert_allclose(rows, np.array([[1, 0.5, 0]]) / 1.5)
    np.testing.assert_allclose(columns, np.array([[0.5, 0], [1, 0]]) / 1.5)
    assert variation_weights(None) is None


def test_no_visible_neighbours_weigh_nothing():
    rows, columns = variation_weights(np.array([[1.0, 0.0], [1.0, 0.0]]))
    np.testing.assert_array_equal(rows, [[1, 0]])
    np.testing.assert_array_equal(columns, [[0], [0]])
