"""The Laplacian pyramid and its adjoint, pixel by pixel, in float64.

Like `oracle`, to which it belongs, it imports nothing of `nst_core`. Pictures are (3, H, W). A
pyramid is a list of levels, the finest first, and of the residual. Bilinear interpolation with the
outer edges aligned, as in PyTorch with `align_corners=False`.
"""

import numpy as np


def sizes(height, width, levels):
    """Return the sides of the picture and of its successive halvings, while both sides have two."""
    found = [(height, width)]
    while len(found) <= levels and min(found[-1]) > 1:
        found.append((found[-1][0] // 2, found[-1][1] // 2))
    return found


def taps(to, source):
    """Return for every pixel of a row of `to` the pixels of a row of `source` and their shares."""
    found = []
    for pixel in range(to):
        place = (pixel + 0.5) * source / to - 0.5
        place = min(max(place, 0.0), source - 1.0)
        below = int(place)
        above = min(below + 1, source - 1)
        found.append(((below, 1 - (place - below)), (above, place - below)))
    return found


def resize(picture, size):
    height, width = size
    out = np.zeros((3, height, width))
    for row, over in enumerate(taps(height, picture.shape[1])):
        for column, across in enumerate(taps(width, picture.shape[2])):
            for y, p in over:
                for x, q in across:
                    out[:, row, column] += p * q * picture[:, y, x]
    return out


def resize_adjoint(gradient, size):
    """Return the adjoint of `resize` from `size`: each pixel gives back what it took, and where."""
    height, width = size
    out = np.zeros((3, height, width))
    for row, over in enumerate(taps(gradient.shape[1], height)):
        for column, across in enumerate(taps(gradient.shape[2], width)):
            for y, p in over:
                for x, q in across:
                    out[:, y, x] += p * q * gradient[:, row, column]
    return out


def decompose(picture, levels):
    pyramid = []
    for size in sizes(*picture.shape[1:], levels)[1:]:
        halved = resize(picture, size)
        pyramid.append(picture - resize(halved, picture.shape[1:]))
        picture = halved
    return [*pyramid, picture]


def compose(pyramid):
    picture = pyramid[-1]
    for level in reversed(pyramid[:-1]):
        picture = level + resize(picture, level.shape[1:])
    return picture


def compose_adjoint(gradient, levels):
    """Return the gradient with respect to each level, from that with respect to the picture."""
    pyramid = [gradient]
    for size in sizes(*gradient.shape[1:], levels)[1:]:
        pyramid.append(resize_adjoint(pyramid[-1], size))
    return pyramid


def flatten(pyramid):
    """Return a pyramid as one array (N, 3), row by row, the finest level first."""
    return np.concatenate([level.reshape(3, -1).T for level in pyramid])


def unflatten(flat, sides):
    """Return the pyramid that `flatten` made, of levels of these `sizes`."""
    ends = np.cumsum([height * width for height, width in sides])[:-1]
    parts = zip(np.split(flat, ends), sides, strict=True)
    return [np.ascontiguousarray(part.T).reshape(3, *size) for part, size in parts]
