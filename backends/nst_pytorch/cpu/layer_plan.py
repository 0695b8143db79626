"""The shapes and the memory of the CPU engine's layers, known before anything is allocated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import torch

from nst_core.vgg19 import Layer, layers_until
from nst_pytorch.cpu.buffers import padded_shape
from nst_pytorch.cpu.convolution import MAX_SPLIT_TILES, ConvolutionPlan

_Shape = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """One convolution with its ReLU and pooling.

    Attributes:
        conv: The convolution.
        size: (H, W) of its output.
        has_relu: Whether a ReLU follows.
        has_pool: Whether a pooling follows.
        conv_tap: Whether the convolution's output is a tap.
        relu_tap: Whether the ReLU's output is a tap.
    """

    conv: Layer
    size: tuple[int, int]
    has_relu: bool
    has_pool: bool
    conv_tap: bool
    relu_tap: bool

    @classmethod
    def of(
        cls, layers: Sequence[Layer], *, taps: frozenset[str], size: tuple[int, int]
    ) -> LayerPlan:
        """Return the plan of a convolution and of what follows it up to the next one.

        Args:
            layers: The convolution; its ReLU and the pooling, if the network goes that far.
            taps: The names of all taps.
            size: (H, W) of the convolution's output.
        """
        conv, *following = layers
        relu_tap = any(layer.kind == "relu" and layer.name in taps for layer in following)
        return cls(conv, size, len(layers) > 1, len(layers) > 2, conv.name in taps, relu_tap)

    @property
    def has_tap(self) -> bool:
        """Whether any output up to the ReLU is a tap, and so is stored."""
        return self.conv_tap or self.relu_tap

    @property
    def fuses_pool(self) -> bool:
        """Whether the pooling reads the convolution's tile blocks and nothing is stored."""
        return self.has_pool and not self.has_tap

    @property
    def has_mask(self) -> bool:
        """Whether a mask says where the ReLU passes gradients, since neither tap nor code does."""
        return self.has_relu and not (self.fuses_pool or self.has_tap)

    @property
    def padded_shape(self) -> _Shape:
        """The padded shape (H', W', C) of the convolution's output."""
        return padded_shape(*self.size, self.conv.out_channels)

    @property
    def out_size(self) -> tuple[int, int]:
        """(H, W) of the input of the next layer."""
        height, width = self.size
        return (height // 2, width // 2) if self.has_pool else self.size

    @property
    def out_padded_shape(self) -> _Shape:
        """The padded shape (H', W', C) of the input of the next layer."""
        if not self.has_pool:
            return self.padded_shape
        # Space for the pooled values of whole tiles, and for one row and column more.
        least = [2 * -(-length // 4) + 2 for length in self.size]
        return padded_shape(*self.out_size, self.conv.out_channels, least=least)

    @property
    def own_bytes(self) -> int:
        """Bytes of the mask and the pooling codes, which are not shared; see ``tap_values``."""
        mask, codes = prod(self.padded_shape), prod(self.out_padded_shape)
        return self.has_mask * mask + self.has_pool * codes

    @property
    def tap_values(self) -> int:
        """The number of values in the maps of the taps, which are not shared with other layers."""
        return (self.conv_tap + self.relu_tap) * prod(self.padded_shape)

    @property
    def output_values(self) -> int:
        """The number of values that the ping-pong buffer needs: the next layer's input."""
        stored_last = self.relu_tap or (self.conv_tap and not self.has_relu)
        return 0 if stored_last and not self.has_pool else prod(self.out_padded_shape)

    @property
    def unpooled_values(self) -> int:
        """The number of values that the buffer between a ReLU, no tap, and its pooling needs."""
        needed = self.has_pool and not (self.fuses_pool or self.relu_tap)
        return prod(self.padded_shape) if needed else 0


@dataclass(frozen=True, slots=True)
class FirstLayerPlan:
    """conv1_1 with its ReLU; see ``first_layer``.

    Attributes:
        conv: The convolution.
        size: (H, W) of the image.
        has_relu: Whether the network goes as far as the ReLU.
        taps: The names of the taps here, in the order of the network.
    """

    conv: Layer
    size: tuple[int, int]
    has_relu: bool
    taps: tuple[str, ...]

    @property
    def padded_size(self) -> tuple[int, int]:
        """(H', W') of its output with the padding that the other layers expect."""
        return padded_shape(*self.size, self.conv.out_channels)[:2]


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """All layers up to the deepest tap.

    Attributes:
        first: conv1_1 with its ReLU.
        layers: The others.
        convolutions: How the convolutions of ``layers`` are split among the workers.
    """

    first: FirstLayerPlan
    layers: tuple[LayerPlan, ...]
    convolutions: tuple[ConvolutionPlan, ...]

    @classmethod
    def of(
        cls,
        taps: Sequence[str],
        *,
        size: tuple[int, int],
        max_split_tiles: int = MAX_SPLIT_TILES,
    ) -> NetworkPlan:
        """Return the plan for images of ``size`` (H, W)."""
        names = frozenset(taps)
        (conv, *following), *others = _split_at_convolutions(layers_until(taps))
        tapped = tuple(layer.name for layer in (conv, *following) if layer.name in names)
        first = FirstLayerPlan(conv, size, bool(following), tapped)
        layers: list[LayerPlan] = []
        for group in others:
            layers.append(LayerPlan.of(group, taps=names, size=size))
            size = layers[-1].out_size
        convolutions = (
            ConvolutionPlan.of(
                plan.size,
                plan.conv.in_channels,
                plan.conv.out_channels,
                max_split_tiles=max_split_tiles,
            )
            for plan in layers
        )
        return cls(first, tuple(layers), tuple(convolutions))

    @property
    def ping_pong_values(self) -> tuple[int, int]:
        """The numbers of values of the two buffers that the layers write to alternately."""
        even, odd = (
            max((plan.output_values for plan in self.layers[start::2]), default=0)
            for start in (0, 1)
        )
        return even, odd

    @property
    def unpooled_values(self) -> int:
        """The number of values of the buffer between a ReLU and its pooling."""
        return max((plan.unpooled_values for plan in self.layers), default=0)

    def map_bytes(self, dtype: torch.dtype) -> int:
        """Return the bytes of all maps, masks and codes."""
        taps = sum(plan.tap_values for plan in self.layers)
        values = taps + sum(self.ping_pong_values) + self.unpooled_values
        return values * dtype.itemsize + sum(plan.own_bytes for plan in self.layers)


def _split_at_convolutions(layers: Sequence[Layer]) -> list[list[Layer]]:
    """Return groups of layers: each convolution with what follows it."""
    groups: list[list[Layer]] = []
    for layer in layers:
        if layer.kind == "conv":
            groups.append([])
        groups[-1].append(layer)
    return groups
