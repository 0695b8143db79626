"""The content in the colours of the styles: whole, in shares, by regions, and without bands."""

import numpy as np
import PIL.Image
import pytest

from nst_core.problem.masks import Mask
from nst_core.problem.recoloured_content import recoloured_content
from nst_core.problem.styles import StylePicture


def picture(low, high, seed=0, size=(90, 80)):
    """A blocky picture whose channels are evenly distributed from `low` to `high`."""
    generator = np.random.default_rng(seed)
    blocks = generator.random((size[0] // 10, size[1] // 10, 3)) * (high - np.array(low)) + low
    return np.kron(blocks, np.ones((10, 10, 1))).astype(np.float32)


def style(image, weight=1.0, mask=None):
    return StylePicture(PIL.Image.fromarray((image * 255).astype(np.uint8)), weight, mask)


CONTENT = picture((0, 0, 0), (0.4, 0.9, 0.5))
WARM, COLD = style(picture((0.6, 0.2, 0), (1, 0.5, 0.2), 1)), style(picture((0, 0, 0.5), 0.3, 2))


def recoloured(content, *styles, mask=None, seed=0):
    return recoloured_content(content, styles, mask=mask, seed=seed)


def test_colours_are_the_styles_and_structure_the_contents():
    found = recoloured(CONTENT, WARM)
    wanted = np.asarray(WARM.picture) / 255
    assert (found.dtype, found.shape) == (np.float32, CONTENT.shape)
    assert np.abs(found.mean((0, 1)) - wanted.mean((0, 1))).max() < 0.02
    assert np.abs(found.std((0, 1)) - wanted.std((0, 1))).max() < 0.03
    # The brightest of the content's blocks are the brightest of the result.
    assert np.corrcoef(found.mean(2).ravel(), CONTENT.mean(2).ravel())[0, 1] > 0.65


def test_styles_count_by_their_weights():
    blues = [
        recoloured(CONTENT, WARM._replace(weight=weight), COLD)[..., 2].mean()
        for weight in (0.0, 1.0, 1e9)
    ]
    cold, warm = (np.asarray(one.picture)[..., 2].mean() / 255 for one in (COLD, WARM))
    assert blues == pytest.approx([cold, (cold + warm) / 2, warm], abs=0.02)


def test_each_region_has_the_colours_of_its_own_style():
    mask = PIL.Image.new("L", (80, 90))
    mask.paste(255, (40, 0, 80, 90))
    found = recoloured(CONTENT, WARM, COLD, mask=Mask(mask, "content mask"))
    for side, one in ((found[:, :40], WARM), (found[:, 40:], COLD)):
        wanted = np.asarray(one.picture).mean((0, 1)) / 255
        assert np.abs(side.mean((0, 1)) - wanted).max() < 0.03
    # Regions of one style: its upper and its lower half.
    image = np.concatenate([np.asarray(WARM.picture), np.asarray(COLD.picture)]) / np.float32(255)
    own = PIL.Image.new("L", (80, 180))
    own.paste(255, (0, 90, 80, 180))
    halves = style(image, mask=Mask(own, "style mask"))
    again = recoloured(CONTENT, halves, mask=Mask(mask, "content mask"))
    assert np.abs(again - found).mean() < 0.02


def test_a_sky_gets_neither_bands_nor_noise():
    """8-bit gradients with grain, where few levels of the content take all of the style's."""
    ramp = np.linspace(0.55, 0.65, 320)[None, :, None] * [0.8, 0.9, 1.0] * np.ones((200, 1, 1))
    grain = np.random.default_rng(0).normal(0, 0.004, (200, 320, 1))
    sky = (np.rint((ramp + grain) * 255) / 255).astype(np.float32)
    found = recoloured(sky, WARM)
    assert np.ptp(found.mean((0, 2))) > 0.12, "it is recoloured: the ramp spans more"
    rough = np.abs(np.diff(found.astype(float), axis=0)).mean() / np.ptp(found.mean((0, 2)))
    was = np.abs(np.diff(sky.astype(float), axis=0)).mean() / np.ptp(sky.mean((0, 2)))
    assert rough < was, "grain grows less than the ramp"


def test_a_large_picture_has_the_colours_of_a_small_one():
    large = CONTENT.repeat(5, axis=0).repeat(5, axis=1)
    small = np.asarray(recoloured(CONTENT, WARM))
    found = recoloured(large, WARM)[2::5, 2::5]
    assert np.abs(found - small).mean() < 0.04


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (3, 2)])
def test_tiny_and_flat_pictures(size):
    flat = np.full((*size, 3), 0.3, np.float32)
    found = recoloured(flat, WARM)
    wanted = np.asarray(WARM.picture).mean((0, 1)) / 255
    assert np.abs(found - wanted).max() < 0.01
    grey = style(np.full((4, 4, 3), 0.5, np.float32))
    np.testing.assert_allclose(recoloured(CONTENT, grey), 127 / 255, atol=0.03)
