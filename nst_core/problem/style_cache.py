"""Style targets that are kept, so that several stages or pictures in a style find them once."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator

import numpy as np

from nst_core.arrays import Array
from nst_core.backend import Backend, DType, Execution, Problem, StyleTargets
from nst_core.weights.canonical import Weights

MOST_MB = 100.0
"""What is kept at most; d2l's targets of one style at one size are 2.5 MB."""


class TargetCache:
    """Style targets by fingerprint, the least recently used of which are forgotten first.

    Args:
        most_mb: What is kept at most, in megabytes.
    """

    def __init__(self, *, most_mb: float = MOST_MB) -> None:
        self._most = most_mb * 1e6
        self._kept: OrderedDict[str, StyleTargets] = OrderedDict()

    def find(self, key: str) -> StyleTargets | None:
        """Return what is kept under a fingerprint, if anything is."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def keep(self, key: str, targets: StyleTargets) -> None:
        """Keep targets under their fingerprint."""
        self._kept[key] = targets
        while self._bytes() > self._most:
            self._kept.popitem(last=False)

    def _bytes(self) -> int:
        return sum(array.nbytes for kept in self._kept.values() for array in _arrays(kept))


def fingerprint(
    problem: Problem, backend: Backend, *, device: str, dtype: DType, execution: Execution
) -> str:
    """Return SHA-256 in hex of all that a session's style targets depend on, to the last bit.

    Those are the style pictures as they are prepared, with their shares and guides; the network's
    weights, pooling and padding; the taps and the statistics; and what computes them, how. Of the
    image only whether a style has its size: a backend may compute pictures of that size in another
    way.
    """
    objective, size = problem.objective, problem.start.shape
    digest = hashlib.sha256()
    parts = (
        *(backend.name, backend.version, device, dtype, execution),
        *(tuple(objective.style), objective.taps(), objective.style_statistics),
        problem.architecture,
        _checksum(problem),
        [(share, style.image.shape == size) for style, share in problem.shares()],
    )
    digest.update(repr(parts).encode())
    for style, _ in problem.shares():
        for array in (style.image, style.guides):
            _update(digest, array)
    return digest.hexdigest()


def _checksum(problem: Problem) -> str:
    weights = problem.weights
    if isinstance(weights, Weights):
        return weights.checksum
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(name.encode())
        _update(digest, weights[name])
    return digest.hexdigest()


def _update(digest: hashlib._Hash, array: Array | None) -> None:
    if array is None:
        digest.update(b"\nnone\n")
        return
    digest.update(f"\n{array.dtype.str} {array.shape}\n".encode())
    digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def _arrays(targets: StyleTargets) -> Iterator[Array]:
    for regions in targets.statistics.values():
        for arrays in regions.values():
            yield from arrays
