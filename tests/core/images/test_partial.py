"""What there is of a file that lacks its end: the share, the fill, and when it is refused."""

import io

import numpy as np
import PIL.Image
import pytest

from nst_core.errors import PictureError
from nst_core.images.opening import CorruptPictureError, reader_of
from nst_core.images.partial import nearly_whole

# Rows of single colours, in strips of one row: what is missing is known exactly.
ROWS = np.repeat(np.arange(40, dtype=np.uint8)[:, None, None] * 6, 50, axis=1).repeat(3, axis=2)


def bmp():
    stream = io.BytesIO()
    PIL.Image.fromarray(ROWS[::-1]).save(stream, "BMP")
    return stream.getvalue()


def read(data, *, failure=None, max_pixels=2000):
    stream = io.BytesIO(data)
    its_reader = reader_of("a", stream)
    return nearly_whole("a", stream, its_reader, max_pixels=max_pixels, failure=failure)


ROW_BYTES = 152  # 50 pixels of 3 bytes, padded to a multiple of 4


@pytest.mark.parametrize(("rows", "share"), [(1, "2.5%"), (4, "10.0%")])
def test_missing_rows_are_counted_and_repeat_those_next_to_them(rows, share):
    # A BMP is stored from the bottom: the top rows of the picture are missing.
    found = read(bmp()[: -rows * ROW_BYTES])
    assert found.notes == (f"a lacks its end: {share} of the picture is missing; get a fresh copy",)
    pixels = np.asarray(found.straight)
    np.testing.assert_array_equal(pixels[rows:], ROWS[::-1][rows:])
    np.testing.assert_array_equal(pixels[:rows], ROWS[::-1][[rows] * rows])


@pytest.mark.parametrize(("rows", "share"), [(5, "12%"), (20, "50%"), (39, "98%")])
def test_more_than_a_tenth_is_refused(rows, share):
    with pytest.raises(CorruptPictureError, match=rf"\({share} of the picture is missing\); get"):
        read(bmp()[: -rows * ROW_BYTES])


def jpeg():
    stream = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    PIL.Image.fromarray(noise).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def test_only_the_end_mark_is_missing():
    found = read(jpeg()[:-2], max_pixels=4096)
    assert found.notes == ("a lacks its end: no pixel is missing; get a fresh copy",)
    with PIL.Image.open(io.BytesIO(jpeg())) as whole:
        np.testing.assert_array_equal(np.asarray(found.straight), np.asarray(whole.convert("RGB")))


def test_what_is_measured_is_never_less_than_what_is_wrong():
    data = jpeg()
    with PIL.Image.open(io.BytesIO(data)) as picture:
        whole = np.asarray(picture.convert("RGB")).astype(int)
    found = read(data[: len(data) * 96 // 100], max_pixels=4096)
    share = float(found.notes[0].partition("% of")[0].rpartition(" ")[2]) / 100
    wrong = (np.asarray(found.straight).astype(int) != whole).any(axis=2).mean()
    assert 0 < wrong <= share + 0.005 <= 0.1


def test_a_file_that_is_not_truncated_keeps_its_first_error():
    failure = CorruptPictureError("the first error")
    with pytest.raises(CorruptPictureError) as found:
        read(bmp(), failure=failure)
    assert found.value is failure
    assert read(bmp()).notes == ()


def test_the_limit_holds():
    with pytest.raises(PictureError, match="50 x 40 pixels are more than 1999"):
        read(bmp()[:-ROW_BYTES], max_pixels=1999)
