"""The loss of nearest neighbours: 1 - cosine to the targets that were found, and its gradient."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from typing_extensions import override

from nst_core.backend import FLAT, TapGroup
from nst_mxnet._framework import Tensor, mx
from nst_mxnet.joint_loss import JointLoss
from nst_mxnet.loss_terms import FeatureGradient, Kind
from nst_mxnet.resampling import Resampling


@dataclass(frozen=True, slots=True)
class RegionTargets:
    """The targets of one region, at all positions of the grid.

    Attributes:
        weights: (n,), the weight of each position; 0 outside the region.
        directions: Tap -> (n, C), the targets. Their norm over all taps is 1; or 0 if flat, and
            outside the region.
    """

    weights: Tensor
    directions: Mapping[str, Tensor]


class MatchedLoss(JointLoss):
    """weight * sum over positions p of u_p * (1 - cos(F_p, T_p)), for one group of taps.

    The targets T have norm 1. With F' = F - m, m the regions' mean if the loss is centred, the
    gradient with respect to F' is -u (T / |F'| - cos F' / |F'|^2). A position's F' is also minus
    the mean, so the centred gradient is this, less u_p / sum(u) times its sum over the region.

    Args:
        group: The taps.
        multiplicity: How often the loss counts in the total.
        centred: Whether features are centred on their mean.
    """

    kind: Kind = "style"

    def __init__(self, group: TapGroup, *, multiplicity: float, centred: bool) -> None:
        self.group = group
        self.tap, self.taps = group.name, tuple(group.factors)
        self._multiplicity, self._centred = multiplicity, centred
        self.resamplings: Mapping[str, Resampling] = {}
        self.targets: Sequence[RegionTargets] = ()

    @override
    def partial_sum(self, tap: str, features: Tensor, rows: slice) -> Tensor:
        if not self.resamplings:
            raise RuntimeError("nearest neighbours need a query, or match() first")
        return self.resamplings[tap].of(features, rows)

    def scaled(self, sums: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return tap -> features (g * k, C) times the tap's factor."""
        return {
            tap: mx.np.reshape(values, (values.shape[0], -1)).T * self.group.factors[tap]
            for tap, values in sums.items()
        }

    @override
    def finish(self, sums: Mapping[str, Tensor]) -> tuple[Tensor, Mapping[str, FeatureGradient]]:
        features = self.scaled(sums)
        found = [self._region(region, features) for region in self.targets]
        loss = self.group.weight * sum((one for one, _ in found[1:]), found[0][0])
        scale = self._multiplicity * self.group.weight

        def gradient_of(tap: str) -> FeatureGradient:
            whole = sum((by_tap[tap] for _, by_tap in found[1:]), found[0][1][tap])
            whole = whole.T * (scale * self.group.factors[tap])
            values, resampling = mx.np.reshape(whole, sums[tap].shape), self.resamplings[tap]

            def gradient(_: Tensor, rows: slice) -> Tensor:
                return resampling.gradient(values, rows)

            return gradient

        return loss, {tap: gradient_of(tap) for tap in self.taps}

    def _region(
        self, region: RegionTargets, features: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss () of one region, not weighted, and tap -> its gradient (n, C)."""
        weights = region.weights
        shares = weights / mx.np.sum(weights)
        own = sum_of_squares(features.values())
        if self._centred:
            features = {tap: one - mx.np.dot(shares, one) for tap, one in features.items()}
        squares = sum_of_squares(features.values()) if self._centred else own
        products = _added(
            mx.np.sum(one * region.directions[tap], axis=1) for tap, one in features.items()
        )
        inverse = inverse_norms(squares, own)
        cosines = products * inverse
        toward = mx.np.expand_dims(-weights * inverse, 1)
        along = mx.np.expand_dims(weights * cosines * mx.np.square(inverse), 1)
        gradients = {}
        for tap, one in features.items():
            gradient = toward * region.directions[tap] + along * one
            if self._centred:
                gradient = gradient - mx.np.outer(shares, mx.np.sum(gradient, axis=0))
            gradients[tap] = gradient
        return mx.np.sum(weights * (1 - cosines)), gradients


def sum_of_squares(parts: Iterable[Tensor]) -> Tensor:
    """Return the squared norms (n,) of features whose parts (n, C) lie side by side."""
    return _added(mx.np.sum(mx.np.square(part), axis=1) for part in parts)


def inverse_norms(squares: Tensor, own: Tensor) -> Tensor:
    """Return 1 / sqrt(squares); 0 where a feature is flat.

    Args:
        squares: (n,), the squared norms of what is compared.
        own: (n,), the squared norms of the features themselves.
    """
    flat = squares <= FLAT**2 * own
    # Where a feature is flat, the root is that of 1: a quotient by 0 would be infinite.
    roots = mx.np.sqrt(mx.np.where(flat, mx.np.ones_like(squares), squares))
    return mx.np.where(flat, mx.np.zeros_like(squares), 1 / roots)


def _added(terms: Iterable[Tensor]) -> Tensor:
    first, *others = terms
    return sum(others, first)
