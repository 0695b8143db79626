"""What a file holds besides 8 bits per channel: depth, resolution, alpha, EXIF tags."""

import io
import zlib

import numpy as np
import PIL.Image
import png
import pytest
import tifffile

from nst_core.errors import PictureError
from nst_core.images import (
    EncodeOptions,
    Output,
    check_output,
    decoded,
    read,
    read_decoded,
    read_recipe,
    to_8bit,
    write,
)
from nst_core.images.resize import to_16bit
from nst_core.images.to_srgb import srgb_profile

RECIPE = '# Gemälde, 星月夜 🎨\r\ntitle = "é"\n\n'
DEEP = ["png", "PNG", "tif", "tiff"]


@pytest.fixture
def image():
    """A dark sky: 300 columns over 30 levels of 8 bits, out of [0, 1] at one corner."""
    rows, columns = np.mgrid[0:20, 0:300].astype(np.float32)
    sky = np.stack([columns / 2550, 0.1 + columns / 2550, 0.2 + rows / 1000], axis=2)
    sky[0, 0], sky[0, 1] = -0.5, 1.5
    return sky


@pytest.fixture
def photograph(tmp_path):
    """A function that writes a content picture with EXIF data of every kind."""

    def make(name, **tags):
        exif = PIL.Image.Exif()
        exif[271], exif[306], exif[33432], exif[274] = "Maker", "2024:05:06 07:08:09", "© Me", 6
        exif[270], exif[305], exif[282] = "A holiday", "Editor", 300.0
        exif[0x8769] = {36867: "2024:05:06 07:08:09", 33434: 0.005, 37500: b"notes", 42033: "S1"}
        exif[0x8825] = {1: "N", 2: (48.0, 30.0, 0.0)}
        path = tmp_path / name
        PIL.Image.new("RGB", (30, 20), "olive").save(path, exif=exif)
        return path

    return make


def samples_of(path):
    """Return samples (H, W, C) at full depth, by a library that had no part in writing them."""
    if path.suffix.lower() == ".png":
        width, height, rows, info = png.Reader(bytes=path.read_bytes()).read()
        assert info["bitdepth"] == 16
        return np.vstack([np.asarray(row, np.uint16) for row in rows]).reshape(height, width, -1)
    return tifffile.imread(path)


@pytest.mark.parametrize("ending", DEEP)
def test_sixteen_bits_are_all_there(tmp_path, image, ending):
    path = tmp_path / f"a.{ending}"
    write(image, path, recipe=RECIPE, finish=EncodeOptions(bits=16))
    samples = samples_of(path)
    np.testing.assert_array_equal(samples, to_16bit(image))
    assert np.abs(samples / 65535 - image.clip(0, 1)).max() < 0.51 / 65535 + 1e-7
    assert len(np.unique(samples[5, :, 0])) == 300  # no bands: 8 bits would show 31 levels
    assert len(np.unique(to_8bit(image)[5, :, 0])) <= 31
    assert read_recipe(path) == RECIPE
    with PIL.Image.open(path) as picture:
        assert picture.info["icc_profile"] == srgb_profile()
    # What nst reads of it has 8 bits again: by cutting or by rounding, at most a level apart.
    assert np.abs(np.asarray(read(path)).astype(int) - to_8bit(image)).max() <= 1


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_sixteen_bits_with_everything_and_twice_the_same(tmp_path, image, ending):
    alpha = PIL.Image.new("L", (300, 20), 77)
    finish = EncodeOptions(bits=16, dpi=300, alpha=alpha, exif=None)
    for name in ("a", "b"):
        write(image, tmp_path / f"{name}.{ending}", recipe=RECIPE, finish=finish)
    path = tmp_path / f"a.{ending}"
    assert path.read_bytes() == (tmp_path / f"b.{ending}").read_bytes()
    samples = samples_of(path)
    assert samples.shape == (20, 300, 4)
    assert (samples[:, :, 3] == 77 * 257).all()
    np.testing.assert_array_equal(samples[:, :, :3], to_16bit(image))
    with PIL.Image.open(path) as picture:
        assert picture.mode == "RGBA"
        assert [round(float(value), 2) for value in picture.info["dpi"]] == [300, 300]
    assert read_recipe(path) == RECIPE


def test_filters_of_a_deep_png_pay(tmp_path):
    rows, columns = np.mgrid[0:200, 0:300]
    smooth = np.stack([np.sin(rows / 40), np.cos(columns / 50), np.sin((rows + columns) / 60)], 2)
    image = (smooth / 2 + 0.5).astype(np.float32)
    write(image, tmp_path / "a.png", finish=EncodeOptions(bits=16))
    plain = len(zlib.compress(to_16bit(image).astype(">u2").tobytes(), 6))
    assert (tmp_path / "a.png").stat().st_size < 0.8 * plain


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tif"])
def test_dots_per_inch(tmp_path, image, ending):
    path = tmp_path / f"a.{ending}"
    write(image, path, recipe=RECIPE, finish=EncodeOptions(dpi=240))
    with PIL.Image.open(path) as picture:
        exif = picture.getexif()
        found = picture.info.get("dpi") or (exif[282], exif[283])
        assert [round(float(value)) for value in found] == [240, 240]
    assert read_recipe(path) == RECIPE


@pytest.mark.parametrize("bits", [8, 16])
def test_a_tiff_says_nothing_of_inches_unasked(tmp_path, image, bits):
    write(image, tmp_path / "a.tif", recipe=RECIPE, finish=EncodeOptions(bits=bits))
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        unit = file.pages[0].tags.get("ResolutionUnit")
    assert unit is None or unit.value == 1, "1 is none, 2 an inch"


