"""The image that the first stage starts from."""

import numpy as np
import PIL.Image
import pytest
from fakes import FakeBackend, tiny_weights

import nst_core as nst
from nst_core.errors import PictureError
from nst_core.problem.initial_image import first_image, noise, read_start_picture, style_colours
from nst_core.problem.recoloured_content import recoloured_content
from nst_core.problem.styles import StylePicture
from nst_core.spec import Start, merging

WEIGHTS = tiny_weights()
GREY = np.full((64, 96, 3), 128, np.uint8)
TALL = PIL.Image.new("RGB", (50, 100), (255, 0, 0))
CONTENT = np.random.default_rng(0).random((6, 8, 3), np.float32)
STAGES = [{"size": "16x24", "steps": 3}, {"size": "32x48", "steps": 4}]


def run(backend, **options):
    nst.transfer(
        GREY, GREY, backend=backend, weights=WEIGHTS, device="cpu", preset="d2l", **options
    )


def problems(style, overrides=None, **options):
    backend = FakeBackend()
    stages = [{"size": size, "steps": 1} for size in ("16", "48")]
    table = {"stages": stages, "style": {"layers": ["relu1_1"]}, "content": {"layers": ["relu1_1"]}}
    nst.transfer(
        GREY, style, backend=backend, weights=WEIGHTS, device="cpu", preset="d2l",
        overrides=merging.merged(table, overrides or {}), **options,
    )  # fmt: skip
    return backend.problems, None


def first(picture=None, styles=(), **start):
    return first_image(Start(**start), picture=picture, content=CONTENT, styles=styles)


def test_the_content_is_the_default():
    np.testing.assert_array_equal(first(), CONTENT)


def test_noise_takes_nothing_of_the_content():
    np.testing.assert_array_equal(first(image="noise", seed=3), noise(height=6, width=8, seed=3))
    np.testing.assert_array_equal(
        first(image="noise", seed=3, noise=0.5), noise(height=6, width=8, seed=3)
    )


def test_every_start_has_the_contents_shape_and_is_float32():
    styles = [StylePicture(TALL, 1.0)]
    words = [{"image": word} for word in ("noise", "style-colours", "content-recoloured")]
    for start in ({}, *words, {"noise": 0.5}):
        image = first(styles=styles, **start)
        assert (image.shape, image.dtype) == (CONTENT.shape, np.float32)
    assert first(picture=TALL, image="tall.png").shape == CONTENT.shape


def test_noise_on_top_of_the_styles_colours_is_of_another_seed():
    colours = PIL.Image.fromarray(np.random.default_rng(1).integers(0, 256, (9, 9, 3), np.uint8))
    styles = [StylePicture(colours, 1.0)]
    plain = first(styles=styles, image="style-colours", seed=5)
    np.testing.assert_array_equal(plain, style_colours(styles, height=6, width=8, seed=6))
    mixed = first(styles=styles, image="style-colours", seed=5, noise=0.25)
    expected = 0.75 * plain + 0.25 * noise(height=6, width=8, seed=5)
    np.testing.assert_allclose(mixed, expected, rtol=1e-5)


def test_only_a_path_is_read(tmp_path):
    for kind in ("content", "content-recoloured", "noise", "style-colours"):
        assert read_start_picture(Start(image=kind), max_pixels=1) is None
    TALL.save(tmp_path / "a.png")
    start = Start(image=str(tmp_path / "a.png"))
    assert read_start_picture(start, max_pixels=5000).picture.size == (50, 100)
    with pytest.raises(PictureError):
        read_start_picture(start, max_pixels=4999)
    with pytest.raises(PictureError, match=r"none\.png"):
        read_start_picture(Start(image=str(tmp_path / "none.png")), max_pixels=1)


