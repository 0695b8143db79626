"""Measures each convolution of VGG-19 in MXNet on a CPU: its own, and Winograd by its operators.

    python benchmarks/mxnet_winograd.py --output benchmarks/results/mxnet-winograd

What README says of whether Winograd's algorithm pays in MXNet is said of this. Its own is oneDNN's
direct convolution, between arrays in oneDNN's layout, as in a network. Winograd's F(4x4, 3x3) goes
through the picture in strips of tiles: a ``take`` of their 36 values, the dense 36x36 transform, 36
products by ``batch_dot``, the transform back and a ``transpose`` into the rows of the result, into
buffers that are kept. Several heights of strips are tried, and the best counts. Gradients of the
input are the same algorithm with the channels' numbers exchanged. Bias, ReLU and its mask are
measured by themselves, in the layout that Winograd leaves; pooling and changes of layout are not:
what is measured is the least that it could take.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict

from measuring import children, figures, results
from measuring.record import Machine
from nst_core.spec.sizes import Size
from nst_core.vgg19 import CONVOLUTIONS

KIND = "mxnet-winograd"
DEEPEST = "conv5_1"
ALLOWED = 1e-4
"""Of the two results' deviation, in float32."""


class Convolution(BaseModel):
    """One layer, median seconds.

    Attributes:
        layer: Its name.
        direct_forward: MXNet's convolution.
        direct_backward: Its gradient with respect to the input.
        forward: By Winograd.
        backward: Likewise the gradient.
        products: The matrix products of ``forward`` and ``backward`` alone, in the same strips.
        relu: Bias, ReLU and its mask on the gradient after Winograd, less oneDNN's ReLU both ways.
        deviation: Largest difference of the two results, over the largest result.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    layer: str
    direct_forward: float
    direct_backward: float
    forward: float
    backward: float
    products: float
    relu: float
    deviation: float

    @property
    def direct(self) -> float:
        """MXNet's own, both passes."""
        return self.direct_forward + self.direct_backward

    @property
    def winograd(self) -> float:
        """Winograd's, both passes."""
        return self.forward + self.backward

    @property
    def gain(self) -> float:
        """What the faster one of the two saves beside MXNet's own."""
        return max(0.0, self.direct - self.winograd - self.relu)


class Convolutions(BaseModel):
    """All that were measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    machine: Machine
    threads: str
    height: int
    width: int
    repeats: int
    found: tuple[Convolution, ...]


def table(measured: Convolutions) -> str:
    """Return milliseconds, both passes together, as Markdown."""
    lines = [
        f"| ms at {measured.height}x{measured.width} | MXNet's own | Winograd "
        "| its products alone | ReLU besides | gain where it is faster |",
        "|---|---|---|---|---|---|",
    ]
    lines += [_row(one.layer, [one]) for one in measured.found]
    return "\n".join([*lines, _row("all", measured.found)]) + "\n"


def _row(name: str, found: Sequence[Convolution]) -> str:
    direct, winograd = sum(one.direct for one in found), sum(one.winograd for one in found)
    products, relu = sum(one.products for one in found), sum(one.relu for one in found)
    return (
        f"| {name} | {1e3 * direct:.1f} | {1e3 * winograd:.1f} = {winograd / direct:.2f} "
        f"| {1e3 * products:.1f} = {products / direct:.2f} | {1e3 * relu:.1f} "
        f"| {1e3 * sum(one.gain for one in found):.1f} |"
    )


def figure(measured: Convolutions) -> Figure:
    """Draw Winograd's share of the direct time, layer by layer."""
    drawn, axes = figures.new(x="", y="Winograd / MXNet's own")
    names = [one.layer.removeprefix("conv") for one in measured.found]
    direct = [one.direct for one in measured.found]
    for colour, label, seconds in (
        (figures.COLOURS[0], "all of it", [one.winograd for one in measured.found]),
        (figures.COLOURS[1], "products alone", [one.products for one in measured.found]),
    ):
        shares = [a / b for a, b in zip(seconds, direct, strict=True)]
        axes.plot(names, shares, "o-", color=colour, label=label)
    axes.axhline(1, color="black", linestyle="--", linewidth=1)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    return drawn


def load(content: dict[str, Any]) -> str:
    """Return the table of a result that was read from a file."""
    return table(Convolutions.model_validate(content))


def main() -> None:
    """Read the command line, measure, write the files and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", default="300x450")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--output", type=Path, required=True, help="path without an ending")
    options = parser.parse_args()
    from measuring import mxnet_convolutions  # noqa: PLC0415  # tables.py needs no MXNet

    machine, size = Machine.here(), Size.parse(options.size)
    found = []
    for layer in CONVOLUTIONS[1:]:
        if layer.name <= DEEPEST:
            measured_one = mxnet_convolutions.measure(
                layer.name, height=size.height, width=size.width, repeats=options.repeats
            )
            found.append(Convolution(layer=layer.name, **measured_one))
            children.tell(str(found[-1]))
            if not found[-1].deviation < ALLOWED:
                raise SystemExit(f"{layer.name}: the two don't compute the same")
    measured = Convolutions(
        machine=machine,
        threads=mxnet_convolutions.THREADS,
        height=size.height,
        width=size.width,
        repeats=options.repeats,
        found=tuple(found),
    )
    results.write(options.output, KIND, measured, table=table(measured), figure=figure(measured))


if __name__ == "__main__":
    main()
