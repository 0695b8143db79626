"""Measure the mean activations in ``nst_core.weights.oxford.MEAN_ACTIVATIONS``.

Run it as ``python -m nst_core.weights.measure_activations PICTURE...``. The forward pass uses NumPy
only, so that the constants depend on no framework. It takes about 100 GFLOP per picture, which is
some seconds.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from nst_core.arrays import Array, Image
from nst_core.backend import MEAN, STD
from nst_core.errors import NstError, PictureError
from nst_core.system.files import display_path
from nst_core.vgg19 import LAYERS
from nst_core.weights import bundled
from nst_core.weights.oxford import MEAN_ACTIVATIONS

HEIGHT, WIDTH = 300, 450


def main(arguments: Sequence[str]) -> int:
    """Print the measured mean and the constant of each convolution.

    Args:
        arguments: Paths of pictures.

    Returns:
        The exit status: 0, or 2 if an argument is wrong.
    """
    if not arguments:
        sys.stderr.write("usage: python -m nst_core.weights.measure_activations PICTURE...\n")
        return 2
    try:
        arrays = bundled.unscaled()
        pictures = [_read(Path(argument)) for argument in arguments]
    except NstError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    measured = [mean_activations(arrays, picture) for picture in pictures]
    for name, constant in MEAN_ACTIVATIONS.items():
        mean = sum(values[name] for values in measured) / len(measured)
        sys.stdout.write(
            f"{name} measured {mean:8.3f} constant {constant:8.3f} ratio {constant / mean:.4f}\n"
        )
    return 0


def mean_activations(arrays: Mapping[str, Array], image: Image) -> dict[str, float]:
    """Return the mean of each convolution's output after its ReLU.

    Args:
        arrays: Canonical names and shapes; everything is computed in their dtype.
        image: (H, W, 3) RGB in [0, 1], with sides of at least 16.

    Returns:
        The mean over channels and pixels, by convolution: conv1_1 ... conv5_4.
    """
    dtype = arrays["conv1_1.weight"].dtype
    x = ((image - MEAN) / STD).transpose(2, 0, 1).astype(dtype)
    result: dict[str, float] = {}
    for layer in LAYERS:
        if layer.kind == "conv":
            x = convolve_3x3(x, arrays[f"{layer.name}.weight"], arrays[f"{layer.name}.bias"])
            np.maximum(x, 0, out=x)
            result[layer.name] = float(x.mean(dtype=np.float64))
        elif layer.kind == "pool":
            height, width = (side // 2 * 2 for side in x.shape[1:])
            rows = np.maximum(x[:, 0:height:2, :width], x[:, 1:height:2, :width])
            x = np.maximum(rows[:, :, 0::2], rows[:, :, 1::2])
    return result


def convolve_3x3(x: Array, weight: Array, bias: Array) -> Array:
    """Return the 3x3 convolution with stride 1 and zero padding 1.

    Args:
        x: (I, H, W).
        weight: (O, I, 3, 3).
        bias: (O,).

    Returns:
        (O, H, W).
    """
    channels, height, width = x.shape
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    result: Array = np.repeat(bias[:, None], height * width, axis=1)
    for row in range(3):
        for column in range(3):
            shifted = padded[:, row : row + height, column : column + width]
            # NumPy only uses BLAS for contiguous matrices; without it this is 20 times slower.
            kernel = np.ascontiguousarray(weight[:, :, row, column])
            result += kernel @ shifted.reshape(channels, -1)
    return result.reshape(-1, height, width)


def _read(path: Path) -> Image:
    try:
        with PillowImage.open(path) as picture:
            small = picture.convert("RGB").resize((WIDTH, HEIGHT), PillowImage.Resampling.BILINEAR)
    except OSError as error:
        raise PictureError(f"{display_path(path)} can't be read as a picture") from error
    return np.asarray(small, dtype=np.float32) / 255


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
