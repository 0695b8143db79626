"""How much the MXNet tab's resizing differs from nst's, which is Pillow's on every backend.

`mx.image.imresize` is OpenCV's bilinear filter: it uses the four nearest pixels, however much a
picture shrinks. Pillow's, and torchvision's, averages over all pixels that a new pixel covers. So
the presets of the MXNet tabs agree with their documents only for pictures that have the size
already.
"""

import numpy as np
from documents.material import picture
from PIL import Image

SIZE = (48, 32)  # (w, h)


def resized(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the document's picture and nst's, 8-bit values as float."""
    from documents.d2l_mxnet import imresize

    pillow = np.asarray(Image.fromarray(image).resize(SIZE, Image.Resampling.BILINEAR), float)
    return imresize(image, SIZE).astype(float), pillow


def test_same_where_there_is_nothing_to_resize(require_framework):
    require_framework("mxnet")
    document, pillow = resized(picture(3, 32, 48))
    np.testing.assert_array_equal(document, pillow)


def test_differs_where_a_picture_is_made_smaller(require_framework):
    require_framework("mxnet")
    difference = np.abs(np.subtract(*resized(picture(3, 200, 300))))
    # Of 255 levels; measured 15.9 and 69. If OpenCV's were antialiased, only rounding would differ.
    assert 8 < difference.mean() < 32
    assert 35 < difference.max() < 140
