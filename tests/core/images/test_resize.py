"""Resizing, arrays of users, and rounding to 8 and 16 bits."""

import numpy as np
import PIL.Image
import pytest

from nst_core.errors import PictureError
from nst_core.images import from_array, resize_picture, to_8bit, truncate_to_8bit
from nst_core.images.resize import resize_image, to_16bit


@pytest.fixture
def picture():
    pixels = np.random.default_rng(0).integers(0, 256, (37, 53, 3), dtype=np.uint8)
    return PIL.Image.fromarray(pixels)


@pytest.mark.parametrize(
    ("height", "width"), [(20, 30), (37, 53), (37, 20), (100, 150), (1, 1), (7, 200)]
)
def test_resizing_is_torchvisions_resize(picture, height, width):
    from torchvision.transforms import Resize
    from torchvision.transforms.functional import to_tensor

    expected = to_tensor(Resize((height, width))(picture)).permute(1, 2, 0).numpy()
    fitted = resize_picture(picture, height=height, width=width)
    assert fitted.shape == (height, width, 3)
    assert fitted.dtype == np.float32
    np.testing.assert_array_equal(fitted, expected)


def test_resizing_at_the_same_size_divides_by_255(picture):
    fitted = resize_picture(picture, height=37, width=53)
    np.testing.assert_array_equal(fitted, np.asarray(picture).astype(np.float32) / 255)
    assert fitted.min() == 0
    assert fitted.max() == 1


def test_resizing_returns_an_array_that_may_be_changed(picture):
    before = np.asarray(picture).copy()
    fitted = resize_picture(picture, height=37, width=53)
    fitted[:] = 0
    np.testing.assert_array_equal(np.asarray(picture), before)


def test_resizing_another_mode_composites_over_white():
    fitted = resize_picture(PIL.Image.new("RGBA", (4, 2), (255, 0, 0, 0)), height=2, width=4)
    np.testing.assert_array_equal(fitted, np.ones((2, 4, 3)))


@pytest.mark.parametrize(("height", "width"), [(0, 5), (5, 0), (-1, 5)])
def test_resizing_refuses_sides_below_one(picture, height, width):
    with pytest.raises(PictureError, match="at least 1 pixel"):
        resize_picture(picture, height=height, width=width)


def test_all_8bit_values_come_back():
    values = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    fitted = resize_picture(PIL.Image.fromarray(values), height=16, width=16)
    np.testing.assert_array_equal(to_8bit(fitted), values)
    np.testing.assert_array_equal(to_8bit(fitted.astype(np.float64)), values)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_to_8bit_clips_and_rounds_half_to_even(dtype):
    image = np.array([[[-0.5, 0.5 / 255, 1.5 / 255], [2.5 / 255, 0.5, 1.5]]], dtype=np.float64)
    # 127.5 is a tie exactly, in either type; the others are ties as far as float64 goes.
    expected = [[[0, 0, 2], [2, 128, 255]]]
    np.testing.assert_array_equal(to_8bit(image), expected)
    ties = np.full((1, 1, 3), 0.5, dtype=dtype)
    assert to_8bit(ties).dtype == np.uint8
    np.testing.assert_array_equal(to_8bit(ties), 128)


def test_to_8bit_leaves_its_argument_alone():
    image = np.full((1, 1, 3), 2.0, dtype=np.float32)
    to_8bit(image)
    assert image.max() == 2


