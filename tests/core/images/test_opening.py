"""Opening picture files: what is opened, and every error as one line."""

import errno
import io
import os
import struct

import PIL.Image
import pytest

from nst_core.errors import PictureError
from nst_core.images import opening
from nst_core.images.opening import CorruptPictureError, as_error, open_stream
from nst_core.images.unsupported import UnsupportedKindError


def encoded(form, size=(6, 4)):
    stream = io.BytesIO()
    PIL.Image.new("RGB", size, "teal").save(stream, form)
    return stream.getvalue()


def line_of(*arguments, call, match):
    with pytest.raises(PictureError, match=match) as error:
        call(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_file_is_opened_at_its_beginning(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"content")
    with open_stream(path) as stream:
        assert (stream.tell(), stream.read()) == (0, b"content")


@pytest.mark.parametrize(("make", "reason"), [
    (lambda path: path.mkdir(), "it is a directory; name one picture"),
    (lambda path: None, "no such file; check the path"),
    (os.mkfifo, "it is a pipe or device; save the picture to a file"),
    (lambda path: path.symlink_to(path), "Too many levels of symbolic links; check the path"),
])  # fmt: skip
def test_what_is_no_file_is_refused(tmp_path, make, reason):
    path = tmp_path / "a"
    make(path)
    line = line_of(path, call=open_stream, match="can't read ")
    assert line == f"can't read {path}: {reason}"


def test_a_file_without_permission_and_a_nul_in_a_path(monkeypatch, tmp_path):
    assert line_of("a\0b", call=open_stream, match="no such file").endswith("; check the path")

    def denied(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(opening.Path, "stat", denied)
    line = line_of(tmp_path / "a", call=open_stream, match="no permission")
    assert line.endswith("; make the file and its directories readable")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF"])
def test_the_reader_is_that_of_the_content(tmp_path, form):
    stream = io.BytesIO(encoded(form))
    found = opening.reader_of("wrong-extension.txt", stream)
    assert found.form == form
    with opening.opened("a", stream, found) as picture:
        assert picture.size == (6, 4)


def test_no_picture_and_nothing():
    line = line_of(
        "a.png", io.BytesIO(b"hello, world, hello"), call=opening.reader_of, match="not a"
    )
    assert line.startswith("can't read a.png: not a JPEG, PNG, ")
    assert line.endswith("; convert it to one of these")
    line = line_of("a", io.BytesIO(), call=opening.reader_of, match="empty")
    assert line == "can't read a: the file is empty; get a fresh copy"


def test_a_header_without_pixels_is_corrupt():
    data = bytearray(encoded("BMP"))
    data[18:22] = struct.pack("<i", 0)  # the width
    stream = io.BytesIO(bytes(data))
    its_reader = opening.reader_of("a", stream)
    with (
        pytest.raises(CorruptPictureError, match="truncated or corrupt BMP"),
        opening.opened("a", stream, its_reader),
    ):
        pass


def test_the_limit_is_the_number_of_pixels():
    picture = PIL.Image.new("1", (30, 20))
    opening.check_size("a", picture, 600)
    line = line_of("a", picture, 599, call=opening.check_size, match="600")
    assert line == (
        "can't read a: 30 x 20 pixels are more than 599; if you trust the file, raise the limit by "
        "--max-pixels 600"
    )


@pytest.mark.parametrize(("error", "kind", "line"), [
    (MemoryError(), PictureError, "not enough memory to decode it; use a smaller picture"),
    (UnsupportedKindError("it is odd; save it"), PictureError, "it is odd; save it"),
    (PIL.Image.DecompressionBombError(), PictureError,
     "more pixels than Pillow decodes from WEBP; convert it to PNG or make it smaller"),
    (OSError("bad\n data"), CorruptPictureError,
     "truncated or corrupt WEBP (bad data); get a fresh copy"),
    (IndexError(), CorruptPictureError, "truncated or corrupt WEBP (IndexError); get a fresh copy"),
    (ValueError("x" * 500), CorruptPictureError,
     f"truncated or corrupt WEBP ({'x' * 120}); get a fresh copy"),
])  # fmt: skip
def test_any_error_of_a_decoder_is_one_line(error, kind, line):
    with pytest.raises(PictureError) as found, as_error("a", "WEBP"):
        raise error
    assert type(found.value) is kind
    assert str(found.value) == f"can't read a: {line}"
    assert found.value.__cause__ is error


def test_own_errors_and_interrupts_pass():
    for error in (PictureError("as it is"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as found, as_error("a", None):
            raise error
        assert found.value is error
