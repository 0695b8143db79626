"""From the original Oxford VGG-19 (Caffe) to the canonical form.

The original network takes BGR, 0...255, minus a mean colour, and its activations are hundreds of
times larger than torchvision's, so that the documents' loss weights mean nothing on it as it is.
Both differences are folded into the weights here.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nst_core.arrays import Array
from nst_core.vgg19 import CONVOLUTIONS

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""ImageNet's mean and standard deviation of R, G, B in [0, 1]."""

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
"""Mean of each layer's output after the ReLU, over photographs and paintings at 300x450.

conv1_1 ... conv5_1 come from eleven pictures. conv5_2 ... conv5_4 were measured later by
``nst_core.weights.measure_activations`` over six pictures, which gave 14.129, 5.552 and
0.727 there and
36.218 at conv5_1; they are multiplied by 36.08 / 36.218, so that the list goes on as it began.
They are part of what ``bundled`` means: another number is another set of weights.
"""


def canonical_from_original(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Fold the original's input convention and equalise its activations.

    Args:
        arrays: Canonical names and shapes, for BGR 0...255 minus (103.939, 116.779, 123.68).

    Returns:
        float32 arrays for RGB normalised by ImageNet's mean and std, whose mean activation after
        each ReLU is about 1 on natural images.
    """
    return equalised(folded(arrays))


def folded(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Let conv1_1 take normalised RGB: flip its input channels, multiply them by std * 255.

    The two means differ by at most 0.5 of 255 a channel. Putting that into the bias would be right
    inside the picture and wrong at its border, where the zero padding is the mean colour; it is
    left out, and bounded in the tests.
    """
    scale = 255 * np.asarray(STD, dtype=np.float64).reshape(1, 3, 1, 1)
    first = (arrays["conv1_1.weight"][:, ::-1] * scale).astype(np.float32)
    return {**arrays, "conv1_1.weight": first}


def equalised(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Scale every layer so that its mean activation over natural images is about 1.

    A ReLU is positively homogeneous, relu(a x) = a relu(x) for a > 0, and so is max-pooling. With
    a_l = 1 / (layer l's mean activation) and a_0 = 1, multiplying layer l's kernel by
    a_l / a_(l-1) and its bias by a_l multiplies its features by a_l and changes nothing else.
    Gatys, Ecker and Bethge, "Image Style Transfer Using Convolutional Neural Networks" (2016),
    section 2, rescale the same network so, but each filter by itself.
    """
    result: dict[str, Array] = {}
    before = 1.0
    for layer in CONVOLUTIONS:
        mean = MEAN_ACTIVATIONS[layer.name]
        weight, bias = arrays[f"{layer.name}.weight"], arrays[f"{layer.name}.bias"]
        result[f"{layer.name}.weight"] = weight * np.float32(before / mean)
        result[f"{layer.name}.bias"] = bias * np.float32(1 / mean)
        before = mean
    return result
