"""Size rules: the size that a picture is resized to before a stage."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from nst_core.errors import SpecError

_PATTERN = re.compile(r"(?P<height>[0-9]+)x(?P<width>[0-9]+)|(?P<short>short:)?(?P<side>[0-9]+)")
LARGEST = 65_535  # the largest side of a JPEG; a larger size is a typing error
ALLOWED = "HEIGHTxWIDTH, N (longest side) or short:N (shortest side), in pixels from 1 to 65535"


@dataclass(frozen=True, slots=True)
class Size:
    """A size rule.

    Attributes:
        kind: ``exact`` (both sides are given, proportions are not kept), ``longest`` or
            ``shortest`` (that side is given, proportions are kept).
        height: Height in pixels if ``exact``, otherwise the side that is given.
        width: Width in pixels if ``exact``, otherwise the same as ``height``.
    """

    kind: Literal["exact", "longest", "shortest"]
    height: int
    width: int

    @classmethod
    def parse(cls, text: str) -> Size:
        """Read ``300x450``, ``512`` or ``short:512``.

        Raises:
            SpecError: for anything else.
        """
        match = _PATTERN.fullmatch(text.strip().lower())
        if match is None:
            raise SpecError(f"size = {text!r}: allowed are {ALLOWED}")
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
        return f"short:{self.height}" if self.kind == "shortest" else str(self.height)

    def resolve(self, *, height: int, width: int) -> tuple[int, int]:
        """Return the new (height, width), in pixels, of a picture of ``height`` x ``width``.

        The side that is not given is rounded down, as in torchvision's ``Resize``.
        """
        if self.kind == "exact":
            return self.height, self.width
        given = max(height, width) if self.kind == "longest" else min(height, width)
        return max(1, self.height * height // given), max(1, self.height * width // given)

    def scaled(self, ratio: float) -> Size:
        """Return the same rule with its sides multiplied by ``ratio`` and rounded."""
        return Size(
            self.kind, max(1, round(self.height * ratio)), max(1, round(self.width * ratio))
        )