def test_noise_is_seeded_normal_and_the_same_everywhere():
    first, again, other = (FakeBackend() for _ in range(3))
    stages = [{"size": "64x96", "steps": 1}]
    for backend, seed in ((first, 1), (again, 1), (other, 2)):
        run(backend, overrides={"stages": stages, "start": {"image": "noise", "seed": seed}})
    start = first.problems[0].start
    np.testing.assert_array_equal(start, again.problems[0].start)
    assert not np.array_equal(start, other.problems[0].start)
    normalised = (start - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    assert normalised.mean(axis=(0, 1)) == pytest.approx(0, abs=0.03)
    assert normalised.std(axis=(0, 1)) == pytest.approx(1, abs=0.03)
    # A number of PCG64's own: another generator, order or scale would change it.
    assert normalised[0, 0, 0] == pytest.approx(
        np.random.Generator(np.random.PCG64(1)).standard_normal(), abs=1e-5
    )


def test_a_picture_to_start_from(tmp_path):
    path = tmp_path / "start.png"
    PIL.Image.new("RGB", (7, 9), (255, 0, 51)).save(path)
    backend = FakeBackend()
    run(backend, overrides={"stages": STAGES, "start": {"image": str(path)}})
    np.testing.assert_allclose(backend.problems[0].start[3, 5], [1, 0, 0.2], atol=1e-6)
    assert backend.problems[0].start.shape == (16, 24, 3)


def test_a_start_in_the_styles_colours():
    rng = np.random.default_rng(0)
    spread = np.array([[40, 30, 0], [0, 20, 5], [0, 0, 10]])
    noisy = (128 + rng.standard_normal((60, 60, 3)) @ spread).clip(0, 255).astype(np.uint8)
    start = {"start": {"image": "style-colours"}}
    (first, _), _ = problems([noisy, GREY], start, style_blend=[1, 0])
    found, wanted = (one.reshape(-1, 3) for one in (first.start, noisy / 255))
    assert first.start.shape == first.content.shape
    # Of 16 x 10 pixels.
    assert found.mean(axis=0) == pytest.approx(wanted.mean(axis=0), abs=0.04)
    assert np.cov(found.T) == pytest.approx(np.cov(wanted.T), abs=0.01)
    assert np.corrcoef(found.T)[0, 1] == pytest.approx(np.corrcoef(wanted.T)[0, 1], abs=0.1)
    # One colour has no spread; half of each style has the distance between them.
    (first, _), _ = problems([TALL], start)
    assert first.start == pytest.approx(np.broadcast_to([1, 0, 0], first.start.shape), abs=1e-6)
    (first, _), _ = problems([TALL, PIL.Image.new("RGB", (9, 9))], start)
    assert first.start[..., 0].std() == pytest.approx(0.5, abs=0.06)
    assert first.start[..., 1:] == pytest.approx(0, abs=1e-6)


def test_noise_in_part_of_the_start():
    plain, noise, mixed = (
        problems(TALL, {"start": start})[0][0].start
        for start in ({}, {"image": "noise", "seed": 4}, {"noise": 0.25, "seed": 4})
    )
    np.testing.assert_allclose(mixed, 0.75 * plain + 0.25 * noise, rtol=1e-6)


def test_a_recoloured_content_takes_seed_and_mask():
    mask = PIL.Image.new("L", (96, 64))
    mask.paste(255, (0, 0, 48, 64))
    blue = PIL.Image.new("RGB", (9, 9), (0, 0, 255))
    start = {"start": {"image": "content-recoloured", "seed": 3}}
    (found, _), _ = problems([TALL, blue], start, content_mask=mask)
    np.testing.assert_allclose(found.start[:, -4:] - [1, 0, 0], 0, atol=1e-4)
    np.testing.assert_allclose(found.start[:, :4] - [0, 0, 1], 0, atol=1e-4)
    colours = PIL.Image.fromarray(np.random.default_rng(1).integers(0, 256, (9, 9, 3), np.uint8))
    styles = [StylePicture(colours, 1.0)]
    seeded = first(styles=styles, image="content-recoloured", seed=3)
    expected = recoloured_content(CONTENT, styles, mask=None, seed=3)
    np.testing.assert_array_equal(seeded, expected)
    assert not np.array_equal(seeded, first(styles=styles, image="content-recoloured", seed=4))
