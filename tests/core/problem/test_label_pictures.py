"""Label pictures that hold class numbers or transparent parts, as files and as Pillow pictures."""

import numpy as np
import PIL.Image
import pytest

from nst_core.run.pictures import open_mask

NUMBERS = np.indices((30, 60))[1] // 20


def opened(picture, tmp_path, name):
    """The regions of a picture that was written to a file; they are those of the picture itself."""
    picture.save(tmp_path / name)
    labels = open_mask(tmp_path / name, max_pixels=10_000).labels
    if not name.endswith("jpg"):
        with PIL.Image.open(tmp_path / name) as again:
            again.load()
            direct = open_mask(again, max_pixels=10_000).labels
        assert direct.colours == labels.colours
        np.testing.assert_array_equal(direct.region, labels.region)
    return labels


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_class_numbers_of_8_and_16_bits_are_the_same(tmp_path, name, dtype):
    labels = opened(PIL.Image.fromarray(NUMBERS.astype(dtype)), tmp_path, name)
    assert labels.colours == ((0, 0, 0), (1, 1, 1), (2, 2, 2))
    np.testing.assert_array_equal(labels.region, NUMBERS)


def test_grey_of_16_bits_is_brightness(tmp_path):
    labels = opened(PIL.Image.fromarray((NUMBERS * 32767).astype(np.uint16)), tmp_path, "a.png")
    assert [colour[0] for colour in labels.colours] == [0, 127, 255]


@pytest.mark.parametrize(
    ("colours", "found"),
    [
        ([255, 0, 0, 0, 0, 255, 0, 255, 0], [(0, 0, 255), (255, 0, 0), (0, 255, 0)]),
        ([0] * 9, [(0, 0, 0), (1, 1, 1), (2, 2, 2)]),
    ],
)
def test_palettes(tmp_path, colours, found):
    picture = PIL.Image.fromarray(NUMBERS.astype(np.uint8), "P")
    picture.putpalette(colours)
    assert opened(picture, tmp_path, "a.png").colours == tuple(found)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize(
    ("colour", "background"),
    [
        ((255, 255, 255), (0, 0, 0)),
        ((0, 0, 0), (255, 255, 255)),
        ((255, 0, 0), (255, 255, 255)),
    ],
)
def test_transparent_parts_are_a_region(tmp_path, name, colour, background):
    picture = PIL.Image.new("RGBA", (60, 40), (*colour, 0))
    picture.paste((*colour, 255), (10, 10, 50, 30))
    picture.paste((*colour, 100), (10, 10, 50, 11))  # an antialiased edge
    labels = opened(picture, tmp_path, name)
    assert sorted(labels.colours) == sorted([colour, background])
    inside = labels.region == labels.colours.index(colour)
    assert inside[11:30, 10:50].all()
    assert not inside[:10].any()


def test_white_and_black_on_nothing_are_three_regions(tmp_path):
    picture = PIL.Image.new("RGBA", (60, 40))
    picture.paste((255, 255, 255, 255), (0, 0, 20, 40))
    picture.paste((0, 0, 0, 255), (20, 0, 40, 40))
    assert opened(picture, tmp_path, "a.png").colours == (
        (0, 0, 0), (128, 128, 128), (255, 255, 255)
    )  # fmt: skip


def test_a_picture_that_is_opaque_or_evenly_transparent_stays(tmp_path):
    picture = PIL.Image.new("RGBA", (60, 40), (255, 255, 255, 128))
    assert opened(picture, tmp_path, "a.png").colours == ((255, 255, 255),)
