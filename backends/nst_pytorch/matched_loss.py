"""The loss of nearest neighbours: 1 - cosine to the targets that were found, and its gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from typing_extensions import override

from nst_core.backend import FLAT, TapGroup
from nst_pytorch.feature_map import Features, Window
from nst_pytorch.joint_loss import JointLoss, MapLayout
from nst_pytorch.loss_terms import GradientAdder, Kind
from nst_pytorch.resampling import Resampling
from nst_pytorch.thread_pool import thread_pool

_ROWS = 256
"""Positions that a worker takes at a time."""


@dataclass(frozen=True, slots=True)
class RegionTargets:
    """The targets of one region.

    Attributes:
        positions: (n,), the region's positions of the grid; None for all.
        weights: (n,), the weight of each position.
        directions: Tap -> (n, C), the targets. Their norm over all taps is 1; or 0 if flat.
    """

    positions: Tensor | None
    weights: Tensor
    directions: Mapping[str, Tensor]

    def tensors(self) -> list[Tensor]:
        """Return all tensors."""
        first = [] if self.positions is None else [self.positions]
        return [*first, self.weights, *self.directions.values()]


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
        self.resamplings: dict[str, Resampling] = {}
        self._targets: Sequence[RegionTargets] = ()

    def aim(self, targets: Sequence[RegionTargets]) -> bool:
        """Set the targets. Return whether they were copied to where the last ones lay."""
        old, new = (
            [one for region in regions for one in region.tensors()]
            for regions in (self._targets, targets)
        )
        if [one.shape for one in old] != [one.shape for one in new]:
            self._targets = targets
            return False
        for before, now in zip(old, new, strict=True):
            before.copy_(now)
        return True

    def resample(self, resamplings: Mapping[str, Resampling]) -> bool:
        """Set tap -> positions. Return whether they were copied to where the last ones lay."""
        old = {tap: one.sizes for tap, one in self.resamplings.items()}
        if old != {tap: one.sizes for tap, one in resamplings.items()}:
            self.resamplings = dict(resamplings)
            return False
        for tap, one in resamplings.items():
            self.resamplings[tap].copy_(one)
        return True

    @override
    def partial_sum(self, tap: str, part: Features, window: Window) -> Tensor:
        if not self.resamplings:
            raise RuntimeError("nearest neighbours need a query, or match() first")
        return self.resamplings[tap].of(part, window)

    def scaled(self, sums: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return tap -> features (g * k, C) times the tap's factor, in the memory of the sums."""
        return {
            tap: values.view(-1, values.shape[-1]).mul_(self.group.factors[tap])
            for tap, values in sums.items()
        }

    @override
    def finish(
        self, sums: Mapping[str, Tensor], layouts: Mapping[str, MapLayout]
    ) -> tuple[Tensor, Mapping[str, GradientAdder]]:
        features = self.scaled(sums)
        gradients = {tap: torch.zeros_like(values) for tap, values in features.items()}
        losses = [self._region(region, features, gradients) for region in self._targets]
        scale = self._multiplicity * self.group.weight

        def adder(tap: str) -> GradientAdder:
            gradient = gradients[tap].mul_(scale * self.group.factors[tap])
            values, resampling = gradient.view(sums[tap].shape), self.resamplings[tap]

            def add_gradient(out: Tensor, _: Tensor, window: Window) -> None:
                resampling.add_gradient(out, values, window, layouts[tap])

            return add_gradient

        loss = self.group.weight * torch.stack(losses).sum()
        return loss, {tap: adder(tap) for tap in self.taps}

    def _region(
        self,
        region: RegionTargets,
        features: Mapping[str, Tensor],
        gradients: Mapping[str, Tensor],
    ) -> Tensor:
        """Return the loss () of one region, not weighted, and add its gradients."""
        means = self._means(region, features) if self._centred else None
        chunks = _chunks(len(region.weights), device=region.weights.device)
        found: list[tuple[Tensor, Sequence[Tensor]]] = [None] * len(chunks)  # type: ignore[list-item]

        def work(number: int) -> None:
            found[number] = _add_chunk(region, chunks[number], features, gradients, means)

        _map(work, len(chunks), device=region.weights.device)
        loss = torch.stack([one for one, _ in found]).sum()
        if means is not None:
            shares = region.weights / region.weights.sum()
            for gradient, *sums in zip(gradients.values(), *(one for _, one in found), strict=True):
                correction = torch.outer(shares, torch.stack(sums).sum(dim=0)).neg_()
                if region.positions is None:
                    gradient.add_(correction)
                else:
                    gradient.index_add_(0, region.positions, correction)
        return loss

    def _means(self, region: RegionTargets, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        shares = region.weights / region.weights.sum()
        positions = region.positions
        return {
            tap: shares @ (one if positions is None else one.index_select(0, positions))
            for tap, one in features.items()
        }


def _add_chunk(
    region: RegionTargets,
    chunk: slice,
    features: Mapping[str, Tensor],
    gradients: Mapping[str, Tensor],
    means: Mapping[str, Tensor] | None,
) -> tuple[Tensor, Sequence[Tensor]]:
    """Return the loss of some positions, and the sum (C,) of their gradients at each tap.

    The gradients are added to ``gradients``; the sums are left out without means.
    """
    weights = region.weights[chunk]
    where = chunk if region.positions is None else region.positions[chunk]
    differences, targets = {}, {}
    own, squares, products = (torch.zeros_like(weights) for _ in range(3))
    for tap, values in features.items():
        own_values, target = values[where], region.directions[tap][chunk]
        difference = own_values if means is None else own_values - means[tap]
        if means is not None:
            own.add_(own_values.square().sum(dim=1))
        squares.add_(difference.square().sum(dim=1))
        products.add_((difference * target).sum(dim=1))
        differences[tap], targets[tap] = difference, target
    inverse = inverse_norms(squares, squares if means is None else own)
    cosines = products * inverse
    toward, along = -weights * inverse, weights * cosines * inverse.square()
    sums = []
    for tap, gradient in gradients.items():
        found = toward[:, None] * targets[tap]
        found.addcmul_(along[:, None], differences[tap])
        if region.positions is None:
            gradient[chunk].add_(found)
        else:
            gradient.index_add_(0, region.positions[chunk], found)
        if means is not None:
            sums.append(found.sum(dim=0))
    return (weights * (1 - cosines)).sum(), sums


def inverse_norms(squares: Tensor, own: Tensor) -> Tensor:
    """Return 1 / sqrt(squares); 0 where a feature is flat.

    Args:
        squares: (n,), the squared norms of what is compared.
        own: (n,), the squared norms of the features themselves.
    """
    flat = squares <= FLAT**2 * own
    return torch.where(flat, torch.zeros_like(squares), squares.rsqrt())


def _chunks(count: int, *, device: torch.device) -> list[slice]:
    step = _ROWS if device.type == "cpu" else count
    return [slice(first, min(first + step, count)) for first in range(0, count, step)]


def _map(work: Callable[[int], None], count: int, *, device: torch.device) -> None:
    """Call ``work`` with each number, on the workers of the CPU if there are several numbers."""
    if device.type == "cpu" and count > 1:
        thread_pool().map(range(count), lambda _, number: work(number))
        return
    for number in range(count):
        work(number)
