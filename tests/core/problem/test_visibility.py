"""Which pixels count if transparent parts are left out."""

import numpy as np
import PIL.Image
import pytest

from nst_core.backend.footprint import StageSize
from nst_core.errors import SpecError
from nst_core.images import DecodedPicture
from nst_core.problem import visibility
from nst_core.problem.styles import StylePicture

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


def styles(*alphas, weight=1.0):
    return [StylePicture(PICTURE, weight, None, one) for one in alphas]


def test_a_picture_without_anything_visible_is_refused():
    nothing = alpha(*[0] * 8)
    visibility.check_alphas(HALF, styles(HALF, None))
    visibility.check_alphas(None, styles(nothing, weight=0.0))
    for given, what in (
        ((nothing, styles(None)), "content"),
        ((None, styles(nothing)), "style"),
        ((None, styles(HALF, nothing)), "style 2"),
    ):
        with pytest.raises(SpecError, match=f"all of the {what} is transparent, and alpha = "):
            visibility.check_alphas(*given)


def test_something_has_to_be_left_at_the_deepest_tap():
    # Of nine columns the last belongs to no 2x2 window.
    edge, size = alpha(*[0] * 8, 255), StageSize((4, 9), ((4, 9),))

    def check(own, other, *taps, style_taps):
        visibility.check_visible(size, own, styles(other), taps=taps, style_taps=style_taps)

    check(None, edge, "relu1_2", "conv1_1", style_taps=["conv1_1"])
    check(None, edge, "relu2_1", style_taps=[])
    check(edge, None, "relu1_2", style_taps=[])
    match = "nothing of it is left at relu2_1 at size 4x9: "
    for own, other, taps, style_taps in (
        (edge, None, ["relu2_1"], []),
        (edge, None, ["relu1_1", "relu2_1"], ["relu2_1"]),
        (None, edge, ["relu1_1", "relu2_1"], ["relu1_1", "relu2_1"]),
    ):
        with pytest.raises(SpecError, match=match):
            check(own, other, *taps, style_taps=style_taps)
