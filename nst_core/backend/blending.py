"""The blend of several styles' statistics, in the arrays of any framework."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar


class BlendArray(Protocol):
    """An array of any framework. A blend multiplies it by a share, adds it and divides it."""

    def __add__(self, other: Any, /) -> Any:
        """Return the elementwise sum."""

    def __rmul__(self, other: Any, /) -> Any:
        """Return the product with a float."""

    def __truediv__(self, other: Any, /) -> Any:
        """Return the quotient by a float."""


A = TypeVar("A", bound=BlendArray)


class RegionBlend(Generic[A]):
    """Statistics of the styles at one tap, blended region by region.

    A region's blend is sum(share * statistics) / sum(share), over the styles that have something
    of the region: see ``Problem.styles``.
    """

    def __init__(self) -> None:
        self._sums: dict[int, list[A]] = {}
        self._shares: dict[int, float] = {}

    def add(
        self, region: int, statistics: Sequence[A], *, share: float, counts: bool = True
    ) -> None:
        """Add one style's statistics of a region, or a part of them.

        Args:
            region: The region's number.
            statistics: A Gram matrix (C, C); or a mean (C,) and a second moment (C, C).
            share: The style's share in the blend, above 0.
            counts: Whether the share is counted. A style whose statistics come in parts, which
                add up, counts with one of them.
        """
        weighted = [share * array for array in statistics]
        sums = self._sums.get(region)
        self._sums[region] = (
            weighted if sums is None else [a + b for a, b in zip(sums, weighted, strict=True)]
        )
        if counts:
            self._shares[region] = self._shares.get(region, 0.0) + share

    def by_region(self) -> dict[int, tuple[A, ...]]:
        """Return region number -> the blend's statistics."""
        return {
            region: tuple(array / self._shares[region] for array in sums)
            for region, sums in self._sums.items()
        }
