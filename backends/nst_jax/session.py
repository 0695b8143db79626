"""One image being optimised with JAX."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np

from nst_core.arrays import Array, Image
from nst_core.backend import (
    STD,
    AdamState,
    DType,
    Evaluation,
    Losses,
    Problem,
    Query,
    StyleSource,
    StyleTargets,
)
from nst_core.backend.blending import RegionBlend
from nst_core.backend.guidance import Region, regions_at, variation_weights, visibility_at
from nst_core.backend.out_of_memory import translates_out_of_memory
from nst_core.backend.slicing import directions, quantiles
from nst_core.optimisers import LaplacianPyramid
from nst_jax import functions, layout, losses
from nst_jax._framework import Tensor, with_float64
from nst_jax.adam import AdamArrays, AdamNumbers
from nst_jax.compilation import call
from nst_jax.losses import LossWeights, Targets
from nst_jax.matched_loss import Sampling
from nst_jax.nearest import NearestNeighbours, nearest
from nst_jax.network import features, parameters
from nst_jax.out_of_memory import out_of_memory_message
from nst_jax.precision import Arithmetic
from nst_jax.program import Program
from nst_jax.sliced import Quantiles
from nst_jax.style_loss import RegionTarget
from nst_jax.variables import enlarging_of
from nst_jax.wasserstein import Gaussian


@translates_out_of_memory(out_of_memory_message)
class JAXSession:
    """``nst_core.backend.Session``; images are normalised arrays (H, W, 3).

    JAX is asynchronous on the CPU too: a step is only queued, and reading a value waits for it.

    Args:
        problem: The work.
        device: A device of JAX.
        dtype: The dtype of the image, the features and the losses.
        arithmetic: How convolutions are computed.
        checkpointing: See ``Execution``.
    """

    @with_float64
    def __init__(
        self,
        problem: Problem,
        *,
        device: Any,
        dtype: DType,
        arithmetic: Arithmetic,
        checkpointing: bool,
    ) -> None:
        self._device, self._dtype = device, dtype
        self._constants = problem.adam
        self._program = Program.of(problem, arithmetic=arithmetic, checkpointing=checkpointing)
        taps = self._program.taps()
        self._parameters = parameters(problem.weights, taps, device=device, dtype=dtype)
        self._weights = LossWeights.of(problem.objective)
        self._directions = self._find_directions(problem)
        self._style_targets = self._find_style_targets(problem)
        self._targets = self._find_targets(problem)
        self._neighbours = self._nearest_neighbours(problem)
        if problem.query is not None and self._neighbours is not None:
            self._match(self._neighbours, problem.query)
        height, width, _ = problem.start.shape
        pyramid = LaplacianPyramid(height=height, width=width, levels=problem.laplacian_levels)
        self._enlarging = enlarging_of(
            height=height, width=width, levels=problem.laplacian_levels, device=device, dtype=dtype
        )
        z = self._tensor(pyramid.undo(layout.to_array(self._normalised(problem.start))))
        self._arrays = AdamArrays(z, *(self._tensor(np.zeros(z.shape)) for _ in range(2)))
        self._step = 0
        self._last_losses: Tensor | None = None

    @with_float64
    def features(self, *, image: Image) -> Mapping[str, Array]:
        """Return tap -> features (C, H, W)."""
        found = self._features(image)
        return {
            tap: np.array(np.asarray(one).transpose(2, 0, 1), order="C")
            for tap, one in found.items()
        }

    @with_float64
    def evaluate(self, *, image: Image) -> Evaluation:
        """Return the losses at ``image`` and the gradient with respect to it."""
        self._check_targets()
        found, gradient = call(
            functions.losses_and_gradient,
            self._program,
            self._parameters,
            self._weights,
            self._targets,
            (),
            self._normalised(image),
        )
        # x = (image - MEAN) / STD, so d/d(image) = d/dx / STD.
        by_image = layout.to_array(gradient) / np.asarray(STD, self._dtype)
        return Evaluation(losses=losses.read(found, self._program), gradient=by_image)

    @with_float64
    def match(self, *, query: Query) -> None:
        """Find the targets of nearest neighbours again.

        Raises:
            RuntimeError: if the problem has none.
        """
        if self._neighbours is None:
            raise RuntimeError("the problem has no nearest neighbours")
        self._match(self._neighbours, query)

    @with_float64
    def step(self, *, learning_rate: float) -> None:
        """Take one Adam update; it is only queued."""
        self._check_targets()
        numbers = AdamNumbers.of(self._constants, learning_rate=learning_rate, step=self._step + 1)
        self._arrays, self._last_losses = call(
            functions.adam_step,
            self._program,
            self._parameters,
            self._weights,
            self._targets,
            self._enlarging,
            numbers,
            self._arrays,
            donated=5,
        )
        self._step += 1

    def losses(self) -> Losses:
        """Return the losses of the last step, before its update.

        Raises:
            RuntimeError: before the first step.
        """
        if self._last_losses is None:
            raise RuntimeError("losses() needs a step first")
        return losses.read(self._last_losses, self._program)

    @with_float64
    def image(self) -> Image:
        """Return the current image, (H, W, 3)."""
        if not self._enlarging:
            return layout.denormalise(self._arrays.z)
        x = call(functions.image, self._program, self._enlarging, self._arrays.z)
        return layout.denormalise(x)

    def style_targets(self) -> StyleTargets:
        """Return a copy of the styles' statistics that the image is compared with."""
        return self._style_targets.copied()

    def state(self) -> AdamState:
        """Return a copy of the optimiser's state."""
        z, first, second = map(layout.to_array, self._arrays)
        return AdamState(step=self._step, image=z, first_moment=first, second_moment=second)

    @with_float64
    def restore(self, *, state: AdamState) -> None:
        """Continue from ``state``."""
        self._step = state.step
        arrays = (state.image, state.first_moment, state.second_moment)
        self._arrays = AdamArrays(*map(self._tensor, arrays))

    def _find_targets(self, problem: Problem) -> Targets:
        content = self._features(problem.content) if self._program.content else {}
        style = {
            tap: tuple(
                self._region_target(tap, found[number], region)
                for number, region in regions_at(problem.guides, tap).items()
            )
            for tap, found in self._style_targets.statistics.items()
        }
        visible = {
            tap: self._tensor(found)
            for tap in self._program.content
            if (found := visibility_at(problem.visibility, tap)) is not None
        }
        pairs = variation_weights(problem.visibility)
        return Targets(
            content={tap: content[tap] for tap in self._program.content},
            style=style,
            visibility=visible,
            variation=pairs and (self._tensor(pairs[0]), self._tensor(pairs[1])),
            neighbours={},
        )

    def _region_target(self, tap: str, found: Iterable[Array], region: Region) -> RegionTarget:
        statistics = [
            layout.to_tensor(one, device=self._device, dtype=str(one.dtype)) for one in found
        ]
        of: Tensor | Gaussian | Quantiles = statistics[0]
        if self._program.style_statistics == "wasserstein":
            of = Gaussian.of(*statistics)
        elif tap in self._directions:
            of = Quantiles(statistics[0], self._directions[tap])
        return RegionTarget(region.area, self._density(region), of)

    def _find_directions(self, problem: Problem) -> dict[str, Tensor]:
        """Return tap -> directions (P, C); nothing unless the statistics are sliced."""
        objective = problem.objective
        if objective.style_statistics != "sliced-wasserstein":
            return {}
        drawn = {"count": objective.projections, "seed": objective.projection_seed}
        return {tap: self._tensor(directions(tap, **drawn)) for tap in objective.style}

    def _find_style_targets(self, problem: Problem) -> StyleTargets:
        """Return the blend of the styles' statistics, computed unless the problem has them."""
        if problem.style_targets is not None:
            return problem.style_targets.copied()
        blends: dict[str, RegionBlend[Array]] = {tap: RegionBlend() for tap in self._program.style}
        for style, share in problem.shares():
            for tap, regions in self._statistics_of(style).items():
                for number, found in regions.items():
                    blends[tap].add(number, [np.asarray(one) for one in found], share=share)
        return StyleTargets(statistics={tap: blend.by_region() for tap, blend in blends.items()})

    def _statistics_of(self, style: StyleSource) -> Mapping[str, Mapping[int, Iterable[Tensor]]]:
        """Return tap -> region -> the statistics of one style."""
        regions = {tap: regions_at(style.guides, tap) for tap in self._program.style}
        if self._directions:
            return self._quantiles_of(style, regions)
        densities = {
            tap: {number: self._density(region) for number, region in found.items()}
            for tap, found in regions.items()
        }
        found: Mapping[str, Mapping[int, Iterable[Tensor]]] = call(
            functions.style_statistics,
            self._program,
            self._parameters,
            densities,
            self._normalised(style.image),
        )
        return found

    def _quantiles_of(
        self, style: StyleSource, regions: Mapping[str, Mapping[int, Region]]
    ) -> Mapping[str, Mapping[int, Iterable[Array]]]:
        values = call(
            functions.style_projections,
            self._program,
            self._parameters,
            self._directions,
            self._normalised(style.image),
        )
        return {
            tap: {number: [_quantiles(values[tap], one)] for number, one in found.items()}
            for tap, found in regions.items()
        }

    def _features(self, image: Image) -> Mapping[str, Tensor]:
        found: Mapping[str, Tensor] = call(
            features, self._program, self._parameters, self._normalised(image)
        )
        return found

    def _nearest_neighbours(self, problem: Problem) -> NearestNeighbours | None:
        if not self._program.groups:
            return None

        def sample(image: Image, samplings: Mapping[str, Sampling]) -> Mapping[str, Tensor]:
            x = self._normalised(image)
            given = self._parameters
            found: Mapping[str, Tensor] = call(
                functions.sampled, self._program, given, samplings, x
            )
            return found

        search = partial(call, nearest, self._program)
        return NearestNeighbours(problem, tensor=self._tensor, sample=sample, search=search)

    def _match(self, neighbours: NearestNeighbours, query: Query) -> None:
        self._targets = self._targets._replace(neighbours=neighbours.match(query))

    def _check_targets(self) -> None:
        if self._program.groups and not self._targets.neighbours:
            raise RuntimeError("nearest neighbours need a query, or match() first")

    def _density(self, region: Region) -> Tensor | None:
        return None if region.density is None else self._tensor(region.density)

    def _normalised(self, image: Image) -> Tensor:
        return layout.normalise(image, device=self._device, dtype=self._dtype)

    def _tensor(self, array: Array) -> Tensor:
        return layout.to_tensor(array, device=self._device, dtype=self._dtype)


def _quantiles(values: Tensor, region: Region) -> Array:
    """Return the quantiles (P, K) of projections (N, P) of a style's pixels in a region."""
    return quantiles(np.asarray(values), None if region.density is None else region.density.ravel())
