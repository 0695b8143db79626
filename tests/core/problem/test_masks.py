"""Label pictures: which regions are found in them, and how they are resized."""

import io

import numpy as np
import PIL.Image
import PIL.ImageDraw
import pytest

from nst_core.errors import SpecError
from nst_core.problem import masks
from nst_core.problem.masks import Mask

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def halves(left, right, size=(96, 64)):
    picture = PIL.Image.new("RGB", size, left)
    picture.paste(right, (size[0] // 2, 0, *size))
    return picture


def test_regions_are_ordered_from_dark_to_light():
    labels = masks.read(halves(WHITE, BLUE), "mask")
    assert labels.colours == (BLUE, WHITE)
    assert (labels.region[:, 0] == 1).all()
    assert (labels.region[:, -1] == 0).all()


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_antialiased_edges_and_jpeg_make_no_regions(tmp_path, mode):
    small = halves((0, 0, 0), WHITE, (60, 40)).convert(mode).rotate(20, expand=True, fillcolor=128)
    small.resize((301, 199), PIL.Image.Resampling.BICUBIC).save(tmp_path / "a.jpg", quality=60)
    with PIL.Image.open(tmp_path / "a.jpg") as mask:
        labels = masks.read(mask, "mask")
    assert labels.count == 3 if mode == "L" else labels.count in (2, 3)
    assert np.mean(labels.region == 0) == pytest.approx(np.mean(labels.region == 2), abs=0.02)


def test_a_colour_of_few_pixels_is_no_region():
    picture = PIL.Image.new("RGB", (100, 50), RED)
    picture.paste(BLUE, (0, 0, 9, 1))  # 9 of 5000: below 1/500
    assert masks.read(picture, "mask").colours == (RED,)
    picture.paste(BLUE, (0, 0, 10, 1))
    assert masks.read(picture.crop((0, 0, 60, 50)), "mask").count == 2
    labels = masks.read(picture, "mask")
    assert labels.colours == (BLUE, RED)
    assert np.sum(labels.region == 0) == 10
    assert labels.region.dtype == np.uint8


@pytest.mark.parametrize("step", [1, 10, 47, 48])
def test_flat_colours_are_regions_however_near(step):
    labels = masks.read(halves(RED, (255 - step, 0, 0), (98, 64)), "mask")
    assert (labels.count, labels.warnings, labels.share) == (2, (), None)


@pytest.mark.parametrize("size", [(192, 128), (1500, 1000)])
def test_class_numbers_are_regions(size):
    numbers = np.indices(size[::-1])[1] * 12 // size[0]
    labels = masks.read(PIL.Image.fromarray(numbers.astype(np.uint8)), "mask")
    assert labels.colours == tuple((n, n, n) for n in range(12))
    np.testing.assert_array_equal(labels.region, numbers)
    too_many = np.indices(size[::-1])[1] * 20 // size[0]
    with pytest.raises(SpecError, match="20 colours"):
        masks.read(PIL.Image.fromarray(too_many.astype(np.uint8)), "mask")


def blobs(size, *colours):
    """A picture of the first colour with a disc of each of the others."""
    large = PIL.Image.new("RGB", (size[0] * 4, size[1] * 4), colours[0])
    for number, colour in enumerate(colours[1:]):
        left, upper = large.width * (1 + 4 * number) // 9, large.height // 4
        box = (left, upper, left + large.width * 3 // 9, upper + large.height // 2)
        PIL.ImageDraw.Draw(large).ellipse(box, fill=colour)
    return large.resize(size, PIL.Image.Resampling.LANCZOS)


@pytest.mark.parametrize("quality", [None, 60, 75, 95])
@pytest.mark.parametrize("size", [(300, 200), (1200, 800)])
@pytest.mark.parametrize(
    "colours", [((0, 0, 0), WHITE), (RED, BLUE, GREEN), ((100,) * 3, (160,) * 3, (220,) * 3)]
)
def test_edges_are_hard_and_noise_is_no_region(size, colours, quality):
    picture = blobs(size, *colours)
    if quality:
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=quality)
        picture = PIL.Image.open(stream)
    labels = masks.read(picture, "mask")
    assert labels.count == len(colours)
    assert labels.share is None
    # Every pixel is in the region of the nearest colour.
    pixels = np.asarray(picture.convert("RGB"), np.int32)
    distance = np.abs(pixels[:, :, None] - np.array(labels.colours)).max(axis=3)
    np.testing.assert_array_equal(labels.region, distance.argmin(axis=2))


@pytest.mark.parametrize("width", [60, 400])
@pytest.mark.parametrize("ends", [((0, 0, 0), WHITE), (BLUE, RED), ((200, 30, 20), (240, 220, 40))])
def test_a_wide_feather_is_read_as_weights(width, ends):
    share = np.clip(np.linspace(-1, 2, 3 * width), 0, 1)[None, :, None] * np.ones((64, 1, 1))
    first, second = np.array(ends)
    picture = PIL.Image.fromarray(np.rint(first + share * (second - first)).astype(np.uint8))
    labels = masks.read(picture, "mask")
    assert labels.colours == ends
    coverage = labels.coverage(height=64, width=3 * width)
    np.testing.assert_allclose(coverage[1], share[:, :, 0], atol=0.02)
    np.testing.assert_allclose(sum(coverage), 1, atol=1e-6)
    assert len(labels.warnings) == 1
    assert "read as soft edges" in labels.warnings[0]


def test_the_feathers_of_three_regions():
    grey = np.interp(np.arange(600), [100, 200, 300, 400], [0, 128, 128, 255])
    picture = PIL.Image.fromarray(np.tile(grey.astype(np.uint8), (50, 1)))
    labels = masks.read(picture, "mask")
    assert [colour[0] for colour in labels.colours] == [0, 128, 255]
    coverage = np.array(labels.coverage(height=1, width=600))[:, 0]
    for column, expected in ((50, [1, 0, 0]), (150, [0.5, 0.5, 0]), (350, [0, 0.5, 0.5])):
        np.testing.assert_allclose(coverage[:, column], expected, atol=0.02)


@pytest.mark.parametrize("size", [60, 700])
def test_a_ramp_without_flat_areas_has_two_ends(size):
    rows, columns = np.indices((size, size)) - size / 2
    radial = 255 * np.clip(1.3 - np.hypot(rows, columns) / (size / 2), 0, 1)
    for values in (radial, np.tile(np.linspace(0, 255, size), (size, 1))):
        labels = masks.read(PIL.Image.fromarray(np.rint(values).astype(np.uint8)), "mask")
        assert labels.colours == ((0, 0, 0), WHITE)
        np.testing.assert_allclose(
            labels.coverage(height=size, width=size)[1], values / 255, atol=0.02
        )


@pytest.mark.parametrize("size", [200, 1000])
@pytest.mark.parametrize("patch", [WHITE, (128, 128, 128), (1, 1, 1)])
def test_what_is_dropped_is_said(size, patch):
    picture = halves((0, 0, 0), (0, 0, 2) if patch == (1, 1, 1) else WHITE, (size, size))
    if patch == WHITE:
        picture.paste(RED, (9, 9, 15, 15))
    else:
        picture.paste(patch, (9, 9, 15, 15))
    labels = masks.read(picture, "content mask")
    assert labels.count == 2
    name = "#ff0000" if patch == WHITE else f"#{patch[0]:02x}{patch[1]:02x}{patch[2]:02x}"
    (line,) = labels.warnings
    assert line.startswith("content mask: flat colours cover less than 1/500 of it and are no")
    assert f"{name} (36 pixels, counted as " in line


def test_a_near_colour_matches_only_the_nearest_of_its_rivals():
    labels = masks.read(halves((0, 0, 0), (1, 1, 1)), "style mask")
    numbers = [(n, n, n) for n in range(3)]
    assert [labels.matching(n, rivals=numbers) for n in numbers] == [0, 1, None]


def test_the_coverage_of_all_regions_sums_to_one_at_any_size():
    labels = masks.read(halves(RED, BLUE), "mask")
    for height, width in ((64, 96), (5, 7), (130, 200)):
        coverage = labels.coverage(height=height, width=width)
        assert [(plane.shape, plane.dtype) for plane in coverage] == [
            ((height, width), np.float32)
        ] * 2
        np.testing.assert_allclose(sum(coverage), 1, atol=1e-6)
    # The middle one of seven columns lies in both halves.
    np.testing.assert_allclose(
        labels.coverage(height=1, width=7)[1][0, 2:5], [1, 0.5, 0], atol=0.01
    )


def test_a_colour_matches_the_nearest_region_if_it_is_near():
    labels = masks.read(halves(RED, BLUE), "mask")
    assert labels.colours == (BLUE, RED)
    assert labels.matching((230, 20, 20)) == 1
    assert labels.matching((0, 47, 255)) == 0
    assert labels.matching((0, 48, 255)) is None
    assert labels.matching(GREEN) is None


def test_sixteen_regions_are_allowed_and_seventeen_are_not():
    greys = [(60 * r, 60 * g, 60 * b) for r in range(3) for g in range(3) for b in range(3)]
    picture = PIL.Image.new("RGB", (17, 10))
    for column in range(17):
        picture.paste(greys[column], (column, 0, column + 1, 10))
    assert masks.read(picture.crop((0, 0, 16, 10)), "mask").count == masks.MAX_REGIONS
    with pytest.raises(SpecError, match=r"^style mask: 17 colours; paint .* 16 at most$"):
        masks.read(picture, "style mask")


def test_a_mask_is_read_when_it_is_needed_and_once(monkeypatch):
    calls = []
    monkeypatch.setattr(masks, "read", lambda picture, role: calls.append((picture, role)))
    picture = halves(RED, BLUE)
    mask = Mask(picture, "content mask")
    assert calls == []
    assert mask.labels is mask.labels
    assert calls == [(picture, "content mask")]


SHAPES = {
    "halves": [((0.5, 0, 1, 1), 1)],
    "thirds": [((1 / 3, 0, 2 / 3, 1), 1), ((2 / 3, 0, 1, 1), 2)],
    "nested": [((1 / 8, 1 / 8, 7 / 8, 7 / 8), 1), ((1 / 3, 1 / 3, 2 / 3, 2 / 3), 2)],
    "bars": [((0, 0.5, 1, 1), 1), ((1 / 3, 0, 0.5, 1), 2)],
}


@pytest.mark.parametrize(("shape", "size", "quality", "colours"), [
    # An edge within a block of chroma leaves a stripe of a colour near to that of a region.
    ("halves", 80, 90, [(100, 57, 46), (100, 57, 96)]),
    ("halves", 130, 50, [(22, 30, 80), (22, 30, 130)]),
    ("thirds", 80, 90, [(50, 85, 40), (100, 135, 90), (150, 135, 90)]),
    ("thirds", 130, 90, [(22, 21, 27), (72, 21, 27), (122, 71, 77)]),
    # The second colour is between the others, and its noise nearer to their line than to it.
    ("nested", 80, 90, [(33, 69, 75), (33, 69, 125), (33, 69, 175)]),
    ("bars", 80, 75, [(24, 28, 97), (74, 28, 147), (124, 28, 197)]),
])  # fmt: skip
def test_a_small_jpeg_of_low_contrast_keeps_its_regions(shape, size, quality, colours):
    width, height = size, size * 3 // 4
    picture = PIL.Image.new("RGB", (width, height), colours[0])
    draw = PIL.ImageDraw.Draw(picture)
    for (left, top, right, bottom), number in SHAPES[shape]:
        box = (left * width, top * height, right * width, bottom * height)
        (draw.ellipse if shape == "nested" else draw.rectangle)(box, fill=colours[number])
    truth = np.asarray(picture).astype(int)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=quality, subsampling=2)
    labels = masks.read(PIL.Image.open(stream).convert("RGB"), "mask")
    assert (labels.count, labels.other) == (len(colours), None)
    found = np.array(labels.colours)[labels.region]
    assert (np.abs(found - truth).max(axis=2) < 24).mean() > 0.97


def test_near_colours_of_a_clean_picture_are_regions_beside_a_clear_edge():
    picture = np.full((75, 100), 200, np.uint8)
    picture[:, :60], picture[:, 60:68] = 20, 23
    labels = masks.read(PIL.Image.fromarray(picture), "mask")
    assert labels.colours == ((20,) * 3, (23,) * 3, (200,) * 3)
