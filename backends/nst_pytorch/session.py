"""One image being optimised with PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor

from nst_core.arrays import Array, Image
from nst_core.backend import (
    STD,
    AdamState,
    Evaluation,
    Execution,
    Losses,
    Problem,
    Query,
    StyleSource,
    StyleTargets,
)
from nst_core.backend.guidance import regions_at, variation_weights, visibility_at
from nst_core.backend.out_of_memory import translates_out_of_memory
from nst_core.system.memory import trim_heap
from nst_pytorch import layout
from nst_pytorch.adam import AdamUpdate
from nst_pytorch.cuda_graph import CudaGraph
from nst_pytorch.feature_map import FeatureMap, Features, Window, pixel_map
from nst_pytorch.joint_loss import JointSums
from nst_pytorch.loss_network import LossNetwork, collect_features
from nst_pytorch.losses import Targets, WeightedLosses, loss_terms, total_variation
from nst_pytorch.nearest import NearestNeighbours
from nst_pytorch.out_of_memory import out_of_memory_message
from nst_pytorch.precision import Arithmetic
from nst_pytorch.select_network import NetworkSelector
from nst_pytorch.sliced import SlicedStatistics
from nst_pytorch.statistics import Blend, StyleStatistics, style_statistics, style_target
from nst_pytorch.variables import variables_of


@translates_out_of_memory(out_of_memory_message)
class PyTorchSession:
    """``nst_core.backend.Session``; images are normalised tensors (1, 3, H, W).

    Args:
        problem: The work.
        device: Where to compute.
        dtype: The dtype of the image, the features and the losses.
        execution: How it is computed.

    Raises:
        BackendError: if the device cannot compute what ``execution`` asks for.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        device: torch.device,
        dtype: torch.dtype,
        execution: Execution,
    ) -> None:
        self._device = device
        self._dtype = dtype
        self._objective = problem.objective
        self._arithmetic = Arithmetic.of(execution.precision, device=device, dtype=dtype)
        networks = NetworkSelector(
            weights=problem.weights,
            taps=problem.objective.taps(),
            device=device,
            dtype=dtype,
            architecture=problem.architecture,
            arithmetic=self._arithmetic,
            execution=execution,
        )
        height, width, _ = problem.start.shape
        self._network = networks.select_network((height, width))
        with self._arithmetic.applied():
            self._style_targets = self._find_style_targets(problem, networks)
            self._terms = loss_terms(problem.objective, self._find_targets(problem))
        self._neighbours = self._nearest_neighbours(problem, networks)
        self._joint = self._neighbours.losses if self._neighbours else []
        if problem.query and self._neighbours:
            self._find_neighbours(problem.query)
        trim_heap()  # the memory of the targets' search, before the steps allocate theirs
        self._variation_weights = self._find_variation_weights(problem)
        self._variables = variables_of(problem, device=device, dtype=dtype)
        with self._arithmetic.applied():
            self._z = self._variables.start(self._normalised(problem.start))
        self._adam = AdamUpdate(self._z, problem.adam)
        self._evaluate_z = self._evaluation_of_z()
        self._last_losses: WeightedLosses | None = None

    def features(self, *, image: Image) -> Mapping[str, Array]:
        """Return tap -> features (C, H, W)."""
        taps = self._objective.taps()
        with self._arithmetic.applied():
            found = collect_features(self._network, self._normalised(image), taps)
        return {tap: one.nchw[0].cpu().numpy().copy(order="C") for tap, one in found.items()}

    def evaluate(self, *, image: Image) -> Evaluation:
        """Return the losses at ``image`` and the gradient with respect to it."""
        losses, gradient = self._evaluate(self._normalised(image))
        # x = (image - MEAN) / STD, so d/d(image) = d/dx / STD.
        gradient = gradient / layout.per_channel(STD, gradient)
        return Evaluation(losses=losses.read(), gradient=layout.to_array(gradient))

    def match(self, *, query: Query) -> None:
        """Find the targets of nearest neighbours at another image.

        Raises:
            RuntimeError: if the problem has no nearest neighbours.
        """
        if not self._find_neighbours(query):
            self._evaluate_z = self._evaluation_of_z()  # a CUDA graph reads the old targets
        trim_heap()

    def step(self, *, learning_rate: float) -> None:
        """Take one Adam update; on CUDA it is only queued."""
        with self._network.threads():
            self._last_losses, gradient = self._evaluate_z()
            self._adam.apply(self._z, gradient, learning_rate=learning_rate)

    def losses(self) -> Losses:
        """Return the losses of the last step, before its update.

        Raises:
            RuntimeError: before the first step.
        """
        if self._last_losses is None:
            raise RuntimeError("losses() needs a step first")
        return self._last_losses.read()

    def image(self) -> Image:
        """Return the current image, (H, W, 3)."""
        with self._arithmetic.applied():
            return layout.to_array(layout.denormalise(self._variables.image(self._z)))

    def style_targets(self) -> StyleTargets:
        """Return a copy of the styles' statistics that the image is compared with."""
        return self._style_targets.copied()

    def state(self) -> AdamState:
        """Return a copy of the optimiser's state."""
        return AdamState(
            step=self._adam.step,
            image=self._variables.to_array(self._z),
            first_moment=self._variables.to_array(self._adam.first_moment),
            second_moment=self._variables.to_array(self._adam.second_moment),
        )

    def restore(self, *, state: AdamState) -> None:
        """Continue from ``state``."""
        self._z.copy_(self._variables.to_tensor(state.image))
        self._adam.step = state.step
        self._adam.first_moment.copy_(self._variables.to_tensor(state.first_moment))
        self._adam.second_moment.copy_(self._variables.to_tensor(state.second_moment))

    def _find_targets(self, problem: Problem) -> Targets:
        image = self._normalised(problem.content)
        content = collect_features(self._network, image, self._objective.content)
        like = torch.empty((), device=self._device, dtype=self._dtype)
        style = {
            tap: style_target(found, regions_at(problem.guides, tap), self._objective, like=like)
            for tap, found in self._style_targets.statistics.items()
        }
        return Targets(
            content=content, style=style, visibility=self._find_visibility(problem, like)
        )

    def _find_visibility(self, problem: Problem, like: Tensor) -> dict[str, FeatureMap]:
        """Return content tap -> how much its pixels count; nothing if all count alike."""
        found = {tap: visibility_at(problem.visibility, tap) for tap in self._objective.content}
        return {tap: pixel_map(one, like=like) for tap, one in found.items() if one is not None}

    def _find_variation_weights(self, problem: Problem) -> tuple[Tensor, Tensor] | None:
        found = variation_weights(problem.visibility)
        if found is None:
            return None
        rows, columns = (torch.tensor(one, device=self._device, dtype=self._dtype) for one in found)
        return rows, columns

    def _find_style_targets(self, problem: Problem, networks: NetworkSelector) -> StyleTargets:
        """Return the blend of the styles' statistics, computed unless the problem has them."""
        if problem.style_targets is not None:
            return problem.style_targets.copied()
        blends = {tap: Blend() for tap in self._objective.style}
        for style, share in problem.shares():
            for tap, found in self._statistics_of(style, networks).items():
                blends[tap].add(found, share)
        return StyleTargets(statistics={tap: blend.statistics() for tap, blend in blends.items()})

    def _statistics_of(
        self, style: StyleSource, networks: NetworkSelector
    ) -> Mapping[str, StyleStatistics | SlicedStatistics]:
        """Return tap -> the statistics of one style; none of its features are kept."""
        statistics = {
            tap: style_statistics(tap, self._objective, regions_at(style.guides, tap))
            for tap in self._objective.style
        }

        def on_features(tap: str, part: Features, window: Window) -> None:
            if tap in statistics:
                statistics[tap].update(part, window)

        network = self._network_for(style, networks)
        network.forward(self._normalised(style.image), on_features)
        return statistics

    def _network_for(self, style: StyleSource, networks: NetworkSelector) -> LossNetwork:
        height, width, _ = style.image.shape
        size = height, width
        return self._network if self._network.accepts(size) else networks.select_style_network(size)

    def _nearest_neighbours(
        self, problem: Problem, networks: NetworkSelector
    ) -> NearestNeighbours | None:
        if not self._objective.neighbours:
            return None

        def forward(image: Image, sums: JointSums) -> None:
            self._network.forward(self._normalised(image), sums.add)

        def style_forward() -> Callable[[StyleSource, JointSums], None]:
            known: dict[tuple[int, ...], LossNetwork] = {}  # freed after a search

            def forward(style: StyleSource, sums: JointSums) -> None:
                size = style.image.shape
                if size not in known:
                    known[size] = self._network_for(style, networks)
                known[size].forward(self._normalised(style.image), sums.add)

            return forward

        like = torch.empty((), device=self._device, dtype=self._dtype)
        copied = problem.with_own_styles()
        return NearestNeighbours(copied, like=like, forward=forward, style_forward=style_forward)

    @torch.no_grad()
    def _find_neighbours(self, query: Query) -> bool:
        """Find targets at a query. Return whether they lie where the last ones lay."""
        if self._neighbours is None:
            raise RuntimeError("this problem has no nearest neighbours to match")
        with self._network.threads(), self._arithmetic.applied():
            return self._neighbours.match(query)

    def _evaluation_of_z(self) -> Callable[[], tuple[WeightedLosses, Tensor]]:
        """Return a function without arguments: losses and gradient at the current ``_z``."""
        # cuSOLVER cannot be captured. After a failed capture it fails even where it could compute.
        # Sorting has not been tried.
        captured = self._objective.style_statistics == "gram"
        if self._device.type == "cuda" and captured:
            return CudaGraph(self._evaluate_variables, self._z)
        return partial(self._evaluate_variables, self._z)

    def _evaluate_variables(self, z: Tensor) -> tuple[WeightedLosses, Tensor]:
        """Return the losses at the image of ``z``, and their gradient with respect to ``z``."""
        with self._arithmetic.applied():
            losses, gradient = self._evaluate(self._variables.image(z))
            return losses, self._variables.gradient(gradient)

    def _evaluate(self, x: Tensor) -> tuple[WeightedLosses, Tensor]:
        with self._network.threads(), self._arithmetic.applied():
            found, gradient = self._network.evaluate(x, self._terms, self._joint)
            weight = self._objective.total_variation
            variation = total_variation(x, gradient, weight=weight, weights=self._variation_weights)
        losses = WeightedLosses.from_terms(
            found, total_variation=variation, objective=self._objective
        )
        return losses, gradient

    def _normalised(self, image: Image) -> Tensor:
        return layout.normalise(image, device=self._device, dtype=self._dtype)
