"""Pictures opened with Pillow: the same as their files, or a line that says what is not known."""

import io

import numpy as np
import PIL.Image
import pytest
from core.images.test_png import encoded, gamma, random_samples

from nst_core.images import decoded, read, read_decoded

LINEAR = gamma(100_000)
P3 = (b"cICP", bytes([12, 13, 0, 1]))


def key(*values):
    return b"tRNS", b"".join(value.to_bytes(2, "big") for value in values)


def same(found, wanted):
    np.testing.assert_array_equal(
        np.asarray(found.straight or found.picture), np.asarray(wanted.straight or wanted.picture)
    )
    assert (found.alpha is None) == (wanted.alpha is None)
    if wanted.alpha is not None:
        np.testing.assert_array_equal(np.asarray(found.alpha), np.asarray(wanted.alpha))
    assert found.notes == ()


FILES = {
    "gAMA": (8, 3, [LINEAR]),
    "gAMA grey": (8, 1, [LINEAR]),
    "gAMA 4 bits": (4, 1, [LINEAR]),
    "gAMA 16 bits": (16, 3, [LINEAR]),
    "cICP": (8, 3, [P3]),
    "cICP 16 bits": (16, 3, [P3]),
    "tRNS 2 bits": (2, 1, [key(2)]),
    "tRNS 4 bits": (4, 1, [key(5)]),
    "tRNS 16 bits": (16, 3, [key(1, 2, 3)]),
    "tRNS and gAMA": (8, 3, [LINEAR, key(9, 9, 9)]),
    "nothing": (8, 3, []),
}


@pytest.mark.parametrize("name", FILES)
def test_a_picture_that_is_not_decoded_is_as_its_file(tmp_path, name):
    depth, channels, chunks = FILES[name]
    path = tmp_path / "a.png"
    path.write_bytes(encoded(random_samples(depth, channels), depth=depth, chunks=chunks))
    wanted = read_decoded(path)
    for source in (path, io.BytesIO(path.read_bytes())):
        with PIL.Image.open(source) as picture:
            same(decoded(picture), wanted)
            # It is as usable as before.
            picture.load()
            with PIL.Image.open(path) as other:
                np.testing.assert_array_equal(np.asarray(picture), np.asarray(other))
                assert picture.info == other.info


@pytest.mark.parametrize("name", [name for name in FILES if "16" not in name])
def test_a_decoded_picture_is_as_its_file_too(tmp_path, name):
    depth, channels, chunks = FILES[name]
    path = tmp_path / "a.png"
    path.write_bytes(encoded(random_samples(depth, channels), depth=depth, chunks=chunks))
    with PIL.Image.open(path) as picture:
        picture.load()
        before = dict(picture.info)
        same(decoded(picture), read_decoded(path))
        assert picture.info == before


def test_what_is_changed_after_decoding_counts(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encoded(np.zeros((2, 2, 3), int), depth=8, chunks=[LINEAR]))
    with PIL.Image.open(path) as picture:
        picture.putpixel((0, 0), (55, 55, 55))  # 55 of 255 in linear light is 128 in sRGB
        assert decoded(picture).picture.getpixel((0, 0)) == (128, 128, 128)


def test_gamma_is_known_without_the_file():
    data = encoded(np.full((2, 2, 3), 55), depth=8, chunks=[LINEAR])
    with PIL.Image.open(io.BytesIO(data)) as picture:
        picture.load()
        assert decoded(picture).picture.getpixel((0, 0)) == (128, 128, 128)
        # A copy says nothing of its file.
        assert decoded(picture.copy()).picture.getpixel((0, 0)) == (55, 55, 55)


def test_what_is_not_known_is_said(tmp_path):
    data = encoded(random_samples(4, 1), depth=4, chunks=[key(5)])
    with PIL.Image.open(io.BytesIO(data)) as picture:
        picture.load()
        (line,) = decoded(picture).notes
    assert line.startswith("a picture from Pillow: its transparent colour is compared in 8 bits")
    path = tmp_path / "a.png"
    path.write_bytes(encoded(random_samples(16, 3), depth=16, chunks=[key(1, 2, 3)]))
    with PIL.Image.open(path) as picture:
        picture.load()
        (line,) = decoded(picture).notes
    assert "of 16 bits is compared in 8 bits: give the path" in line


def test_a_bmp_whose_alpha_is_0_is_opaque(tmp_path):
    path = tmp_path / "a.bmp"
    PIL.Image.new("RGBA", (4, 4), (9, 8, 7, 0)).save(path)
    with PIL.Image.open(path) as picture:
        found = decoded(picture)
        if picture.mode == "RGBA":
            assert found.alpha is None
    assert read(path).getpixel((0, 0)) == (9, 8, 7)
