"""One image being optimised."""

from collections.abc import Mapping

import torch
from torch import Tensor

from nst_autograd.losses import (
    Moments,
    distance,
    moments,
    projected,
    sliced_style_loss,
    style_loss,
    total_variation,
)
from nst_autograd.network import Network, denormalised, normalised, to_array, to_tensor
from nst_autograd.pyramid import Pyramid
from nst_core.arrays import Array, Image
from nst_core.backend import AdamState, Evaluation, Losses, Problem, Query, StyleTargets
from nst_core.backend.guidance import Region, regions_at, variation_weights, visibility_at
from nst_core.backend.slicing import directions, quantiles
from nst_core.errors import BackendError


class AutogradSession:
    """The variable z is the normalised image (1, 3, H, W), or the levels of its pyramid."""

    def __init__(self, problem: Problem, *, dtype: torch.dtype) -> None:
        self._dtype, self._objective, self._adam = dtype, problem.objective, problem.adam
        taps = self._objective.taps()
        self._network = Network(problem.weights, taps, problem.architecture, dtype)
        self._regions = {tap: regions_at(problem.guides, tap) for tap in self._objective.style}
        self._visible = {
            tap: self._weights(found)
            for tap in self._objective.content
            if (found := visibility_at(problem.visibility, tap)) is not None
        }
        pairs = variation_weights(problem.visibility)
        self._variation = pairs and (self._weights(pairs[0]), self._weights(pairs[1]))
        drawn = {"count": self._objective.projections, "seed": self._objective.projection_seed}
        sliced = self._objective.style_statistics == "sliced-wasserstein"
        self._directions = {
            tap: torch.tensor(directions(tap, **drawn), dtype=dtype)
            for tap in self._objective.style
            if sliced
        }
        # The targets never change, so they are computed once.
        contents = self._features(problem.content)
        self._contents = {tap: contents[tap] for tap in self._objective.content}
        self._styles = (
            self._from_targets(problem.style_targets)
            if problem.style_targets
            else self._find_styles(problem)
        )
        height, width, _ = problem.start.shape
        self._pyramid = Pyramid(height=height, width=width, levels=problem.laplacian_levels)
        self._z = self._pyramid.decompose(normalised(to_tensor(problem.start, dtype)))
        self._first, self._second = torch.zeros_like(self._z), torch.zeros_like(self._z)
        self._step = 0
        self._losses: Losses | None = None

    # --- what core asks for ---

    def features(self, *, image: Image) -> Mapping[str, Array]:
        """Return tap -> features (C, H, W) of ``image``."""
        return {tap: found.numpy().copy() for tap, found in self._features(image).items()}

    def evaluate(self, *, image: Image) -> Evaluation:
        """Return losses and gradient at ``image``; the session stays as it is."""
        leaf = to_tensor(image, self._dtype).requires_grad_()
        losses, total = self._evaluate(normalised(leaf))
        (gradient,) = torch.autograd.grad(total, leaf)
        return Evaluation(losses=losses, gradient=to_array(gradient))

    def match(self, *, query: Query) -> None:  # noqa: ARG002
        """Raise: this backend has no nearest neighbours, and refuses problems with them."""
        raise BackendError("autograd has no nearest neighbours: use another backend")

    def step(self, *, learning_rate: float) -> None:
        """Take one Adam update."""
        leaf = self._z.requires_grad_()
        self._losses, total = self._evaluate(self._pyramid.compose(leaf))
        (gradient,) = torch.autograd.grad(total, leaf)
        with torch.no_grad():
            self._update(gradient, learning_rate)

    def losses(self) -> Losses:
        """Return the losses of the last step, taken before its update."""
        if self._losses is None:
            raise RuntimeError("losses() needs a step first")
        return self._losses

    def image(self) -> Image:
        """Return the image as it is now, not clipped."""
        return to_array(denormalised(self._pyramid.compose(self._z.detach())))

    def style_targets(self) -> StyleTargets:
        """Return a copy of the style targets."""
        return StyleTargets(
            statistics={
                tap: {
                    region: tuple(one.numpy().copy() for one in found)
                    for region, found in regions.items()
                }
                for tap, regions in self._styles.items()
            }
        )

    def state(self) -> AdamState:
        """Return a copy of the state of Adam."""
        return AdamState(
            step=self._step,
            image=to_array(self._z),
            first_moment=to_array(self._first),
            second_moment=to_array(self._second),
        )

    def restore(self, *, state: AdamState) -> None:
        """Continue from ``state``."""
        self._step = state.step
        self._z = to_tensor(state.image, self._dtype)
        self._first = to_tensor(state.first_moment, self._dtype)
        self._second = to_tensor(state.second_moment, self._dtype)

    # --- the algorithm ---

    @torch.no_grad()
    def _features(self, image: Image) -> dict[str, Tensor]:
        return self._network.features(normalised(to_tensor(image, self._dtype)))

    @torch.no_grad()
    def _find_styles(self, problem: Problem) -> dict[str, dict[int, Moments]]:
        """Tap -> region -> the blend of the styles that have something of the region."""
        sums: dict[str, dict[int, tuple[float, Moments]]] = {
            tap: {} for tap in self._objective.style
        }
        for style, share in problem.shares():
            features = self._features(style.image)
            for tap, regions in sums.items():
                for number, region in regions_at(style.guides, tap).items():
                    found = self._statistics(tap, features[tap], region)
                    whole, before = regions.get(number, (0.0, ()))
                    found = tuple(share * one for one in found)
                    if before:
                        found = tuple(a + b for a, b in zip(before, found, strict=True))
                    regions[number] = (whole + share, found)
        return {
            tap: {n: tuple(one / whole for one in found) for n, (whole, found) in regions.items()}
            for tap, regions in sums.items()
        }

    def _statistics(self, tap: str, features: Tensor, region: Region) -> Moments:
        """Return a style's statistics in a region; core finds the quantiles of projections."""
        if tap not in self._directions:
            return moments(features, region, self._objective.style_statistics)
        values = projected(features, self._directions[tap]).T.numpy()
        density = None if region.density is None else region.density.ravel()
        return (torch.from_numpy(quantiles(values, density)),)

    def _from_targets(self, targets: StyleTargets) -> dict[str, dict[int, Moments]]:
        return {
            tap: {n: tuple(map(torch.tensor, found)) for n, found in regions.items()}
            for tap, regions in targets.statistics.items()
        }

    def _evaluate(self, x: Tensor) -> tuple[Losses, Tensor]:
        objective, features = self._objective, self._network.features(x)
        content = {
            tap: weight * self._content_loss(tap, features[tap])
            for tap, weight in objective.content.items()
        }
        style = {
            tap: weight * self._style_loss(tap, features[tap])
            for tap, weight in objective.style.items()
        }
        variation = objective.total_variation * total_variation(x, self._variation)
        total = (
            sum(content.values()) + objective.style_multiplicity * sum(style.values()) + variation
        )
        losses = Losses(
            content={tap: loss.item() for tap, loss in content.items()},
            style={tap: loss.item() for tap, loss in style.items()},
            total_variation=variation.item(),
            total=total.item(),
        )
        return losses, total

    def _content_loss(self, tap: str, features: Tensor) -> Tensor:
        difference = features - self._contents[tap]
        return distance(difference, self._objective.content_distance, self._visible.get(tap))

    def _weights(self, weights: Array) -> Tensor:
        return torch.tensor(weights, dtype=self._dtype)

    def _style_loss(self, tap: str, features: Tensor) -> Tensor:
        loss, objective = features.new_zeros(()), self._objective
        for number, region in self._regions[tap].items():
            target = self._styles[tap][number]
            if tap in self._directions:
                values = projected(features, self._directions[tap])
                of_region = sliced_style_loss(values, region, target[0])
            else:
                found = moments(features, region, objective.style_statistics)
                of_region = style_loss(found, target, kind=objective.style_distance)
            loss = loss + region.area * of_region
        return loss

    def _update(self, gradient: Tensor, learning_rate: float) -> None:
        """Adam; epsilon is added to the corrected root, or to the uncorrected one as in MXNet."""
        adam, self._step = self._adam, self._step + 1
        self._first = adam.beta1 * self._first + (1 - adam.beta1) * gradient
        self._second = adam.beta2 * self._second + (1 - adam.beta2) * gradient**2
        first, second = (1 - beta**self._step for beta in (adam.beta1, adam.beta2))
        if adam.epsilon_form == "paper":
            root = (self._second / second).sqrt() + adam.epsilon
        else:
            root = (self._second.sqrt() + adam.epsilon) / second**0.5
        self._z = self._z.detach() - learning_rate * (self._first / first) / root
