"""The convolutional part of VGG-19 as data: names of taps, indices, shapes, operation counts.

Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition"
(2015), configuration E: sixteen 3x3 convolutions (stride 1, zero padding 1), each followed by a
ReLU. They form five blocks of 2, 2, 4, 4 and 4 convolutions; each block ends with a 2x2 max-pooling
of stride 2.

A *tap* is a layer whose output is used as features: ``conv4_4`` is the output of that convolution,
``relu4_4`` is the output of its ReLU. The documents' indices 0...36 are the positions of the layers
in ``features`` of torchvision and Gluon. Here an index always means the output of the layer itself,
even where an in-place ReLU overwrites it afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType

from nst_core.errors import SpecError

CONVOLUTIONS_PER_BLOCK = (2, 2, 4, 4, 4)
CHANNELS_PER_BLOCK = (64, 128, 256, 512, 512)


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of ``features``.

    Attributes:
        index: Position in torchvision's and Gluon's ``features``, 0...36.
        name: ``conv1_1``, ``relu1_1``, ``pool1``, ...
        kind: ``conv``, ``relu`` or ``pool``.
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        poolings: The number of poolings up to this layer's output; a ``pool`` counts itself.
    """

    index: int
    name: str
    kind: str
    in_channels: int
    out_channels: int
    poolings: int

    @property
    def block(self) -> int:
        """The number of its block, 1...5; a ``pool`` closes its block."""
        return self.poolings + (self.kind != "pool")

    @property
    def conv(self) -> str:
        """The name of the convolution that a convolution or ReLU belongs to: ``conv1_1``."""
        return self.name.replace("relu", "conv")

    @property
    def relu(self) -> str:
        """The name of the ReLU that a convolution or ReLU belongs to: ``relu1_1``."""
        return self.name.replace("conv", "relu")


def _layers() -> Iterator[Layer]:
    index, channels = 0, 3
    for block, (count, width) in enumerate(
        zip(CONVOLUTIONS_PER_BLOCK, CHANNELS_PER_BLOCK, strict=True)
    ):
        for position in range(1, count + 1):
            suffix = f"{block + 1}_{position}"
            yield Layer(index, f"conv{suffix}", "conv", channels, width, block)
            yield Layer(index + 1, f"relu{suffix}", "relu", width, width, block)
            index, channels = index + 2, width
        yield Layer(index, f"pool{block + 1}", "pool", width, width, block + 1)
        index += 1


LAYERS: tuple[Layer, ...] = tuple(_layers())
"""All 37 layers in order."""

BY_NAME: Mapping[str, Layer] = MappingProxyType({layer.name: layer for layer in LAYERS})
CONVOLUTIONS: tuple[Layer, ...] = tuple(layer for layer in LAYERS if layer.kind == "conv")
TAPS: tuple[str, ...] = tuple(layer.name for layer in LAYERS if layer.kind != "pool")
"""Names that a spec may use, in the order of the network."""


def deepest(taps: Iterable[str]) -> str:
    """Return the deepest of some taps; at least one has to be given."""
    return max(taps, key=TAPS.index)


def tap_name(tap: str | int) -> str:
    """Return the canonical name of a tap.

    Args:
        tap: A name, or the documents' index.

    Raises:
        SpecError: it is not a convolution or a ReLU of VGG-19.
    """
    text = str(tap).strip().lower()
    if text.isdecimal():
        index = int(text)
        if index < len(LAYERS) and LAYERS[index].kind != "pool":
            return LAYERS[index].name
    elif text in BY_NAME and BY_NAME[text].kind != "pool":
        return text
    raise SpecError(
        f"unknown tap {tap!r}: allowed are conv1_1 ... conv5_4, relu1_1 ... relu5_4, "
        "or an index 0 ... 35 that is not a pooling's (4, 9, 18, 27)"
    )


def layers_until(taps: Iterable[str]) -> tuple[Layer, ...]:
    """Return the layers that are needed for ``taps``: from the first layer to the last of them."""
    last = max(BY_NAME[tap].index for tap in taps)
    return LAYERS[: last + 1]


def blocks(layers: Iterable[Layer]) -> tuple[tuple[Layer, ...], ...]:
    """Return consecutive layers in groups, one group per block."""
    return tuple(tuple(group) for _, group in groupby(layers, key=lambda layer: layer.block))


def parameter_count(layers: Sequence[Layer]) -> int:
    """Return the number of parameters (kernels and biases) of the convolutions in ``layers``."""
    return sum(
        layer.out_channels * (9 * layer.in_channels + 1) for layer in layers if layer.kind == "conv"
    )


def smallest_side(taps: Iterable[str]) -> int:
    """Return the least height and width, in pixels, with which every tap has at least one value."""
    poolings = max(BY_NAME[tap].poolings for tap in taps)
    # The total variation needs two pixels, whatever the taps are.
    return max(2, int(2**poolings))


def feature_shape(tap: str, *, height: int, width: int) -> tuple[int, int, int]:
    """Return the shape (C, H, W) of a tap's features for an image of ``height`` x ``width``."""
    layer = BY_NAME[tap]
    return layer.out_channels, height >> layer.poolings, width >> layer.poolings


def convolution_flops(taps: Iterable[str], *, height: int, width: int) -> int:
    """Return the number of floating-point operations of one forward pass up to the last tap.

    The convolutions are counted as direct ones, with two operations per multiply-add. ReLU, pooling
    and bias are left out; they are less than 1 %. The gradient with respect to the image, with
    constant weights, takes the same number again.
    """
    return sum(
        2
        * 9
        * layer.in_channels
        * layer.out_channels
        * (height >> layer.poolings)
        * (width >> layer.poolings)
        for layer in layers_until(taps)
        if layer.kind == "conv"
    )
