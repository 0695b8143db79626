"""Label pictures: which regions are found in them, and how they are resized."""

import numpy as np
import PIL.Image
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
    labels = masks.read(picture, "mask")
    assert labels.colours == (BLUE, RED)
    assert np.sum(labels.region == 0) == 10
    assert labels.region.dtype == np.uint8


def test_similar_colours_are_one_region():
    near, far = (255 - 47, 0, 0), (255 - 48, 0, 0)
    assert masks.read(halves(RED, near, (98, 64)), "mask").count == 1
    assert masks.read(halves(RED, far, (98, 64)), "mask").count == 2


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
