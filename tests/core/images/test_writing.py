"""Writing pictures: formats, equal bytes, and every way to fail."""

import errno
import os
import stat
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.PngImagePlugin
import pytest
from pictures import RECIPE, WRITTEN, refused

from nst_core.images import EXTENSIONS, check_output, read, resize_picture, to_8bit, write


@pytest.mark.parametrize("extension", [".png", ".PNG", ".tif", ".TIFF"])
def test_lossless_round_trip(tmp_path, image, extension):
    path = tmp_path / f"a{extension}"
    write(image.astype(np.float32), path)
    np.testing.assert_array_equal(np.asarray(read(path)), to_8bit(image))
    fitted = resize_picture(read(path), height=40, width=60)
    assert np.abs(fitted - image.clip(0, 1)).max() <= 0.5 / 255 + 1e-6


@pytest.mark.parametrize("extension", [".jpg", ".Jpeg", ".webp"])
def test_lossy_round_trip(tmp_path, image, extension):
    path = tmp_path / f"a{extension}"
    write(image, path)
    difference = np.asarray(read(path)).astype(int) - to_8bit(image)
    assert np.abs(difference).max() <= 8  # measured: 4 (JPEG), 5 (WebP)


@pytest.mark.parametrize("extension", sorted(EXTENSIONS))
def test_format_options_and_profile(tmp_path, image, extension):
    path = tmp_path / f"a{extension}"
    write(image, path)
    with PIL.Image.open(path) as picture:
        assert picture.format == EXTENSIONS[extension]
        assert picture.mode == "RGB"
        profile = picture.info["icc_profile"]
        assert profile[36:40] == b"acsp"
        assert profile[24:36] == bytes([0x07, 0xD0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]), "a fixed date"
        if picture.format == "JPEG":
            assert [layer[1:3] for layer in picture.layer] == [(1, 1)] * 3, "4:4:4"
            assert max(picture.quantization[0]) <= 12, "quality 95"
        if picture.format == "TIFF":
            assert picture.tag_v2[259] == 8, "deflate"


@pytest.mark.parametrize("extension", WRITTEN)
def test_equal_arguments_give_equal_bytes(tmp_path, image, extension):
    for name in ("a", "b"):
        write(image, tmp_path / f"{name}.{extension}", recipe=RECIPE)
    assert (tmp_path / f"a.{extension}").read_bytes() == (tmp_path / f"b.{extension}").read_bytes()


@pytest.mark.parametrize("extension", ["jpg", "webp"])
def test_a_picture_too_large_for_the_format(tmp_path, extension):
    path = tmp_path / f"a.{extension}"
    text = refused(lambda: write(np.zeros((1, 70_000, 3), dtype=np.float32), path), path)
    assert "can't hold it" in text
    assert list(tmp_path.iterdir()) == []


def test_nan(tmp_path, image):
    image[3, 4, 1] = np.nan
    path = tmp_path / "a.png"
    assert "image holds NaN" in refused(lambda: write(image, path), path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("extension", WRITTEN)
def test_a_failing_write_keeps_the_old_file(tmp_path, image, monkeypatch, extension):
    path = tmp_path / f"a.{extension}"
    write(image, path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for place in ((PIL.Image.Image, "save"), (Path, "write_bytes"), (os, "fsync")):
        with monkeypatch.context() as patch:
            patch.setattr(*place, lambda *_, **__: fail())
            refused(lambda: write(1 - image, path), path)
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        assert "the disk is full" in refused(lambda: write(image, path), path)


def test_mode_bits_and_links(tmp_path, image):
    link, target = tmp_path / "latest.png", tmp_path / "run1.png"
    link.symlink_to(target)
    before = os.umask(0o027)
    try:
        write(image, link)
    finally:
        os.umask(before)
    assert link.is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert read(target).size == (60, 40)


@pytest.mark.parametrize("name", ["a.gif", "a", "a.", ".png", "a.png.txt"])
def test_unknown_endings(tmp_path, image, name):
    path = tmp_path / name
    for call in (lambda: check_output(path), lambda: write(image, path)):
        text = refused(call, path)
        assert text.endswith("use one of .png, .jpg, .jpeg, .webp, .tif, .tiff")
    assert list(tmp_path.iterdir()) == []


def test_check_output(tmp_path):
    check_output(tmp_path / "a.JPG")
    check_output(str(tmp_path / "a.png"))
    assert list(tmp_path.iterdir()) == []
    missing = tmp_path / "no" / "a.png"
    assert "there is no directory" in refused(lambda: check_output(missing), missing)
    directory = tmp_path / "b.png"
    directory.mkdir()
    assert "it is a directory" in refused(lambda: check_output(directory), directory)


def test_check_output_really_tries(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    path = tmp_path / "a.png"
    monkeypatch.setattr(os, "open", refuse)
    assert "no permission" in refused(lambda: check_output(path), path)
