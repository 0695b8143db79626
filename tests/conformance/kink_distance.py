"""How far the activations at a picture are from the kinks of the network.

The gradient jumps where the input of a ReLU is zero, and where the two largest pixels of a pooling
window are equal. If one of about 10^5 units is nearer to such a kink than the rounding error of
float32, it may come out on the other side, differently on every processor. That changes the
gradient by half a percent although nothing is wrong. So the seeds of the probes in `cases` are
chosen to keep away from kinks, and `test_cases` checks it.
"""

from dataclasses import asdict
from itertools import pairwise

import numpy as np
import oracle
import oracle_matching
import oracle_sliced
from conformance.cases import Case


def kink_distance(case: Case) -> float:
    """Return the smallest distance to a kink at the probe, over the layer's largest value."""
    weights = case.oracle().weights
    taps = {*case.content, *case.style, *case.neighbours}
    architecture = case.architecture
    outputs = oracle.forward(
        weights, oracle.normalise(case.probe_image), taps, **asdict(architecture)
    )
    layers = list(outputs)
    distances = [
        _distance(layer, outputs[before]) / np.max(np.abs(outputs[before]))
        for before, layer in pairwise(layers)
        # Average pooling has no kinks.
        if layer.startswith("relu") or (layer.startswith("pool") and architecture.pooling == "max")
    ]
    return min(*distances, _order_distance(case, outputs), np.inf)


def _order_distance(case: Case, outputs) -> float:
    """Return the smallest distance of two neighbours in the order of sliced Wasserstein losses.

    It is over the largest projection. Where neighbours change places, so do their targets.
    """
    distances = [np.inf]
    if case.style_statistics == "sliced-wasserstein":
        for tap in case.style:
            features = outputs[tap].reshape(len(outputs[tap]), -1)
            for direction in oracle_sliced.directions(
                tap, len(features), case.projections, case.projection_seed
            ):
                values = np.sort(direction @ features)
                distances.append(np.min(np.diff(values)) / np.max(np.abs(values)))
    return min(distances)


def _distance(layer: str, x: np.ndarray) -> float:
    if layer.startswith("relu"):
        return np.min(np.abs(x))
    height, width = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
    windows = x[:, :height, :width].reshape(len(x), height // 2, 2, width // 2, 2)
    ordered = np.sort(windows.transpose(0, 1, 3, 2, 4).reshape(-1, 4), axis=1)
    # Equal zeros do no harm: the ReLU before them lets no gradient through.
    ordered = ordered[ordered[:, 3] > 0]
    return np.min(ordered[:, 3] - ordered[:, 2], initial=np.inf)


def match_margin(case: Case) -> float:
    """Return by how much the nearest neighbours are nearer than the second nearest, at least.

    Like a kink, a tie is where a rounding error decides. 1 if nothing is matched.
    """
    if not case.neighbours:
        return 1.0
    margins = []

    class Watched(oracle_matching.Nearest):
        def _nearest(self, mine, weights, theirs):
            centred = self.settings["centred_search"]
            units = [
                oracle_matching.directions(one, mean * centred)[0]
                for one, mean in (
                    (mine, np.average(mine, axis=0, weights=weights)),
                    (theirs, theirs.mean(axis=0)),
                )
            ]
            ordered = np.sort(units[0] @ units[1].T, axis=1)
            margins.append(np.min(ordered[:, -1] - ordered[:, -2], initial=1.0))
            return super()._nearest(mine, weights, theirs)

    nearest = case.oracle().nearest
    nearest.__class__ = Watched
    nearest.match(case.query_image, case.seed)
    return float(min(margins))
