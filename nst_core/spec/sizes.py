"""Size rules: the size that a picture is resized to before a stage."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from nst_core.errors import SpecError

_PATTERN = re.compile(
    r"(?P<height>[0-9]+)x(?P<width>[0-9]+)|(?P<short>short:)?(?P<side>[0-9]+)"
    r"|(?P<percent>[0-9]{1,9}(?:\.[0-9]{1,9})?)%|(?P<original>original)"
)
LARGEST = 65_535  # the largest side of a JPEG; a larger size is a typing error
_LARGEST_PERCENT = 1000
ALLOWED = (
    "HEIGHTxWIDTH, N (longest side) or short:N (shortest side), in pixels from 1 to 65535; "
    "original, or N% of the original size, up to 1000%"
)


@dataclass(frozen=True, slots=True)
class Size:
    """A size rule.

    Attributes:
        kind: ``exact`` (both sides are given, proportions are not kept), ``longest`` or
            ``shortest`` (that side is given, proportions are kept), or ``relative`` (a share of
            the picture's own size).
        height: Height in pixels if ``exact``, the side that is given if ``longest`` or
            ``shortest``, otherwise 0.
        width: Width in pixels if ``exact``, otherwise the same as ``height``.
        percent: The share of the picture's own size if ``relative``, otherwise 100.
    """

    kind: Literal["exact", "longest", "shortest", "relative"]
    height: int
    width: int
    percent: float = 100.0

    @classmethod
    def parse(cls, text: str) -> Size:
        """Read ``300x450``, ``512``, ``short:512``, ``original`` or ``50%``.

        Raises:
            SpecError: for anything else.
        """
        match = _PATTERN.fullmatch(text.strip().lower())
        if match is None:
            raise SpecError(f"size = {text!r}: allowed are {ALLOWED}")
        if match["original"] or match["percent"]:
            size = cls("relative", 0, 0, float(match["percent"] or 100))
            if not 0 < size.percent <= _LARGEST_PERCENT:
                raise SpecError(f"size = {text!r}: allowed are {ALLOWED}")
            return size
        if match["side"] is None:
            size = cls("exact", int(match["height"]), int(match["width"]))
        else:
            side = int(match["side"])
            size = cls("shortest" if match["short"] else "longest", side, side)
        if not (1 <= size.height <= LARGEST and 1 <= size.width <= LARGEST):
            raise SpecError(f"size = {text!r}: allowed are {ALLOWED}")
        return size

    def __str__(self) -> str:
        if self.kind == "exact":
            return f"{self.height}x{self.width}"
        if self.kind == "relative":
            number = f"{self.percent:.9f}".rstrip("0").rstrip(".")
            return "original" if number == "100" else f"{number}%"
        return f"short:{self.height}" if self.kind == "shortest" else str(self.height)

    def resolve(self, *, height: int, width: int) -> tuple[int, int]:
        """Return the new (height, width), in pixels, of a picture of ``height`` x ``width``.

        The side that is not given is rounded down, as in torchvision's ``Resize``.
        """
        if self.kind == "exact":
            return self.height, self.width
        if self.kind == "relative":
            return self.absolute(height=height, width=width).resolve(height=height, width=width)
        given = max(height, width) if self.kind == "longest" else min(height, width)
        return max(1, self.height * height // given), max(1, self.height * width // given)

    def absolute(self, *, height: int, width: int) -> Size:
        """Return this rule in pixels: a relative one as the longest side of its share.

        Args:
            height: Of the picture, in pixels.
            width: Of the picture, in pixels.
        """
        if self.kind != "relative":
            return self
        longest = max(1, round(max(height, width) * self.percent / 100))
        return Size("longest", longest, longest)

    def scaled(self, ratio: float) -> Size:
        """Return the same rule with its sides multiplied by ``ratio`` and rounded.

        The share of a relative rule is multiplied.
        """
        if self.kind == "relative":
            return Size("relative", 0, 0, max(1e-9, self.percent * ratio))
        return Size(
            self.kind, max(1, round(self.height * ratio)), max(1, round(self.width * ratio))
        )
