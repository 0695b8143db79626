"""Which pixels count if transparent parts are left out."""

import numpy as np
import PIL.Image
import pytest

from nst_core.errors import SpecError
from nst_core.images import DecodedPicture
from nst_core.problem import visibility

PICTURE = PIL.Image.new("RGB", (8, 4))


def alpha(*values):
    """An alpha (4, 8) whose columns have these values."""
    return PIL.Image.fromarray(np.tile(np.array(values, np.uint8), (4, 1)))


HALF = alpha(0, 0, 0, 0, 255, 255, 255, 255)


def test_only_a_transparent_picture_has_an_alpha_that_counts_and_only_if_left_out():
    picture = DecodedPicture(picture=PICTURE, alpha=HALF, straight=PICTURE)
    assert visibility.counting_alpha(picture, alpha="leave-out") is HALF
    assert visibility.counting_alpha(picture, alpha="over-white") is None
    assert visibility.counting_alpha(DecodedPicture(picture=PICTURE), alpha="leave-out") is None
    opaque = DecodedPicture(picture=PICTURE, alpha=alpha(*[255] * 8), straight=PICTURE)
    assert visibility.counting_alpha(opaque, alpha="leave-out") is None


def test_the_alpha_is_resized_like_a_picture():
    found = visibility.visible(alpha(0, 0, 51, 51, 255, 255, 255, 255), size=(2, 4))
    assert found.dtype == np.float32
    # Bilinear over four pixels, with weights 1, 3, 3, 1 of 8.
    steps = np.rint([51 / 8, (3 * 51 + 51 * 3 + 255) / 8, (51 + 7 * 255) / 8, 255]) / 255
    np.testing.assert_allclose(found, np.tile(steps, (2, 1)), atol=1 / 255)
    assert visibility.visible(None, size=(2, 4)) is None


def test_a_picture_without_anything_visible_is_refused():
    visibility.check_alpha(HALF, "content")
    visibility.check_alpha(None, "content")
    with pytest.raises(SpecError, match="all of the style 2 is transparent, and alpha = "):
        visibility.check_alpha(alpha(*[0] * 8), "style 2")


def test_something_has_to_be_left_at_the_deepest_tap():
    # Of nine columns the last belongs to no 2x2 window.
    seen = np.zeros((4, 9), np.float32)
    seen[:, 8] = 1
    visibility.check_visible(seen, "content", tap="relu1_2")
    with pytest.raises(SpecError, match="nothing of it is left at relu2_1 at size 4x9: "):
        visibility.check_visible(seen, "content", tap="relu2_1")
    visibility.check_visible(None, "content", tap="relu2_1")
