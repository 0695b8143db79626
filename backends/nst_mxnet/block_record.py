"""What the backward pass through a block of VGG-19 needs of the forward pass.

The weights are constants, so it needs no activations, only

- which values the ReLUs let through,
- which values the max pooling chose,
- the features of the taps.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from nst_mxnet._framework import Tensor
from nst_mxnet.pooling import ArgmaxMasks


@dataclass(slots=True)
class BlockRecord:
    """What one block, or one strip of it, leaves for the backward pass.

    Attributes:
        features: Tap -> features (1, C, rows, W).
        masks: ReLU -> where it lets values through, unless features or argmax show it.
        argmax: Max pooling -> which values it chose.
        shapes: Pooling -> shape of what was pooled.
    """

    features: dict[str, Tensor] = field(default_factory=dict)
    masks: dict[str, Tensor] = field(default_factory=dict)
    argmax: dict[str, ArgmaxMasks] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class ForwardPass:
    """What all strips of a block leave for the backward pass.

    Attributes:
        shape: Shape of the block's input, (1, C, H, W).
        x: The input, if the backward pass computes the forward pass again; otherwise None.
        record: The block's record, otherwise.
        argmax: The choices of the max pooling, strip by strip, if the block keeps them.
    """

    shape: tuple[int, int, int, int]
    x: Tensor | None
    record: BlockRecord | None
    argmax: list[ArgmaxMasks] = field(default_factory=list)
