"""VGG-19: the features of an image, as a pure function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from nst_core.arrays import Array
from nst_core.backend import DType
from nst_core.vgg19 import Layer, blocks, layers_until
from nst_jax._framework import Tensor
from nst_jax.convolution import convolve
from nst_jax.padding import pad
from nst_jax.pooling import pool
from nst_jax.program import Program

Parameters = Mapping[str, Tensor]
"""``conv1_1.weight`` (3, 3, I, O), ``conv1_1.bias`` (O,) ..."""


def parameters(
    weights: Mapping[str, Array], taps: Sequence[str], *, device: Any, dtype: DType
) -> Parameters:
    """Return the canonical weights that ``taps`` need as JAX has them, on a device.

    Args:
        weights: See ``nst_core.backend.Problem``.
        taps: The taps that are compared.
        device: A device of JAX.
        dtype: The dtype of the parameters.
    """
    found = {}
    for layer in layers_until(taps):
        if layer.kind == "conv":
            kernel = np.asarray(weights[f"{layer.name}.weight"]).transpose(2, 3, 1, 0)
            bias = np.asarray(weights[f"{layer.name}.bias"])
            for name, array in (("weight", kernel), ("bias", bias)):
                copy = np.array(array, dtype=dtype, order="C")
                found[f"{layer.name}.{name}"] = jax.device_put(copy, device)
    return found


def features(program: Program, given: Parameters, x: Tensor) -> dict[str, Tensor]:
    """Return tap -> features (H, W, C) of the normalised image ``x`` (H, W, 3)."""
    found: dict[str, Tensor] = {}
    for block in blocks(layers_until(program.taps())):

        def compute(x: Tensor, block: Sequence[Layer] = block) -> tuple[Tensor, dict[str, Tensor]]:
            return _block(program, given, block, x)

        # Not in the list of what the old version exports.
        checkpoint: Any = jax.checkpoint  # type: ignore[attr-defined]
        x, tapped = (checkpoint(compute) if program.checkpointing else compute)(x)
        found |= tapped
    return found


def _block(
    program: Program, given: Parameters, block: Sequence[Layer], x: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    found = {}
    for layer in block:
        x = _layer(program, given, layer, x)
        if layer.name in program.taps():
            found[layer.name] = x
    return x, found


def _layer(program: Program, given: Parameters, layer: Layer, x: Tensor) -> Tensor:
    if layer.kind == "relu":
        return jax.nn.relu(x)
    if layer.kind == "pool":
        return pool(x, program.architecture.pooling)
    padding = program.architecture.padding if layer.name == "conv1_1" else "zero"
    kernel, bias = given[f"{layer.name}.weight"], given[f"{layer.name}.bias"]
    return convolve(pad(x, padding), kernel, program.arithmetic) + bias
