"""The formats that came with telephones and the web: GIF, HEIC, AVIF and JPEG XL."""

import io
import struct
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest
from heic_files import heic
from pictures import SWAPPED, close

from nst_core import demo
from nst_core.errors import PictureError, PictureWarning
from nst_core.images import read, read_decoded, read_recipe
from nst_core.images.formats import reader
from nst_core.images.jpeg_xl import _codestream_start, _size


def painting(size=(32, 24)):
    with PIL.Image.open(demo.painting()) as picture:
        return picture.convert("RGB").resize(size)


def encoded(form, picture=None, **options):
    stream = io.BytesIO()
    (picture or painting()).save(stream, form, **options)
    return stream.getvalue()


def jxl(picture=None, **options):
    pytest.importorskip("pillow_jxl")
    return encoded("JXL", picture, **options)


def exif(orientation=6):
    tags = PIL.Image.Exif()
    tags[274], tags[315] = orientation, "Zoë".encode()
    return tags


def refused(path, **options):
    with pytest.raises(PictureError) as error:
        read(path, **options)
    text = str(error.value)
    assert text.startswith(f"can't read {path}: ")
    assert "\n" not in text
    assert ";" in text
    return text


def assert_painting(picture, tolerance=12, *, turned=False):
    expected = painting()
    if turned:
        expected = expected.transpose(PIL.Image.Transpose.ROTATE_270)
    assert picture.mode == "RGB"
    assert picture.size == expected.size
    difference = np.asarray(picture).astype(int) - np.asarray(expected)
    assert np.abs(difference).mean() < tolerance


