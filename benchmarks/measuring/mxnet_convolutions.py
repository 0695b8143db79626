"""One layer's convolution in MXNet: its own, and Winograd's F(4x4, 3x3) made of its operators.

``benchmarks/mxnet_winograd.py`` describes both. The arrays are those of ``mx.nd``, whose operators
take ``out``.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from nst_core.vgg19 import BY_NAME, feature_shape
from nst_mxnet._framework import THREADS, Tensor, mx

__all__ = ["THREADS", "measure"]

STRIPS = (2, 8, 1000)
"""Heights of strips that are tried: rows of tiles that are computed at once."""

_B = (
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
_G = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)
_A = ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1))


class Strips:
    """A convolution with Winograd's algorithm, for images (H, W, I).

    Args:
        weight: The kernels, (O, I, 3, 3).
        height: H.
        width: W.
        rows: The number of rows of tiles that are computed at once.
    """

    def __init__(self, weight: np.ndarray[Any, Any], height: int, width: int, *, rows: int) -> None:
        outs, ins, *_ = weight.shape
        self.down, self.across = -(-height // 4), -(-width // 4)
        self.rows, self.outs = min(rows, self.down), outs
        b, g, a = (np.array(one, np.float32) for one in (_B, _G, _A))
        kernels = np.kron(g, g) @ weight.transpose(2, 3, 1, 0).reshape(9, ins * outs)
        self.kernels = mx.nd.array(kernels.reshape(36, ins, outs))
        self.input_transform = mx.nd.array(np.kron(b, b))
        self.output_transform = mx.nd.array(np.kron(a, a))
        # Padded with zeros: one row and column before, and what the last tiles need after.
        self.x = mx.nd.zeros((4 * self.down + 2, 4 * self.across + 2, ins))
        self.y = mx.nd.zeros((4 * self.down, 4 * self.across, outs))
        most = self.rows * self.across
        # V and M are Lavin and Gray's letters; A has the input's tiles, Z the output's.
        self._a = mx.nd.zeros((36, most, ins))
        self._v = mx.nd.zeros((36, most, ins))
        self._m = mx.nd.zeros((36, most, outs))
        self._z = mx.nd.zeros((16, most, outs))
        self._indices = {count: self._tile_indices(count) for count in self._heights()}

    def _heights(self) -> list[int]:
        return [min(self.rows, self.down - top) for top in range(0, self.down, self.rows)]

    def _tile_indices(self, rows: int) -> Tensor:
        """Return the pixel of each value of each tile in a strip, (36, tiles)."""
        wide = 4 * self.across + 2
        corner = 4 * wide * np.arange(rows)[:, None] + 4 * np.arange(self.across)
        within = wide * np.arange(6)[:, None] + np.arange(6)
        return mx.nd.array(within.reshape(36, 1) + corner.reshape(1, -1), dtype="int32")

    def run(self, *, only_products: bool = False) -> None:
        """Convolve ``x`` into ``y``."""
        ins, outs, top = self.x.shape[2], self.outs, 0
        for rows in self._heights():
            tiles = rows * self.across
            a, v, m, z = (
                one.reshape((-1,))[: len(one) * tiles * one.shape[2]]
                for one in (self._a, self._v, self._m, self._z)
            )
            if not only_products:
                pixels = self.x[4 * top : 4 * (top + rows) + 2].reshape((-1, ins))
                mx.nd.take(pixels, self._indices[rows], out=a.reshape((36, tiles, ins)))
                mx.nd.dot(self.input_transform, a.reshape((36, -1)), out=v.reshape((36, -1)))
            mx.nd.batch_dot(
                v.reshape((36, tiles, ins)), self.kernels, out=m.reshape((36, tiles, outs))
            )
            if not only_products:
                mx.nd.dot(self.output_transform, m.reshape((36, -1)), out=z.reshape((16, -1)))
                y = self.y[4 * top : 4 * (top + rows)]
                mx.nd.transpose(
                    z.reshape((4, 4, rows, self.across, outs)),
                    axes=(2, 0, 3, 1, 4),
                    out=y.reshape((rows, 4, self.across, 4, outs)),
                )
            top += rows


def _seconds(work: Callable[[], object], repeats: int) -> float:
    """Return the median seconds of some work and the wait for it, after one warm-up."""
    taken = []
    for _ in range(1 + repeats):
        mx.nd.waitall()
        began = time.perf_counter()
        work()
        mx.nd.waitall()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:])


class Direct:
    """MXNet's own convolution and its gradient, between arrays in the layout of oneDNN."""

    def __init__(self, weight: np.ndarray[Any, Any], height: int, width: int) -> None:
        outs, ins, *_ = weight.shape
        self.weight = mx.nd.array(weight)
        self.outs = outs
        self.x = _in_layout(ins, height, width)
        self.gradient = _in_layout(outs, height, width)
        self.x.attach_grad()
        with mx.autograd.record():
            self.recorded = self.forward()

    def forward(self) -> Tensor:
        """Return the convolution of ``x``."""
        return mx.nd.Convolution(
            self.x, self.weight, kernel=(3, 3), pad=(1, 1), num_filter=self.outs, no_bias=True
        )

    def relu(self, repeats: int) -> float:
        """Return the seconds of a ReLU of the size of ``gradient``, forward and backward."""
        x = self.gradient.copy()
        x.attach_grad()

        def work() -> None:
            with mx.autograd.record():
                y = mx.nd.Activation(x, act_type="relu")
            y.backward(self.gradient)

        return _seconds(work, repeats)

    def backward(self) -> None:
        """Compute the gradient of ``x``; the graph is kept for the next call."""
        self.recorded.backward(self.gradient, retain_graph=True)


