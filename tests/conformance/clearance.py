"""How far a picture keeps the network from its kinks.

At a ReLU's zero and where two pixels of a pooling window tie, the gradient jumps. One of some 10^5
units that stands nearer to a kink than float32's rounding error may come out on the other side,
differently on every processor, and moves the gradient by half a percent with nothing wrong. So
the probes of `cases` are seeded to keep clear, and `test_cases` holds them to it.
"""

from dataclasses import asdict
from itertools import pairwise

import numpy as np
import oracle
from conformance.cases import Case


def clearance(case: Case) -> float:
    """The smallest distance to a kink at the probe, relative to its layer's largest value."""
    weights = case.oracle().weights
    taps = {*case.content, *case.style}
    architecture = case.architecture
    outputs = oracle.forward(
        weights, oracle.normalise(case.probe_image), taps, **asdict(architecture)
    )
    layers = list(outputs)
    distances = [
        _distance(layer, outputs[before]) / np.max(np.abs(outputs[before]))
        for before, layer in pairwise(layers)
        # An average has no kinks.
        if layer.startswith("relu") or (layer.startswith("pool") and architecture.pooling == "max")
    ]
    return min(distances, default=np.inf)


def _distance(layer: str, x: np.ndarray) -> float:
    if layer.startswith("relu"):
        return np.min(np.abs(x))
    height, width = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
    windows = x[:, :height, :width].reshape(len(x), height // 2, 2, width // 2, 2)
    ordered = np.sort(windows.transpose(0, 1, 3, 2, 4).reshape(-1, 4), axis=1)
    # Zeros tie harmlessly: the ReLU before them lets no gradient through.
    ordered = ordered[ordered[:, 3] > 0]
    return np.min(ordered[:, 3] - ordered[:, 2], initial=np.inf)
