"""Conversion of the original Oxford VGG-19 (Caffe) to the canonical form.

The original network takes BGR in 0...255 minus a mean colour. Its activations are hundreds of times
as large as those of torchvision's network, so the documents' loss weights would not suit it. Both
differences are folded into the weights here.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nst_core.arrays import Array
from nst_core.backend import STD
from nst_core.vgg19 import CONVOLUTIONS

MEAN_ACTIVATIONS: Mapping[str, float] = {
    "conv1_1": 22.61,
    "conv1_2": 99.47,
    "conv2_1": 118.1,
    "conv2_2": 114.86,
    "conv3_1": 124.7,
    "conv3_2": 155.41,
    "conv3_3": 324.56,
    "conv3_4": 480.76,
    "conv4_1": 455.82,
    "conv4_2": 289.17,
    "conv4_3": 148.97,
    "conv4_4": 35.77,
    "conv5_1": 36.08,
    "conv5_2": 14.08,
    "conv5_3": 5.53,
    "conv5_4": 0.724,
}
"""The mean of each convolution's output after its ReLU, over photographs and paintings at 300x450.

conv1_1 ... conv5_1 were measured on eleven pictures. conv5_2 ... conv5_4 were measured later, on
six pictures, by ``nst_core.weights.measure_activations``. It gave 36.218 for conv5_1 and 14.129,
5.552 and 0.727 for these three; the three are multiplied by 36.08 / 36.218, to be consistent with
the others. ``bundled`` is defined by these numbers: with another number it would be other weights.
"""


def canonical_from_original(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Convert weights to the canonical input, and rescale them to mean activations of about 1.

    Args:
        arrays: Canonical names and shapes, for BGR in 0...255 minus (103.939, 116.779, 123.68).

    Returns:
        float32 arrays for RGB normalised by the mean and standard deviation of ImageNet. On natural
        images the mean activation after each ReLU is about 1.
    """
    return equalised(folded(arrays))


def folded(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Convert conv1_1 to normalised RGB: reverse its input channels, multiply them by 255 * std.

    The two mean colours differ by at most 0.5 of 255 per channel. This difference is ignored.
    Adding it to the bias would be correct inside the picture, but wrong at the border, where the
    zero padding stands for the mean colour. The tests bound the error.

    Args:
        arrays: As for ``canonical_from_original``.

    Returns:
        The same arrays, except for ``conv1_1.weight``.
    """
    scale = 255 * np.asarray(STD, dtype=np.float64).reshape(1, 3, 1, 1)
    first = (arrays["conv1_1.weight"][:, ::-1] * scale).astype(np.float32)
    return {**arrays, "conv1_1.weight": first}


def equalised(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Scale every layer so that its mean activation on natural images is about 1.

    ReLU and max-pooling are positively homogeneous: relu(a x) = a relu(x) for a > 0. Let a_l be
    1 / (mean activation of layer l), and a_0 = 1. Multiplying the kernel of layer l by
    a_l / a_(l-1) and its bias by a_l multiplies the features of the layer by a_l and changes
    nothing else. Gatys, Ecker and Bethge, "Image Style Transfer Using Convolutional Neural
    Networks" (2016), section 2, rescale the same network in this way, but for each filter
    separately.

    Args:
        arrays: Canonical names and shapes, float32.

    Returns:
        New arrays, float32.
    """
    result: dict[str, Array] = {}
    previous = 1.0
    for layer in CONVOLUTIONS:
        mean = MEAN_ACTIVATIONS[layer.name]
        weight, bias = arrays[f"{layer.name}.weight"], arrays[f"{layer.name}.bias"]
        result[f"{layer.name}.weight"] = weight * np.float32(previous / mean)
        result[f"{layer.name}.bias"] = bias * np.float32(1 / mean)
        previous = mean
    return result