def test_to_8bit_of_half_precision():
    image = np.linspace(0, 1, 300, dtype=np.float16).reshape(10, 10, 3)
    np.testing.assert_array_equal(to_8bit(image), to_8bit(image.astype(np.float64)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_to_8bit_refuses_what_is_not_finite(value):
    image = np.zeros((2, 2, 3), dtype=np.float32)
    image[1, 1, 1] = value
    with pytest.raises(PictureError, match=r"^image holds NaN or infinite values \(1 of 12\)"):
        to_8bit(image)
    with pytest.raises(PictureError, match="image holds NaN"):
        from_array(image)


def test_from_array():
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    for array in (pixels, pixels.astype(np.float32) / 255, pixels.astype(np.float64) / 255):
        picture = from_array(array)
        assert picture.mode == "RGB"
        assert picture.size == (4, 2)
        np.testing.assert_array_equal(np.asarray(picture), pixels)
    # Neither contiguous nor native in byte order.
    np.testing.assert_array_equal(np.asarray(from_array(pixels[::-1])), pixels[::-1])
    swapped = (pixels / 255).astype(">f4")
    np.testing.assert_array_equal(np.asarray(from_array(swapped)), pixels)


def test_from_array_clips():
    picture = from_array(np.array([[[-1.0, 0.5, 2.0]]]))
    np.testing.assert_array_equal(np.asarray(picture), [[[0, 128, 255]]])


@pytest.mark.parametrize(
    "shape", [(4, 4), (4, 4, 1), (4, 4, 4), (3, 4, 4), (1, 4, 4, 3), (0, 4, 3)]
)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_other_shapes(shape, dtype):
    with pytest.raises(PictureError, match=r"give \(height, width, 3\)"):
        from_array(np.zeros(shape, dtype=dtype))


@pytest.mark.parametrize("dtype", [np.int64, np.uint16, bool, np.complex64])
def test_other_types(dtype):
    with pytest.raises(PictureError, match="give uint8, or floating point"):
        from_array(np.zeros((2, 2, 3), dtype=dtype))


def test_truncating_cuts_the_fractions_off():
    image = np.array([[[-0.5, 0.999 / 255, 1.001 / 255], [0.5, 254.999 / 255, 1.5]]])
    picture = truncate_to_8bit(image)
    assert picture.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(picture), [[[0, 0, 1], [127, 254, 255]]])
    with pytest.raises(PictureError, match="image holds NaN"):
        truncate_to_8bit(np.full((2, 2, 3), np.nan))


def test_truncating_is_torchvisions_to_pil_image():
    torch = pytest.importorskip("torch")
    from torchvision.transforms.functional import to_pil_image

    image = np.random.default_rng(0).uniform(-0.2, 1.2, (20, 30, 3)).astype(np.float32)
    expected = to_pil_image(torch.from_numpy(image).permute(2, 0, 1).clamp(0, 1))
    np.testing.assert_array_equal(np.asarray(truncate_to_8bit(image)), np.asarray(expected))


def test_16_bits_are_clipped_and_rounded():
    image = np.array([[[-0.5, 0.4 / 65535, 0.6 / 65535], [0.5, 65534.6 / 65535, 1.5]]])
    found = to_16bit(image)
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found, [[[0, 0, 1], [32768, 65535, 65535]]])


def test_an_image_is_resized_without_rounding_or_clipping():
    image = np.random.default_rng(0).uniform(-1, 2, (8, 12, 3)).astype(np.float32)
    half = resize_image(image, height=4, width=6)
    assert (half.shape, half.dtype) == ((4, 6, 3), np.float32)
    assert half.min() < -0.05
    # Antialiased: halving is not the mean of two by two, but keeps the mean of the whole.
    np.testing.assert_allclose(half.mean(axis=(0, 1)), image.mean(axis=(0, 1)), atol=0.1)
    flat = np.full((5, 7, 3), 1.23456789, np.float32)
    np.testing.assert_allclose(resize_image(flat, height=9, width=4), 1.23456789, rtol=1e-6)
    assert resize_image(image, height=8, width=12) is image


def test_an_image_is_resized_as_torchvision_does():
    torch = pytest.importorskip("torch")
    from torchvision.transforms.functional import resize

    image = np.random.default_rng(0).uniform(-1, 2, (20, 30, 3)).astype(np.float32)
    for size in ((10, 15), (40, 25)):
        tensor = torch.from_numpy(image).permute(2, 0, 1)
        expected = resize(tensor, list(size), antialias=True).permute(1, 2, 0).numpy()
        found = resize_image(image, height=size[0], width=size[1])
        np.testing.assert_allclose(found, expected, atol=1e-5)
