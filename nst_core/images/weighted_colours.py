"""The colours of a picture, or of several in shares, as a distribution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WeightedColours:
    """A distribution of colours, in any colour space.

    Attributes:
        colours: (N, 3) float64.
        weights: (N,) float64, 0 or more, not all of them 0. They need no particular sum.
    """

    colours: Floats
    weights: Floats

    @classmethod
    def joined(cls, parts: list[WeightedColours]) -> WeightedColours:
        """Return the distribution of all parts together. Their weights stay as they are."""
        return cls(
            np.concatenate([part.colours for part in parts]),
            np.concatenate([part.weights for part in parts]),
        )

    def converted(self, conversion: Callable[[Floats], Floats]) -> WeightedColours:
        """Return the distribution in another colour space."""
        return WeightedColours(conversion(self.colours), self.weights)

    def sample(self, size: int, generator: np.random.Generator) -> WeightedColours:
        """Return at most ``size`` of the colours with a weight above 0, drawn without order."""
        used = np.flatnonzero(self.weights > 0)
        if len(used) > size:
            used = generator.permutation(used)[:size]
        return WeightedColours(self.colours[used], self.weights[used])

    def moments(self) -> tuple[Floats, Floats]:
        """Return the mean (3,) and the covariance (3, 3)."""
        shares = self.weights / self.weights.sum()
        mean = shares @ self.colours
        centred = self.colours - mean
        return mean, (centred * shares[:, None]).T @ centred

    def range(self) -> tuple[Floats, Floats]:
        """Return the least and the largest value (3,) of each channel."""
        used = self.colours[self.weights > 0]
        return used.min(axis=0), used.max(axis=0)