@pytest.mark.parametrize("ending", ["png", "webp", "tif"])
def test_alpha_is_resized_and_kept(tmp_path, image, ending):
    alpha = PIL.Image.new("L", (600, 40), 0)
    alpha.paste(255, (300, 0, 600, 40))
    path = tmp_path / f"a.{ending}"
    write(image, path, recipe=RECIPE, finish=EncodeOptions(alpha=alpha))
    with PIL.Image.open(path) as picture:
        assert (picture.mode, picture.size) == ("RGBA", (300, 20))
        kept = np.asarray(picture.getchannel("A"))
        colours = np.asarray(picture.convert("RGB"))
    assert (kept[:, :149] == 0).all()
    assert (kept[:, 151:] == 255).all()
    if ending != "webp":  # which is lossy, and drops the colours of what can't be seen
        np.testing.assert_array_equal(colours, to_8bit(image))


def test_alpha_of_a_source_is_upright(tmp_path):
    picture = PIL.Image.new("RGBA", (30, 20), (10, 20, 30, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 30, 5))  # a transparent strip along the top
    exif = PIL.Image.Exif()
    exif[274] = 6  # to be turned clockwise: the strip lies at the right
    path = tmp_path / "a.png"
    picture.save(path, exif=exif)
    found = read_decoded(path)
    assert found.picture.size == found.alpha.size == (20, 30)
    alpha = np.asarray(found.alpha)
    assert (alpha[:, 15:] == 0).all()
    assert (alpha[:, :15] == 255).all()
    assert read_decoded(path).picture.tobytes() == read(path).tobytes()
    assert np.array_equal(np.asarray(decoded(picture).alpha)[:5], np.zeros((5, 30)))
    assert decoded(PIL.Image.new("RGB", (3, 2))).alpha is None


@pytest.mark.parametrize("ending", ["png", "jpg", "webp"])
@pytest.mark.parametrize("recipe", [RECIPE, None])
def test_exif_tags_that_are_kept(tmp_path, image, photograph, ending, recipe):
    content = read_decoded(photograph("c.jpg"))
    path = tmp_path / f"a.{ending}"
    write(image, path, recipe=recipe, finish=EncodeOptions.of(Output(keep_exif=True), content))
    with PIL.Image.open(path) as picture:
        exif = picture.getexif()
        assert (exif[271], exif[306]) == ("Maker", "2024:05:06 07:08:09")
        directory = exif.get_ifd(0x8769)
        assert directory[36867] == "2024:05:06 07:08:09"
        assert float(directory[33434]) == pytest.approx(0.005)
        # Neither where it was taken, nor serial numbers, nor what doesn't hold any more.
        assert not {37500, 42033} & set(directory)
        assert not {274, 282, 0x8825} & set(exif)
        assert (270 in exif, exif.get(305)) == ((True, "nst") if recipe else (False, None))
    if recipe:
        assert read_recipe(path) == recipe


@pytest.mark.parametrize("bits", [8, 16])
def test_a_tiff_keeps_the_tags_of_its_own_directory(tmp_path, image, photograph, bits):
    content = read_decoded(photograph("c.jpg"))
    path = tmp_path / "a.tif"
    output = Output(keep_exif=True, bits=bits)
    write(image, path, recipe=RECIPE, finish=EncodeOptions.of(output, content))
    with PIL.Image.open(path) as picture:
        assert picture.tag_v2[271] == "Maker"
        assert picture.tag_v2[306] == "2024:05:06 07:08:09"
        assert picture.tag_v2.get(274, 1) == 1
    assert read_recipe(path) == RECIPE


def test_nothing_is_kept_unasked(tmp_path, image, photograph):
    path = tmp_path / "a.jpg"
    write(image, path, finish=EncodeOptions.of(Output(), read_decoded(photograph("c.jpg"))))
    with PIL.Image.open(path) as picture:
        assert len(picture.getexif()) == 0


@pytest.mark.filterwarnings("ignore:.*EXIF data")  # Pillow's; on the command line nobody sees it
def test_damaged_exif_data_is_no_reason_to_refuse_a_picture():
    stream = io.BytesIO()
    PIL.Image.new("RGB", (8, 8)).save(stream, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff")
    assert decoded(PIL.Image.open(stream)).exif is None


@pytest.mark.parametrize(
    ("name", "output", "says"),
    [
        ("a.jpg", Output(bits=16), "JPEG has 8 bits per channel; write a .png or .tif"),
        ("a.webp", Output(bits=16), "WEBP has 8 bits per channel; write a .png or .tif"),
        ("a.jpg", Output(keep_alpha=True), "JPEG has no transparency; write a .png, .webp or .tif"),
        ("a.pdf", Output(), "printers, which want CMYK, and nst writes RGB; write a 16-bit .tif"),
        ("a.EPS", Output(), "convert it with the printer's ICC profile"),
    ],
)
def test_what_a_format_cannot_hold_is_said_before_the_run(tmp_path, name, output, says):
    with pytest.raises(PictureError, match=r"^can't write ") as error:
        check_output(tmp_path / name, output)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_what_a_format_cannot_hold_is_refused_by_write_too(tmp_path, image):
    alpha = PIL.Image.new("L", (3, 2))
    for finish in (EncodeOptions(bits=16), EncodeOptions(alpha=alpha)):
        with pytest.raises(PictureError, match=r"write a \.png"):
            write(image, tmp_path / "a.jpg", finish=finish)
    assert list(tmp_path.iterdir()) == []


def test_nan_is_refused_in_sixteen_bits(tmp_path, image):
    image[3, 3, 1] = np.nan
    with pytest.raises(PictureError, match=r"NaN or infinite values \(1 of"):
        write(image, tmp_path / "a.png", finish=EncodeOptions(bits=16))
