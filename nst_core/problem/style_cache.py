"""A cache of style targets: stages or pictures in the same style compute them once."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator

import numpy as np

from nst_core.arrays import Array
from nst_core.backend import Backend, DType, Execution, Objective, Problem, StyleTargets
from nst_core.weights.canonical import Weights

MAX_MB = 100.0
"""The default limit of a cache. The targets of preset d2l for one style and size take 2.5 MB."""


class TargetCache:
    """Style targets by fingerprint. The least recently used targets are dropped first.

    Args:
        max_mb: The most memory that the targets may take, in 10^6 bytes.
    """

    def __init__(self, *, max_mb: float = MAX_MB) -> None:
        self._max_bytes = max_mb * 1e6
        self._targets: OrderedDict[str, StyleTargets] = OrderedDict()

    def get(self, key: str) -> StyleTargets | None:
        """Return the targets with this fingerprint; None if the cache does not hold them."""
        if key in self._targets:
            self._targets.move_to_end(key)
        return self._targets.get(key)

    def put(self, key: str, targets: StyleTargets) -> None:
        """Store targets under their fingerprint. Targets above the limit are not stored."""
        self._targets[key] = targets
        while self._bytes() > self._max_bytes:
            self._targets.popitem(last=False)

    def _bytes(self) -> int:
        return sum(array.nbytes for one in self._targets.values() for array in _arrays(one))


def fingerprint(
    problem: Problem, backend: Backend, *, device: str, dtype: DType, execution: Execution
) -> str:
    """Return the SHA-256, in hex, of everything that a session's style targets depend on.

    Two sessions with the same fingerprint compute the same style targets, bit for bit. They depend
    on:

    - the prepared style pictures, with their shares and guides
    - the network's weights, pooling and padding
    - the taps and the statistics, with their projections
    - the backend, its version, the device, the dtype and the execution
    - whether a style has the size of the image, since a backend may compute pictures of that size
      in another way
    """
    objective, size = problem.objective, problem.start.shape
    digest = hashlib.sha256()
    settings = (
        *(backend.name, backend.version, device, dtype, execution),
        *(tuple(objective.style), objective.taps(), objective.style_statistics),
        *_projections(objective),
        problem.architecture,
        _weights_checksum(problem),
        [(share, style.image.shape == size) for style, share in problem.shares()],
    )
    digest.update(repr(settings).encode())
    for style, _ in problem.shares():
        for array in (style.image, style.guides):
            _update(digest, array)
    return digest.hexdigest()


def _projections(objective: Objective) -> tuple[int, ...]:
    if objective.style_statistics != "sliced-wasserstein":
        return ()
    return objective.projections, objective.projection_seed


def _weights_checksum(problem: Problem) -> str:
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