def _relu_after_winograd(shape: tuple[int, int, int], repeats: int) -> float:
    """Return the seconds of bias and ReLU for (H, W, O), and of the mask on a gradient."""
    y, gradient, mask = (mx.nd.zeros(shape) for _ in range(3))
    bias = mx.nd.zeros((1, 1, shape[-1]))

    def work() -> None:
        mx.nd.broadcast_add(y, bias, out=y)
        mx.nd.relu(y, out=y)
        mx.nd.sign(y, out=mask)
        mx.nd.elemwise_mul(gradient, mask, out=gradient)

    return _seconds(work, repeats)


def _in_layout(channels: int, height: int, width: int) -> Tensor:
    """Return random values in the layout of a convolution's output."""
    x = mx.nd.random.uniform(-1, 1, shape=(1, channels, height, width))
    one = mx.nd.array(np.eye(channels, dtype=np.float32).reshape(channels, channels, 1, 1))
    return mx.nd.Convolution(x, one, kernel=(1, 1), num_filter=channels, no_bias=True)


def measure(layer: str, *, height: int, width: int, repeats: int) -> dict[str, float]:
    """Measure one layer for images of a size; return the fields of a ``Convolution``."""
    outs, high, wide = feature_shape(layer, height=height, width=width)
    ins = BY_NAME[layer].in_channels
    weight = np.random.default_rng(0).normal(size=(outs, ins, 3, 3)).astype(np.float32)
    flipped = np.ascontiguousarray(weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3))
    direct = Direct(weight, high, wide)
    forward, products_forward, deviation = _best(weight, direct, repeats)
    backward, products_backward, _ = _best(flipped, None, repeats, size=(high, wide))
    return {
        "direct_forward": _seconds(direct.forward, repeats),
        "direct_backward": _seconds(direct.backward, repeats),
        "forward": forward,
        "backward": backward,
        "products": products_forward + products_backward,
        "relu": _relu_after_winograd((high, wide, outs), repeats) - direct.relu(repeats),
        "deviation": deviation,
    }


def _best(
    weight: np.ndarray[Any, Any],
    direct: Direct | None,
    repeats: int,
    *,
    size: tuple[int, int] = (0, 0),
) -> tuple[float, float, float]:
    """Return the seconds of the best height of strips, of its products, and the deviation."""
    high, wide = direct.x.shape[2:] if direct else size
    found = []
    for rows in STRIPS:
        strips = Strips(weight, high, wide, rows=rows)
        deviation = _deviation(strips, direct) if direct else 0.0
        seconds = _seconds(strips.run, repeats)
        products = _seconds(lambda s=strips: s.run(only_products=True), repeats)  # type: ignore[misc]
        found.append((seconds, products, deviation))
        if strips.rows < rows:
            break
    return min(found)


def _deviation(strips: Strips, direct: Direct) -> float:
    _, _, high, wide = direct.x.shape
    x = strips.x.asnumpy()
    x[1 : high + 1, 1 : wide + 1] = direct.x.asnumpy()[0].transpose(1, 2, 0)
    strips.x[:] = x
    strips.run()
    theirs = direct.forward().asnumpy()[0].transpose(1, 2, 0)
    ours = strips.y.asnumpy()[:high, :wide]
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())
