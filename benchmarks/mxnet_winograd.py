"""Measures each convolution of VGG-19 in MXNet on a CPU: MXNet's own, and Winograd's algorithm.

    python benchmarks/mxnet_winograd.py --output benchmarks/results/mxnet-winograd

The documentation relies on these measurements where it says that Winograd's algorithm is no gain
in MXNet. MXNet's own is the direct convolution of oneDNN, between arrays in the layout of oneDNN,
as in a network. Winograd's F(4x4, 3x3) is made of MXNet's operators. It computes the picture in
strips of tiles:

- a ``take`` of the 36 values of each tile;
- the input transform, a dense 36x36 matrix;
- 36 products by ``batch_dot``;
- the output transform, and a ``transpose`` into the rows of the result.

All of them write into buffers that are allocated once. Several heights of strips are tried, and the
best one counts. The gradient of the input is the same algorithm with the numbers of channels
exchanged. Bias, ReLU and its mask are measured separately, in the layout that Winograd leaves.
Pooling and changes of layout are not measured, so the result is a lower bound.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from pydantic import BaseModel, ConfigDict

from measuring import children, figures, script
from measuring.record import Machine
from nst_core.compare.markdown import markdown_table
from nst_core.spec.sizes import Size
from nst_core.vgg19 import CONVOLUTIONS

DEEPEST = "conv5_1"
TOLERANCE = 1e-4
"""The largest allowed ``deviation``, in float32."""


class Convolution(BaseModel):
    """One layer: median seconds.

    Attributes:
        layer: Its name.
        direct_forward: MXNet's own convolution.
        direct_backward: Its gradient with respect to the input.
        forward: Winograd's convolution.
        backward: Its gradient with respect to the input.
        products: Only the matrix products of ``forward`` and ``backward``, in the same strips.
        relu: Bias, ReLU and its mask on the gradient after Winograd, minus oneDNN's ReLU in both
            passes.
        deviation: The largest difference of the two results, divided by the largest result.
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
        """MXNet's own, both passes together."""
        return self.direct_forward + self.direct_backward

    @property
    def winograd(self) -> float:
        """Winograd's, both passes together."""
        return self.forward + self.backward

    @property
    def gain(self) -> float:
        """The seconds that are saved if the faster of the two is used."""
        return max(0.0, self.direct - self.winograd - self.relu)


class Convolutions(BaseModel):
    """All measurements."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    machine: Machine
    threads: str
    height: int
    width: int
    repeats: int
    found: tuple[Convolution, ...]


def table(measured: Convolutions) -> str:
    """Return milliseconds, both passes together, as Markdown."""
    columns = (
        f"ms at {measured.height}x{measured.width}", "MXNet's own", "Winograd", "only its products",
        "additional ReLU", "gain where it is faster",
    )  # fmt: skip
    rows = [_row(one.layer, [one]) for one in measured.found]
    return markdown_table(columns, [*rows, _row("all", measured.found)])


def _row(name: str, found: Sequence[Convolution]) -> tuple[str, ...]:
    direct, winograd = sum(one.direct for one in found), sum(one.winograd for one in found)
    products, relu = sum(one.products for one in found), sum(one.relu for one in found)
    return (
        name,
        f"{1e3 * direct:.1f}",
        f"{1e3 * winograd:.1f} = {winograd / direct:.2f}",
        f"{1e3 * products:.1f} = {products / direct:.2f}",
        f"{1e3 * relu:.1f}",
        f"{1e3 * sum(one.gain for one in found):.1f}",
    )


def figure(measured: Convolutions) -> Figure:
    """Draw Winograd's time divided by the direct time, layer by layer."""
    drawn, axes = figures.new(x="", y="Winograd / MXNet's own")
    names = [one.layer.removeprefix("conv") for one in measured.found]
    direct = [one.direct for one in measured.found]
    for colour, label, seconds in (
        (figures.COLOURS[0], "Winograd", [one.winograd for one in measured.found]),
        (figures.COLOURS[1], "only its products", [one.products for one in measured.found]),
    ):
        shares = [a / b for a, b in zip(seconds, direct, strict=True)]
        axes.plot(names, shares, "o-", color=colour, label=label)
    figures.mark_one(axes)
    axes.legend(frameon=False)
    return drawn


BENCHMARK = script.Benchmark(
    kind="mxnet-winograd", content=Convolutions, table=table, figure=figure
)


def main() -> None:
    """Read the command line, measure, write the files and print the table."""
    options = script.parser(__doc__, "output", size="300x450", repeats=5).parse_args()
    from measuring import mxnet_convolutions  # noqa: PLC0415  # tables.py needs no MXNet

    machine, size = Machine.here(), Size.parse(options.size)
    found = []
    for layer in CONVOLUTIONS[1:]:
        if layer.name <= DEEPEST:
            seconds = mxnet_convolutions.measure(
                layer.name, height=size.height, width=size.width, repeats=options.repeats
            )
            found.append(Convolution(layer=layer.name, **seconds))
            children.log(str(found[-1]))
            if not found[-1].deviation < TOLERANCE:
                raise SystemExit(f"{layer.name}: the two convolutions give different results")
    measured = Convolutions(
        machine=machine,
        threads=mxnet_convolutions.THREADS,
        height=size.height,
        width=size.width,
        repeats=options.repeats,
        found=tuple(found),
    )
    BENCHMARK.save(options.output, measured)


if __name__ == "__main__":
    main()