def test_heic(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(heic("plain"))
    assert_painting(read(path))
    assert read_decoded(path).alpha is None
    path.write_bytes(heic("alpha"))
    found = read_decoded(path)
    assert np.abs(np.asarray(found.alpha).astype(int) - np.arange(32) * 8).max() <= 2
    assert_painting(found.straight)


def test_orientation_of_heic_is_applied_once(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(heic("turned"))
    found = read_decoded(path)
    assert_painting(found.picture, turned=True)
    assert found.exif.ifd0[315].encode() == "Zoë".encode()


def test_avif(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(encoded("AVIF", quality=95, exif=exif()))
    found = read_decoded(path)
    assert_painting(found.picture, turned=True)
    assert found.exif.ifd0[315].encode() == "Zoë".encode()
    rgba = painting()
    rgba.putalpha(painting().convert("L"))
    path.write_bytes(encoded("AVIF", rgba, quality=95))
    found = read_decoded(path)
    assert np.abs(np.asarray(found.alpha).astype(int) - np.asarray(rgba)[..., 3]).mean() < 6
    path.write_bytes(encoded("AVIF", PIL.Image.new("RGB", (32, 24), "red"), icc_profile=SWAPPED))
    assert close(
        read(path).getpixel((5, 5)), (0, 0, 255), 14
    )  # near black, a linear curve is steep


def with_code_points(data, primaries, transfer):
    """An AVIF file with other code points in its colr box."""
    place = data.index(b"colrnclx") + 8
    return data[:place] + struct.pack(">2H", primaries, transfer) + data[place + 4 :]


def test_code_points(tmp_path):
    path = tmp_path / "a"
    data = encoded("AVIF", PIL.Image.new("RGB", (32, 24), (200, 100, 50)), quality=100)
    for primaries, transfer in ((1, 13), (2, 2), (1, 1)):
        path.write_bytes(with_code_points(data, primaries, transfer))
        assert close(read(path).getpixel((5, 5)), (200, 100, 50), 2)
    path.write_bytes(with_code_points(data, 12, 13))
    assert close(read(path).getpixel((5, 5)), (215, 93, 31), 2)  # by the matrix of P3 to sRGB
    for transfer, name in ((16, "PQ"), (18, "HLG")):
        path.write_bytes(with_code_points(data, 9, transfer))
        with pytest.warns(PictureWarning, match=rf"HDR \({name}\), which nst can't convert"):
            assert close(read(path).getpixel((5, 5)), (200, 100, 50), 2)


@pytest.mark.parametrize("transparent", [False, True])
def test_gif(tmp_path, transparent):
    path = tmp_path / "a"
    indices = PIL.Image.new("P", (32, 24), 1)
    indices.putpalette([0, 255, 0, 200, 100, 50])
    indices.paste(0, (0, 0, 10, 24))
    more = [PIL.Image.new("P", (32, 24), 0)]
    frames = {"save_all": True, "append_images": more, "transparency": 0}
    path.write_bytes(encoded("GIF", indices, **(frames if transparent else {})))
    found = read_decoded(path)
    assert found.picture.getpixel((20, 5)) == (200, 100, 50)
    assert found.picture.getpixel((5, 5)) == ((255, 255, 255) if transparent else (0, 255, 0))
    assert found.alpha.getextrema() == ((0, 255) if transparent else (255, 255))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA"])
def test_jpeg_xl(tmp_path, mode):
    path = tmp_path / "a"
    picture = painting()
    picture.putalpha(painting().convert("L"))
    path.write_bytes(jxl(picture.convert(mode), lossless=True))
    found = read_decoded(path)
    colours = np.asarray(found.straight or found.picture).astype(int)
    assert np.abs(colours - np.asarray(picture.convert(mode).convert("RGB"))).max() <= 1
    assert (found.alpha is not None) == ("A" in mode)
    path.write_bytes(jxl(use_container=True, exif=exif().tobytes(), lossless=True))
    found = read_decoded(path)
    assert_painting(found.picture, 1)  # the codestream's orientation counts, not that of EXIF
    assert found.exif.ifd0[315].encode() == "Zoë".encode()


@pytest.mark.filterwarnings("ignore:Using JPEG reconstruction")
def test_a_jpeg_within_jpeg_xl(tmp_path):
    painting().save(tmp_path / "a.jpg", exif=exif())
    with PIL.Image.open(tmp_path / "a.jpg") as picture:
        (tmp_path / "b.jxl").write_bytes(jxl(picture))
    assert read(tmp_path / "b.jxl").tobytes() == read(tmp_path / "a.jpg").tobytes()


@pytest.mark.parametrize(
    "size", [(8, 8), (1, 1), (300, 200), (640, 480), (1920, 1080), (264, 8), (1, 3000), (16, 24)]
)
def test_size_in_the_header_of_jpeg_xl(size):
    for container in (False, True):
        data = jxl(PIL.Image.new("RGB", size), lossless=True, use_container=container)
        assert _size(_codestream_start(io.BytesIO(data))) == size


FILES = {
    "GIF": lambda: encoded("GIF"),
    "HEIC": lambda: heic("plain"),
    "AVIF": lambda: encoded("AVIF"),
    "JPEG XL": jxl,
}


@pytest.mark.parametrize("form", FILES)
def test_limits_and_damage(tmp_path, form):
    path, data = tmp_path / "a", FILES[form]()
    path.write_bytes(data)
    assert read(path, max_pixels=768).size == (32, 24)
    assert "32 x 24 pixels are more than 767" in refused(path, max_pixels=767)
    for part in (data[: len(data) // 2], data[:20] + bytes(200)):
        path.write_bytes(part)
        assert f"truncated or corrupt {form}" in refused(path)
    path.write_bytes(data)
    with pytest.raises(PictureError, match="holds none"):
        read_recipe(path)


@pytest.mark.parametrize(
    ("module", "form", "says"),
    [
        ("pi_heif", "HEIC", "HEIC needs a reader; pip install pi-heif"),
        ("pillow_jxl", "JPEG XL", "JPEG XL needs a reader; pip install pillow-jxl-plugin"),
    ],
)
def test_a_reader_that_is_not_installed(tmp_path, monkeypatch, module, form, says):
    path = tmp_path / "a"
    path.write_bytes(FILES[form]() if form == "HEIC" else b"\xff\x0a" + bytes(40))
    monkeypatch.setitem(sys.modules, module, None)
    assert refused(path) == f"can't read {path}: {says}"


def test_pillow_without_avif(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(encoded("AVIF"))
    monkeypatch.setattr("PIL.features.check", lambda name: name != "avif")
    assert "built without AVIF; install its own wheel by pip install" in refused(path)


def test_brands():
    def box(*brands):
        return struct.pack(">I4s4sI", 16 + 4 * (len(brands) - 1), b"ftyp", brands[0], 0) + b"".join(
            brands[1:]
        )

    assert reader(box(b"heic", b"mif1")).form == "HEIC"
    assert reader(box(b"mif1", b"mif1", b"heic")).form == "HEIC"
    assert reader(box(b"mif1", b"avif")).form == "AVIF"
    assert reader(box(b"avif", b"mif1", b"miaf")).form == "AVIF"
    assert reader(box(b"isom", b"mp42")) is None
    assert reader(box(b"qt  ")) is None


def test_importing_loads_no_reader():
    code = (
        "import sys, nst_core.images; "
        "sys.exit(any(name in sys.modules for name in ('pi_heif', 'pillow_jxl')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
