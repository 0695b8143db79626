"""The blend of styles: shares of those that have something of a region, in any arrays."""

import numpy as np
import pytest

from nst_core.backend.blending import RegionBlend

GRAM, OTHER = np.array([[1.0, 2], [2, 5]]), np.array([[3.0, 0], [0, 1]])


def test_shares_are_those_of_the_styles_that_have_the_region():
    blend = RegionBlend()
    blend.add(0, [GRAM], share=0.75)
    blend.add(0, [OTHER], share=0.25)
    blend.add(2, [OTHER], share=0.25)
    found = blend.by_region()
    assert list(found) == [0, 2]
    np.testing.assert_array_equal(found[0][0], 0.75 * GRAM + 0.25 * OTHER)
    np.testing.assert_array_equal(found[2][0], OTHER)


def test_parts_of_one_style_add_up_and_count_once():
    blend = RegionBlend()
    blend.add(1, [GRAM, OTHER], share=0.5)
    blend.add(1, [2 * GRAM, OTHER], share=0.5, counts=False)
    gram, other = blend.by_region()[1]
    np.testing.assert_array_equal(gram, 3 * GRAM)
    np.testing.assert_array_equal(other, 2 * OTHER)


def test_statistics_of_two_kinds_are_not_mixed():
    blend = RegionBlend()
    blend.add(0, [GRAM], share=0.5)
    with pytest.raises(ValueError, match="zip"):
        blend.add(0, [GRAM, OTHER], share=0.5)


def test_what_is_added_is_not_changed():
    given = GRAM.copy()
    blend = RegionBlend()
    blend.add(0, [given], share=0.5)
    blend.add(0, [given], share=0.5)
    blend.by_region()
    np.testing.assert_array_equal(given, GRAM)
