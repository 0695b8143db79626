"""LLVM code for the transforms of Winograd's convolution: one pass from a map to V, one from M.

The transforms by PyTorch's operations (``winograd``) pass a tile block through the cache about
forty times. Here each tile's 36 values stay in registers, sixteen channels at a time. Every sum
is built of the same additions in the same order, and all factors are powers of two, so the bits
are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

Kind = Literal["float32", "bfloat16"]
"""The type of V and M in memory."""

LANES = 16
"""Channels that are computed at a time."""

_VECTOR, _HALVES = f"<{LANES} x float>", f"<{LANES} x i16>"
_INTS = f"<{LANES} x i32>"


class _Writer:
    """Collects the instructions of a function."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._count = 0

    def value(self, instruction: str) -> str:
        """Add an instruction and return the name of its value."""
        self._count += 1
        name = f"%v{self._count}"
        self.lines.append(f"  {name} = {instruction}")
        return name

    def pointer(self, base: str, *terms: str) -> str:
        """Return ``base`` plus byte offsets."""
        for term in terms:
            base = self.value(f"getelementptr i8, ptr {base}, i64 {term}")
        return base

    def times(self, a: str | int, b: str | int) -> str:
        return self.value(f"mul i64 {a}, {b}")

    def offset(self, item: int) -> str:
        """Return the byte offset of the channels %k of tile (%r, %c) in a plane of V or M."""
        tile = self.value(f"add i64 {self.times('%r', '%columns')}, %c")
        value = self.value(f"add i64 {self.times(tile, '%channels')}, %k")
        return self.times(value, item)

    def load(self, pointer: str, kind: Kind) -> str:
        if kind == "float32":
            return self.value(f"load {_VECTOR}, ptr {pointer}, align 4")
        halves = self.value(f"load {_HALVES}, ptr {pointer}, align 2")
        wide = self.value(f"zext {_HALVES} {halves} to {_INTS}")
        shifted = self.value(f"shl {_INTS} {wide}, {_splat(16)}")
        return self.value(f"bitcast {_INTS} {shifted} to {_VECTOR}")

    def store(self, value: str, pointer: str, kind: Kind) -> None:
        if kind == "float32":
            self.lines.append(f"  store {_VECTOR} {value}, ptr {pointer}, align 4")
            return
        # Round to nearest, ties to even, as PyTorch does.
        bits = self.value(f"bitcast {_VECTOR} {value} to {_INTS}")
        last = self.value(f"lshr {_INTS} {bits}, {_splat(16)}")
        odd = self.value(f"and {_INTS} {last}, {_splat(1)}")
        more = self.value(f"add {_INTS} {bits}, {_splat(0x7FFF)}")
        rounded = self.value(f"add {_INTS} {more}, {odd}")
        high = self.value(f"lshr {_INTS} {rounded}, {_splat(16)}")
        halves = self.value(f"trunc {_INTS} {high} to {_HALVES}")
        self.lines.append(f"  store {_HALVES} {halves}, ptr {pointer}, align 2")

    def add(self, a: str, b: str, factor: float = 1.0) -> str:
        """Return a + factor * b; the factor is a power of two, so the product is exact."""
        if factor == -1.0:
            return self.value(f"fsub {_VECTOR} {a}, {b}")
        if factor != 1.0:
            b = self.value(f"fmul {_VECTOR} {b}, {_splat(factor)}")
        return self.value(f"fadd {_VECTOR} {a}, {b}")


def _splat(number: int | float) -> str:
    kind = "i32" if isinstance(number, int) else "float"
    return "<" + ", ".join([f"{kind} {number}"] * LANES) + ">"


def _input_transform(w: _Writer, x: Sequence[str]) -> list[str]:
    """Multiply by B^T along one axis; the additions are those of ``winograd``."""
    x0, x1, x2, x3, x4, x5 = x
    p, q = w.add(x4, x2, -4.0), w.add(x3, x1, -4.0)
    second, third = w.add(p, q), w.add(p, q, -1.0)
    p, q = w.add(x4, x2, -1.0), w.add(x3, x1, -1.0)
    fourth, fifth = w.add(p, q, 2.0), w.add(p, q, -2.0)
    first = w.add(p, w.add(x0, x2, -1.0), 4.0)
    sixth = w.add(w.add(x5, x3, -1.0), q, -4.0)
    return [first, second, third, fourth, fifth, sixth]


