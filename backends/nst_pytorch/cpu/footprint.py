"""The memory of ``WinogradNetwork``, computed from its plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

import torch

from nst_pytorch.cpu.buffers import INPUT_TILES, PIXELS, V
from nst_pytorch.cpu.convolution import ConvolutionPlan, shared_buffer_sizes
from nst_pytorch.cpu.layer_plan import NetworkPlan
from nst_pytorch.cpu.winograd import BlockShape
from nst_pytorch.thread_pool import thread_pool


def winograd_bytes(
    taps: Sequence[str], size: tuple[int, int], dtype: torch.dtype, products: torch.dtype
) -> tuple[float, float]:
    """Return the bytes of the kernels, and of the maps and buffers, for images of ``size``."""
    plan = NetworkPlan.of(taps, size=size)
    kernels = sum(36 * one.ins * one.outs for one in plan.convolutions)
    needs = _scratch_sizes(plan.convolutions, dtype, products)
    scratch = thread_pool().count * sum(needs.values())
    shared = sum(shared_buffer_sizes(plan.convolutions, products).values())
    # The image, and its gradient in tile blocks.
    planes = 2 * 3 * prod(plan.first.padded_size)
    maps = plan.map_bytes(dtype)
    exact, rounded = dtype.itemsize, products.itemsize
    return kernels * rounded, maps + (scratch + planes) * exact + shared * rounded


def _scratch_sizes(
    plans: Iterable[ConvolutionPlan], dtype: torch.dtype, products: torch.dtype
) -> dict[str, int]:
    """Return buffer -> the number of values in it, of one worker."""
    sizes: dict[str, int] = {}
    for blocks, ins, outs, splits_products in plans:
        for block in blocks:
            needs = [
                BlockShape(
                    block.rows, block.columns, *pair, dtype, products, splits_products
                ).buffer_sizes()
                for pair in ((ins, outs), (outs, ins))
            ]
            # Poolings and ReLUs put their temporary values into the buffers of the transforms.
            pixels = 16 * (block.rows + 1) * (block.columns + 1) * outs
            needs.append({PIXELS: pixels, INPUT_TILES: pixels, V: pixels // 4})
            for name, count in (pair for need in needs for pair in need.items()):
                sizes[name] = max(sizes.get(name, 0), count)
    return sizes
