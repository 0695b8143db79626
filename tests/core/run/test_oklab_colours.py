"""``--colors oklab`` over several styles, with regions, and in a run."""

import colour_samples
import numpy as np
import PIL.Image
import pytest
from fakes import FakeBackend, tiny_weights

import nst_core as nst
from nst_core import images
from nst_core.images.oklab import from_oklab, to_oklab
from nst_core.problem.masks import Mask
from nst_core.problem.styles import StylePicture
from nst_core.run.oklab_colours import OklabColours

CONTENT = images.from_array(colour_samples.content())
RNG = np.random.default_rng(0)
PAINTED = RNG.random((32, 48, 3)).astype(np.float32)


def style(a, b, weight=1.0, mask=None):
    """A style with colours about (a, b), and all of the lightness from 0.1 to 0.9."""
    lab = RNG.normal((0, a, b), 0.02, (40, 40, 3))
    lab[..., 0] = RNG.uniform(0.1, 0.9, (40, 40))
    return StylePicture(images.from_array(from_oklab(lab)), weight, mask)


RED, BLUE = style(0.12, 0.06), style(-0.02, -0.12)


def means(image):
    return to_oklab(image.astype(float)).mean((0, 1))


def test_lightness_stays_and_colours_are_the_styles():
    found = OklabColours(CONTENT, [RED], None)(PAINTED)
    assert (found.dtype, found.min() >= 0, found.max() <= 1) == (np.float32, True, True)
    lightness = to_oklab(PAINTED)[..., 0].clip(0.1, 0.9)
    np.testing.assert_allclose(to_oklab(found)[..., 0], lightness, atol=0.01)
    wanted = to_oklab(np.asarray(RED.picture) / 255).mean((0, 1))
    np.testing.assert_allclose(means(found)[1:], wanted[1:], atol=0.02)


def test_an_image_of_any_size():
    assert OklabColours(CONTENT, [RED], None)(PAINTED[:16, :24]).shape == (16, 24, 3)


def test_styles_count_by_their_weights():
    found = [
        means(OklabColours(CONTENT, [RED._replace(weight=weight), BLUE], None)(PAINTED))[2]
        for weight in (0.0, 1.0, 1e9)
    ]
    assert found[0] < -0.06
    assert found[2] > 0.03
    assert found[0] < found[1] < found[2]


def test_each_region_has_its_own_style():
    picture = PIL.Image.new("L", (48, 32))
    picture.paste(255, (24, 0, 48, 32))
    found = OklabColours(CONTENT, [RED, BLUE], Mask(picture, "content mask"))(PAINTED)
    assert means(found[:, :24])[2] > 0.03
    assert means(found[:, 24:])[2] < -0.06


def test_transparent_parts_do_not_count():
    alpha = PIL.Image.new("L", (48, 32))
    alpha.paste(255, (0, 0, 24, 32))
    spoiled = CONTENT.copy()
    spoiled.paste((255, 0, 0), (25, 0, 48, 32))
    first, second, other = (
        OklabColours(content, [RED], None, alpha=by)(PAINTED)[:, :16]
        for content, by in ((CONTENT, alpha), (spoiled, alpha), (spoiled, None))
    )
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - other).max() > 0.02
    nothing = OklabColours(CONTENT, [RED], None, alpha=PIL.Image.new("L", (48, 32)))(PAINTED)
    np.testing.assert_allclose(nothing, PAINTED, atol=1e-4)


def test_a_run_shows_and_returns_these_colours():
    backend = FakeBackend()
    seen = []

    class Watch(nst.Observer):
        def stepped(self, step):
            seen.append(step.image)

    overrides = {"stages": [{"size": "32x48", "steps": 2}], "colours": "oklab"}
    result = nst.transfer(
        CONTENT, [RED.picture, BLUE.picture], style_blend=[3, 1], backend=backend,
        weights=tiny_weights(), observers=[Watch()], overrides=overrides, preset="d2l"
    )  # fmt: skip
    problem = backend.problems[0]
    np.testing.assert_array_equal(problem.content, colour_values(CONTENT))
    styles = [RED._replace(weight=3.0), BLUE]
    painted = problem.start + np.float32(0.6)  # what the fake session paints
    np.testing.assert_allclose(
        result.image, OklabColours(CONTENT, styles, None)(painted), atol=1e-6
    )
    np.testing.assert_array_equal(seen[-1], result.image)
    assert 'colours = "oklab"' in result.plan.recipe
    with pytest.raises(nst.Interrupted) as interruption:
        nst.transfer(
            CONTENT, RED.picture, backend=FakeBackend(stop_at=2), weights=tiny_weights(),
            overrides=overrides, preset="d2l",
        )  # fmt: skip
    assert means(interruption.value.result.image)[1] > 0.05


def colour_values(picture):
    return images.resize_picture(picture, height=picture.height, width=picture.width)
