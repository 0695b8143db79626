"""Whose colours a picture has: pictures before the run, images for observers, and the result."""

import colour_samples
import numpy as np
import PIL.Image
import pytest
from fakes import FakeBackend, tiny_weights

import nst_core as nst
from nst_core import images
from nst_core.images import colour_transfer
from nst_core.run import recolouring
from nst_core.system import toml

OVERRIDES = {"stages": [{"size": "32x48", "steps": 2}], "colours": "content"}


@pytest.fixture
def content():
    return colour_samples.content()


@pytest.fixture
def style():
    return colour_samples.style()


def test_pictures_are_prepared(content, style):
    one, other = images.from_array(content), images.from_array(style)
    assert recolouring.prepared_colours("style", content=one, styles=[other]) == (one, (other,))
    same, (moved,) = recolouring.prepared_colours("match", content=one, styles=[other])
    assert same is one
    values = np.asarray(moved) / 255
    np.testing.assert_allclose(values.mean((0, 1)), content.mean((0, 1)), atol=0.01)
    grey, (shade, shade_again) = recolouring.prepared_colours(
        "content", content=one, styles=[other, other]
    )
    assert shade == shade_again
    for picture in (grey, shade):
        channels = np.asarray(picture)
        assert (channels[:, :, 0] == channels[:, :, 2]).all()
    assert np.asarray(shade).mean() == pytest.approx(np.asarray(grey).mean(), abs=1)
    assert np.asarray(shade).std() == pytest.approx(np.asarray(grey).std(), rel=0.05)


class Watch(nst.Observer):
    def __init__(self):
        self.calls, self.images = [], []

    def started(self, plan):
        self.calls.append("started")

    def stepped(self, step):
        self.calls.append((step.step, step.losses.total, step.seconds >= 0))
        self.images.append(step.image)

    def closed(self):
        self.calls.append("closed")


def ran(backend, content, style, **overrides):
    watch = Watch()
    result = nst.transfer(
        content, style, backend=backend, weights=tiny_weights(), observers=[watch],
        overrides={**OVERRIDES, **overrides}, preset="d2l"
    )  # fmt: skip
    return result, watch


def test_a_run_in_the_contents_colours(content, style):
    backend = FakeBackend()
    result, watch = ran(backend, content, style)
    problem = backend.problems[0]
    for image in (problem.content, problem.styles[0].image, problem.start):
        np.testing.assert_array_equal(image[:, :, 0], image[:, :, 1])
    # The fake session adds the learning rates to what it started from.
    painted = problem.start + np.float32(0.6)
    np.testing.assert_allclose(
        result.image, colour_transfer.recoloured(painted, content), atol=5e-3
    )
    assert np.ptp(result.image, axis=2).max() > 0.1, "in colour"
    np.testing.assert_array_equal(watch.images[-1], result.image)
    assert watch.calls == ["started", (1, 11.75, True), (2, 22.75, True), "closed"]
    assert 'colours = "content"' in result.plan.recipe


def test_a_second_stage_starts_from_what_was_painted(content, style):
    backend = FakeBackend()
    ran(backend, content, style, stages=[{"size": "32x48", "steps": 1}] * 2)
    first, second = backend.problems
    np.testing.assert_allclose(second.start, first.start + np.float32(0.3), atol=1e-6)


def test_an_interrupted_run_is_in_the_contents_colours_too(content, style):
    with pytest.raises(nst.Interrupted) as interruption:
        ran(FakeBackend(stop_at=2), content, style)
    assert np.ptp(interruption.value.result.image, axis=2).max() > 0.1


def test_a_run_with_matched_colours(content, style):
    backend = FakeBackend()
    ran(backend, content, [style, content], colours="match")
    first, second = (source.image for source in backend.problems[0].styles)
    for image in (first, second):  # each by itself
        np.testing.assert_allclose(image.mean((0, 1)), content.mean((0, 1)), atol=0.02)
    np.testing.assert_allclose(backend.problems[0].content, content, atol=3e-3)


def test_a_pillow_picture_of_another_mode(style):
    grey = PIL.Image.new("L", (48, 32), 90)
    result, _ = ran(FakeBackend(), grey, style)
    np.testing.assert_allclose(np.ptp(result.image, axis=2), 0, atol=1e-6)


def test_an_image_gets_the_colours_of_the_content_at_its_own_size(content):
    picture = images.from_array(content)
    image = np.full((16, 24, 3), 0.5, np.float32)
    found = recolouring.in_colours_of(picture, image)
    assert found.shape == image.shape
    expected = colour_transfer.recoloured(
        image, images.resize_picture(picture, height=16, width=24)
    )
    np.testing.assert_array_equal(found, expected)


def grey_pair(noise=0, cast=0):
    """A grey content and a grey style, with chroma noise of up to ``noise`` levels, and a cast."""
    rng = np.random.default_rng(3)
    shades = rng.integers(20, 230, (2, 32, 48, 1))
    channels = shades + rng.integers(0, noise + 1, (2, 32, 48, 3)) + [cast, 0, 0]
    return channels.astype(np.uint8)


@pytest.mark.parametrize("noise", [0, 8])
def test_the_result_of_grey_pictures_is_grey(noise):
    first, second = grey_pair(noise)
    backend = FakeBackend()
    result, watch = ran(backend, first, [second, second], colours=None)
    for image in (result.image, watch.images[0]):
        np.testing.assert_array_equal(image[:, :, 0], image[:, :, 2])
    assert result.plan.warnings == (recolouring.BECAUSE_GREY,)
    assert "colours" not in toml.loads(result.plan.recipe, origin="recipe")
    if not noise:
        np.testing.assert_array_equal(
            backend.problems[0].content, images.resize_picture(
                PIL.Image.fromarray(first), height=32, width=48
            )
        )  # fmt: skip
    with pytest.raises(nst.Interrupted) as interruption:
        ran(FakeBackend(stop_at=2), first, second, colours=None)
    assert np.ptp(interruption.value.result.image, axis=2).max() == 0


def test_the_styles_colours_may_be_asked_for():
    first, second = grey_pair(8)
    result, _ = ran(FakeBackend(), first, second, colours="style")
    assert np.ptp(result.image, axis=2).max() > 0
    assert result.plan.warnings == ()
    assert 'colours = "style"' in result.plan.recipe


@pytest.mark.parametrize("kind", ["content", "style", "cast", "dot"])
def test_pictures_with_a_colour_keep_their_colours(content, kind):
    first, second = grey_pair(4, cast=3 if kind == "cast" else 0)
    if kind == "dot":
        first[5, 5] = (200, 190, 190)
    pair = (content, second) if kind == "content" else (first, content)
    pair = pair if kind in ("content", "style") else (first, second)
    default, _ = ran(FakeBackend(), *pair, colours=None)
    chosen, _ = ran(FakeBackend(), *pair, colours="style")
    np.testing.assert_array_equal(default.image, chosen.image)
    assert default.plan.warnings == ()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16", "I", "F", "P", "RGB"])
def test_grey_in_every_mode(mode):
    grey = PIL.Image.fromarray(grey_pair()[0][:, :, 0])
    picture = (
        PIL.Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
        if mode == "I;16"
        else grey.convert(mode)
    )
    assert recolouring.is_grey(picture)