def _output_transform(w: _Writer, m: Sequence[str]) -> list[str]:
    """Multiply by A^T along one axis; the additions are those of ``winograd``."""
    m0, m1, m2, m3, m4, m5 = m
    p, q = w.add(m1, m2), w.add(m3, m4)
    third, first = w.add(p, q, 4.0), w.add(w.add(m0, p), q)
    p, q = w.add(m1, m2, -1.0), w.add(m3, m4, -1.0)
    return [first, w.add(p, q, 2.0), third, w.add(w.add(m5, p), q, 8.0)]


def input_code(name: str, kind: Kind, *, flipped: bool) -> str:
    """Return a function that writes V of a tile block.

    Its arguments: the source's pointer; its strides from row to row and from column to column; V's
    pointer; V's stride from one of its 36 planes to the next; rows and columns of tiles; channels,
    a multiple of ``LANES``. Strides are in bytes.
    """
    item = 4 if kind == "float32" else 2

    def body(w: _Writer) -> None:
        tile = w.pointer(
            "%source", w.times("%r", w.times("%row", 4)), w.times("%c", w.times("%column", 4)),
            w.times("%k", 4),
        )  # fmt: skip
        half = []
        order = list(range(6))[:: -1 if flipped else 1]
        for i in order:
            line = w.pointer(tile, w.times("%row", i))
            values = [w.load(w.pointer(line, w.times("%column", j)), "float32") for j in order]
            half.append(_input_transform(w, values))
        out = w.pointer("%v", w.offset(item))
        for j in range(6):
            column = _input_transform(w, [half[i][j] for i in range(6)])
            for i, value in enumerate(column):
                w.store(value, w.pointer(out, w.times("%plane", 6 * i + j)), kind)

    arguments = (
        "ptr noalias %source, i64 %row, i64 %column, ptr noalias %v, i64 %plane, "
        "i64 %rows, i64 %columns, i64 %channels"
    )
    return _loops(name, arguments, body)


def output_code(name: str, kind: Kind, *, flipped: bool) -> str:
    """Return a function that writes the convolution of a tile block from M.

    Its arguments: M's pointer, its stride from plane to plane; the bias, or null; the output's
    pointer; its strides from row to row and from column to column within a tile, and from tile to
    tile along both axes; rows and columns of tiles; channels. Strides are in bytes.
    """
    item = 4 if kind == "float32" else 2

    def body(w: _Writer) -> None:
        begin = w.pointer("%m", w.offset(item))
        m = [w.load(w.pointer(begin, w.times("%plane", number)), kind) for number in range(36)]
        m[7] = w.add(m[7], w.load(w.pointer("%bias", w.times("%k", 4)), "float32"))
        rows = [_output_transform(w, [m[6 * i + j] for i in range(6)]) for j in range(6)]
        out = w.pointer(
            "%out", w.times("%r", "%tilerow"), w.times("%c", "%tilecolumn"), w.times("%k", 4)
        )
        order = list(range(4))[:: -1 if flipped else 1]
        for i in range(4):
            line = w.pointer(out, w.times("%row", order[i]))
            for j, value in enumerate(_output_transform(w, [rows[j][i] for j in range(6)])):
                w.store(value, w.pointer(line, w.times("%column", order[j])), "float32")

    arguments = (
        "ptr noalias %m, i64 %plane, ptr noalias %bias, ptr noalias %out, i64 %row, i64 %column, "
        "i64 %tilerow, i64 %tilecolumn, i64 %rows, i64 %columns, i64 %channels"
    )
    return _loops(name, arguments, body)


def _loops(name: str, arguments: str, body: Callable[[_Writer], None]) -> str:
    """Return a function with three loops: over rows and columns of tiles, and over channels."""
    writer = _Writer()
    body(writer)
    return "\n".join(
        [
            f"define void @{name}({arguments}) {{",
            "entry:",
            "  br label %rowloop",
            "rowloop:",
            "  %r = phi i64 [0, %entry], [%rnext, %rowend]",
            "  br label %columnloop",
            "columnloop:",
            "  %c = phi i64 [0, %rowloop], [%cnext, %columnend]",
            "  br label %channelloop",
            "channelloop:",
            "  %k = phi i64 [0, %columnloop], [%knext, %channelloop]",
            *writer.lines,
            f"  %knext = add i64 %k, {LANES}",
            "  %kmore = icmp slt i64 %knext, %channels",
            "  br i1 %kmore, label %channelloop, label %columnend",
            "columnend:",
            "  %cnext = add i64 %c, 1",
            "  %cmore = icmp slt i64 %cnext, %columns",
            "  br i1 %cmore, label %columnloop, label %rowend",
            "rowend:",
            "  %rnext = add i64 %r, 1",
            "  %rmore = icmp slt i64 %rnext, %rows",
            "  br i1 %rmore, label %rowloop, label %end",
            "end:",
            "  ret void",
            "}",
            "",
        ]
    )
