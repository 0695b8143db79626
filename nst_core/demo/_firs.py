"""The fir trees of the demo landscape: pictures of single trees, and painting many of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from nst_core.demo._noise import Array, colour
from nst_core.demo._sky import SKYLIGHT, SUNLIGHT, with_haze
from nst_core.demo._view import View

_TALL, _WIDE = 720, 400
_TOP, _FOOT = 12, 700
_DARK = colour(0.014, 0.034, 0.022)
_LIT = colour(0.185, 0.200, 0.062)


@dataclass(frozen=True, slots=True)
class Tree:
    """One fir in the landscape.

    Attributes:
        x: Metres to the right.
        y: Metres away.
        ground: Height of its foot in metres.
        size: Height of the tree in metres.
        kind: The index of its picture.
        sun: How much of the sunlight reaches it, 0...1.
        tone: Lightness of its needles, about 1.
    """

    x: float
    y: float
    ground: float
    size: float
    kind: int
    sun: float
    tone: float


def draw_fir(seed: int) -> Image.Image:
    """Return a picture of one fir, mode ``LA``: L is how sunlit a point is, A is the shape."""
    rng = np.random.default_rng(seed)
    shade, alpha = Image.new("L", (_WIDE, _TALL), 60), Image.new("L", (_WIDE, _TALL), 0)
    pens = (ImageDraw.Draw(shade), ImageDraw.Draw(alpha))
    lean = rng.uniform(-6, 6)
    trunk = [(_WIDE / 2, _FOOT + 12), (_WIDE / 2 + lean, _TOP)]
    for pen, tone in zip(pens, (45, 255), strict=True):
        pen.line(trunk, fill=tone, width=9)
    for part in np.linspace(1.0, 0.0, 30):
        reach = (0.03 + 0.97 * part**0.85) * _WIDE * 0.42 * rng.uniform(0.78, 1.1)
        height = _TOP + (_FOOT - 80 - _TOP) * part
        # Branches at the far side of the tree come first, so that the near ones hide the trunk.
        for turn in np.sort(np.sin(rng.uniform(0.0, 2.0 * np.pi, 13))):
            centre = _WIDE / 2 + lean * (1.0 - part)
            root = (centre, height + rng.normal(0.0, 6.0))
            _draw_branch(pens, rng, root, reach * rng.uniform(0.62, 1.08), float(turn))
    return Image.merge("LA", (shade, alpha))


def _draw_branch(
    pens: tuple[ImageDraw.ImageDraw, ImageDraw.ImageDraw],
    rng: np.random.Generator,
    root: tuple[float, float],
    reach: float,
    front: float,
) -> None:
    """Draw one branch; ``front`` is -1 at the far side of the tree and 1 at the near side."""
    side = float(rng.choice((-1.0, 1.0)) * np.sqrt(1.0 - front * front))
    droop = reach * (0.30 + 0.16 * front) + rng.uniform(0, 8)
    # The sun is at the left: branches at the left are bright, at the right dark, in front between.
    base = 0.34 - 0.27 * side + 0.04 * front + rng.normal(0, 0.07)
    for along in np.linspace(0.1, 1.0, max(4, int(reach / 5))):
        x = root[0] + side * reach * along
        y = root[1] + droop * along**1.4 - 9.0 * along
        length = (13.0 + 0.09 * reach) * (1.2 - 0.75 * along)
        bright = base + 0.62 * (along - 0.55) + rng.normal(0, 0.13)
        for spread in rng.uniform(-1.0, 1.0, 2):
            tip = (x + length * (0.55 * side + 0.5 * spread), y + length * rng.uniform(0.2, 0.8))
            tone = int(255 * np.clip(bright - 0.1 * abs(spread), 0.0, 1.0) ** 1.2)
            for pen, ink in zip(pens, (tone, 255), strict=True):
                pen.line([(x, y), tip], fill=ink, width=4)


class Forest:
    """Paints firs into a picture of the landscape."""

    def __init__(self, kinds: int) -> None:
        self._kinds = [draw_fir(100 + kind) for kind in range(kinds)]
        self._sprites: dict[tuple[int, int], Array] = {}

    def plant(self, view: View, picture: Array, distance: Array, trees: list[Tree]) -> None:
        """Paint trees over a picture, the far ones first, where no nearer ground hides them.

        Args:
            view: The camera of the picture.
            picture: Linear light, (height, width, 3), changed in place.
            distance: The distance of what each pixel shows, (height, width).
            trees: The trees to paint.
        """
        trees = sorted(trees, key=lambda one: -one.y)
        for tree, dark, lit in zip(trees, *_tree_colours(trees), strict=True):
            column, foot = view.project(tree.x, tree.y, tree.ground - 0.02 * tree.size)
            tall = round(view.focal * tree.size / tree.y * _TALL / (_FOOT - _TOP))
            if tall >= 4:
                sprite = self._sprite(tree.kind, tall)
                rows, columns, part = _clipped(
                    sprite, round(foot) - tall, round(column - sprite.shape[1] / 2), distance
                )
                # Ground that is less than 3 % nearer is the slope that the tree stands on.
                alpha = part[..., 1:] * (distance[rows, columns, None] > 0.97 * tree.y)
                behind = picture[rows, columns]
                behind += alpha * (dark + part[..., :1] * (lit - dark) - behind)

    def _sprite(self, kind: int, tall: int) -> Array:
        """Return the picture of a fir scaled to ``tall`` rows: (rows, columns, 2) in 0...1."""
        if (kind, tall) not in self._sprites:
            wide = max(2, round(tall * _WIDE / _TALL))
            scaled = self._kinds[kind].resize((wide, tall), Image.Resampling.BOX)
            self._sprites[kind, tall] = np.asarray(scaled, dtype=np.float32) / 255.0
        return self._sprites[kind, tall]


def _tree_colours(trees: list[Tree]) -> tuple[Array, Array]:
    """Return the colours (n, 3) of the darkest and the brightest needles, with haze."""
    rows = [(one.x, one.y, one.ground + one.size / 2, one.sun, one.tone) for one in trees]
    x, y, height, sun, tone = np.array(rows, dtype=np.float32).reshape(-1, 5).T
    direct = sun[:, None] * SUNLIGHT
    dark = _DARK * (0.10 * direct + 0.55 * SKYLIGHT)
    lit = _LIT * (0.90 * direct + 0.75 * SKYLIGHT) * tone[:, None]
    return with_haze(dark, x / y, y, height), with_haze(lit, x / y, y, height)


def _clipped(sprite: Array, top: int, left: int, canvas: Array) -> tuple[slice, slice, Array]:
    """Return the rows and columns of ``canvas`` that ``sprite`` covers, and that part of it."""
    low, high = max(top, 0), max(min(top + sprite.shape[0], canvas.shape[0]), 0)
    first, last = max(left, 0), max(min(left + sprite.shape[1], canvas.shape[1]), 0)
    part = sprite[
        max(low - top, 0) : max(high - top, 0), max(first - left, 0) : max(last - left, 0)
    ]
    return slice(low, max(high, low)), slice(first, max(last, first)), part
