"""One convolution of VGG-19 with its ReLU and pooling, block by block; see ``strips``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import torch
from torch import Tensor

from nst_core.backend import Pooling
from nst_core.vgg19 import Layer
from nst_pytorch.blocks import Block
from nst_pytorch.buffers import Turns, bordered, own
from nst_pytorch.heads import Head
from nst_pytorch.judging import Additions, Convolve, Losses, judge
from nst_pytorch.maps import FeatureMap, Place
from nst_pytorch.places import around, clear_outside, halves, place_of, tile_columns, within
from nst_pytorch.pooling import IN_BLOCKS, quarters_of
from nst_pytorch.winograd import Scratch


class Stage:
    """A stage's maps, and the work on a part of them.

    Attributes:
        name: As ``1_2``.
        size: (H, W) of the convolution.
        relu: Whether there is one.
        pool: Whether there is one.
        fused: Whether the pooling takes what the convolution puts out, with nothing kept between.
        z: What the convolution puts out, if that is kept: a tap.
        y: What the ReLU puts out, if that is kept or goes on.
        out: What goes on to the next stage.
        mask: 1 where the ReLU lets gradients through, int8, where neither ``z`` nor ``y`` says it.
        codes: What the pooling chose, see ``pooling``.
        kept: ``z``, or else ``y``, if one of them is a tap.
        before: The gradient with respect to ``z``; it takes the place of ``kept``, part by part.
        gradient: The gradient with respect to ``out``; what of it is not yet in ``before``.

    Args:
        layers: The convolution, and the ReLU and the pooling if the network goes that far.
        taps: Names of the taps.
        size: (H, W) of the convolution.
        turn: For what goes on and its gradient: a place that the next stage doesn't write to.
        aside: For what lies between a convolution and a pooling that are not fused.
        dtype: Of everything.
        pooling: Which.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        taps: frozenset[str],
        size: tuple[int, int],
        turn: Turns,
        aside: Turns,
        dtype: torch.dtype,
        pooling: Pooling = "max",
    ) -> None:
        self._pooling = IN_BLOCKS[pooling]
        self.conv = layers[0]
        self.name = self.conv.name[4:]
        self.size = size
        self.relu, self.pool = len(layers) > 1, len(layers) > 2
        self._z_tap, self._y_tap = f"conv{self.name}" in taps, f"relu{self.name}" in taps
        self.fused = self.pool and not (self._z_tap or self._y_tap)
        self._masked = self.relu and not (self.fused or self._z_tap or self._y_tap)
        self._turn, self._aside, self._dtype = turn, aside, dtype
        height, width = size
        channels = self.conv.out_channels
        self._shape = bordered(height, width, channels)
        self.out_size, self._out_shape = size, self._shape
        if self.pool:
            self.out_size = height // 2, width // 2
            # Room for the halves of whole tiles, and one more.
            least = [2 * -(-length // 4) + 2 for length in size]
            self._out_shape = bordered(*self.out_size, channels, least=least)
            if not (self.fused or self._y_tap):
                aside.reserve(self._shape)
        if self.pool or not (self._y_tap or (self._z_tap and not self.relu)):
            turn.reserve(self._out_shape)

    def allocate(self) -> None:
        """Make the maps, once every stage has reserved its places."""
        between = self._aside if self.pool else self._turn
        self.z = own(self._shape, self.size, self._dtype) if self._z_tap else None
        self.y: FeatureMap | None = None
        if self._y_tap:
            self.y = own(self._shape, self.size, self._dtype)
        elif self.relu and not self.fused:
            self.y = between.map(self._shape, self.size)
        last = self.y if self.relu else self.z
        if self.pool:
            last = self._turn.map(self._out_shape, self.out_size)
        assert last is not None, "a network ends with a tap"
        self.out = last
        self.kept = self.z or self.y if self._z_tap or self._y_tap else None
        if self.kept is None or self.pool:
            self.gradient = self._turn.map(self._out_shape, self.out_size)
        else:
            self.gradient = self.kept
        self.before = self.kept or self.gradient
        self.mask = torch.zeros(self._shape, dtype=torch.int8) if self._masked else None
        self.codes = torch.zeros(self._out_shape, dtype=torch.int8) if self.pool else None

    @property
    def bytes(self) -> int:
        """What ``allocate`` makes that no other stage has a turn in."""
        count = prod(self._shape)
        own = (self._z_tap + self._y_tap) * count * self._dtype.itemsize
        return own + self._masked * count + self.pool * prod(self._out_shape)

    def taps(self) -> list[tuple[str, FeatureMap]]:
        """Return the names of the taps here, and their maps, in the order of the network."""
        found = []
        if self._z_tap and self.z is not None:
            found.append((f"conv{self.name}", self.z))
        if self._y_tap and self.y is not None:
            found.append((f"relu{self.name}", self.y))
        return found

    def forward(self, block: Block, convolve: Convolve, scratch: Scratch) -> None:
        """Convolve one block; ReLU; pool, if that is fused."""
        if self.fused:
            outs = scratch.take("fourth", 4, 4, block.rows, block.columns, self.conv.out_channels)
            convolve(outs.unbind())
            self.pool_tiles(outs, block, scratch)
            return
        into = self.z or self.y
        assert into is not None, "kept or going on"
        region, place = within(into, block), place_of(block)
        convolve(tile_columns(region, block))
        clear_outside(region, self.size, place)
        self._activate(region, place, scratch)

    def _activate(self, region: Tensor, place: Place, scratch: Scratch) -> None:
        """Apply the ReLU to a region (rows, columns, C) at a place."""
        if self.y is None:
            return
        y = self.y.whole[place]
        torch.clamp_min(region, 0, out=y)
        if self.mask is not None:
            self.mask[place].copy_(torch.sign(y, out=scratch.take("first", *y.shape)))

    def pool_tiles(self, tiles: Tensor, block: Block, scratch: Scratch) -> None:
        """Pool tiles (4 columns, 4 rows, rows, columns, C)."""
        assert self.codes is not None, "there is a pooling"
        _, _, *rest = tiles.shape
        shape = 2, 2, *rest
        quarters = [tiles[j::2, i::2] for i in (0, 1) for j in (0, 1)]
        codes = scratch.take("second", *shape)
        height, width = self.out_size
        top, left = 1 + 2 * block.top, 1 + 2 * block.left
        place = (
            slice(top, top + 2 * block.rows),
            slice(left, left + 2 * block.columns),
        )
        out = self.out.whole[place]
        self._pooling.pool(
            quarters,
            out=halves(out, block),
            codes=halves(self.codes[place], block),
            scratch=(*scratch.take("first", 4, *shape).unbind(), codes),
        )
        out[max(0, height + 1 - top) :].zero_()
        out[:, max(0, width + 1 - left) :].zero_()

    def pool_rows(self, top: int, rows: int, scratch: Scratch) -> None:
        """Pool so that ``rows`` rows are written from ``top``."""
        assert self.y is not None, "kept or going on"
        assert self.codes is not None, "there is a pooling"
        height, width = self.out_size
        rows = min(rows, height - top)
        place = slice(1 + top, 1 + top + rows), slice(1, 1 + width)
        quarters = quarters_of(self.y.inner[2 * top : 2 * (top + rows)])
        self._pooling.pool(
            quarters,
            out=self.out.whole[place],
            codes=self.codes[place],
            scratch=scratch.take("first", 5, *quarters[0].shape).unbind(),
        )

    def judge(self, heads: Mapping[str, Sequence[Head]]) -> tuple[Losses, Additions]:
        """Return what the heads find in the taps here, and what ``settle`` is to add."""
        return judge(reversed(self.taps()), heads)

    def settle(self, gradient: Tensor, place: Place, additions: Additions) -> None:
        """Write ``before`` in a place of a tap, from the gradient there of what the ReLU puts out.

        Args:
            gradient: (rows, columns, C); is used up.
            place: Of ``kept``, whose values there are lost.
            additions: From ``judge``.
        """
        assert self.kept is not None, "there is a tap"
        kept = self.kept.whole[place]
        for add in additions.relu:
            assert self.y is not None, "a tap"
            add(gradient, self.y.whole[place], place)
        if self.relu:
            to = gradient if additions.conv else kept
            torch.ops.aten.threshold_backward.grad_input(gradient, kept, 0, grad_input=to)
        for add in additions.conv:
            add(gradient, kept, place)
        if additions.conv or not self.relu:
            clear_outside(gradient, self.size, place)
            kept.copy_(gradient)

    def unpool_rows(self, top: int, rows: int, additions: Additions, scratch: Scratch) -> None:
        """Write ``before`` from ``rows`` rows of ``gradient``, where ``pool_rows`` has pooled."""
        assert self.codes is not None, "there is a pooling"
        (height, width), (out_height, out_width) = self.size, self.out_size
        # An odd last row is in no pooled value.
        end = height if top + rows == out_height else 2 * (top + rows)
        into = scratch.take("fourth", end - 2 * top, width, self.conv.out_channels).zero_()
        place = slice(1 + top, 1 + top + rows), slice(1, 1 + out_width)
        gradient = self.gradient.whole[place]
        self._pooling.unpool(
            gradient,
            self.codes[place],
            quarters=quarters_of(into),
            scratch=scratch.take("first", 2, *gradient.shape).unbind(),
        )
        self.settle(into, (slice(1 + 2 * top, 1 + end), slice(1, 1 + width)), additions)

    def around(self, block: Block, _: Scratch) -> Tensor:
        """Return what goes on in a block of the next stage, and around it."""
        return around(self.out.whole, block)

    def flowing(self, block: Block, scratch: Scratch) -> Tensor:
        """Return the gradient with respect to what the convolution puts out, in and around a block.

        It may lie in ``scratch``.
        """
        return self.unpool_tiles(block, scratch) if self.fused else around(self.before.whole, block)

    def backward(
        self, block: Block, convolve: Convolve, additions: Additions, scratch: Scratch
    ) -> None:
        """Write one block of the gradient with respect to what this puts out.

        It goes through the ReLU too, if no pooling lies between.

        Args:
            block: Of the next stage's convolution.
            convolve: Its input gradient, of what ``flowing`` returned there.
            additions: From ``judge``.
            scratch: Of the worker that this runs on.
        """
        settles = self.kept is not None and not self.pool
        region, place = within(self.gradient, block), place_of(block)
        if settles:
            region = scratch.take("fourth", *region.shape)
        convolve(tile_columns(region, block))
        if settles:
            self.settle(region, place, additions)
        elif self.mask is not None:
            region.mul_(scratch.take("first", *region.shape).copy_(self.mask[place]))
        else:
            clear_outside(region, self.out_size, place)

    def unpool_tiles(self, block: Block, scratch: Scratch) -> Tensor:
        """Return the gradient with respect to ``z`` in a block and around it."""
        assert self.codes is not None, "there is a pooling"
        place = (
            slice(2 * block.top, 2 * (block.top + block.rows) + 2),
            slice(2 * block.left, 2 * (block.left + block.columns) + 2),
        )
        gradient = self.gradient.whole[place]
        rows, columns, channels = gradient.shape
        into = scratch.take("fourth", 2 * rows, 2 * columns, channels)
        self._pooling.unpool(
            gradient,
            self.codes[place],
            quarters=quarters_of(into),
            scratch=scratch.take("first", 2, rows, columns, channels).unbind(),
        )
        return into[1:-1, 1:-1]
