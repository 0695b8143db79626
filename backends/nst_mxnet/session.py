"""One image being optimised with MXNet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from nst_core.arrays import Array, Image
from nst_core.backend import (
    STD,
    AdamState,
    DType,
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
from nst_core.vgg19 import feature_shape
from nst_mxnet import layout
from nst_mxnet._framework import Context, Tensor, mx, share_workspace
from nst_mxnet.adam import AdamUpdate
from nst_mxnet.joint_loss import JointSums
from nst_mxnet.loss_network import LossNetwork, collect_features
from nst_mxnet.losses import Targets, WeightedLosses, loss_terms, total_variation
from nst_mxnet.nearest import NearestNeighbours
from nst_mxnet.network import Network
from nst_mxnet.out_of_memory import out_of_memory_message
from nst_mxnet.row_strips import DEFAULT_STRIP_SIZES, StripSizes
from nst_mxnet.statistics import Blend, Shape, style_target
from nst_mxnet.variables import variables_of


@translates_out_of_memory(out_of_memory_message)
@mx.util.use_np  # NumPy semantics inside these methods alone: a host program may use mx.nd
class MXNetSession:
    """``nst_core.backend.Session``; images are normalised arrays (1, 3, H, W).

    MXNet is asynchronous on the CPU too: every call is only queued, and reading a value waits
    for it. So ``step`` returns early on every device.

    Args:
        problem: The work.
        device: Where to compute.
        dtype: The dtype of the image, the features and the losses.
        execution: How it is computed.
        strip_sizes: How large the strips of rows are in which the network computes.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        device: Context,
        dtype: DType,
        execution: Execution,
        strip_sizes: StripSizes = DEFAULT_STRIP_SIZES,
    ) -> None:
        share_workspace()
        self._device = device
        self._dtype = dtype
        self._objective = problem.objective
        height, width, _ = problem.start.shape
        self._shapes = _shapes(self._objective.taps(), height=height, width=width)
        self._network: LossNetwork = Network(
            problem.weights,
            taps=problem.objective.taps(),
            device=device,
            dtype=dtype,
            architecture=problem.architecture,
            checkpointing=execution.checkpointing,
            strip_sizes=strip_sizes,
        )
        self._style_targets = self._find_style_targets(problem)
        self._terms = loss_terms(problem.objective, self._find_targets(problem), self._shapes)
        self._neighbours = self._nearest_neighbours(problem)
        if problem.query and self._neighbours:
            self.match(query=problem.query)
        self._variation_weights = self._find_variation_weights(problem)
        self._variables = variables_of(problem, device=device, dtype=dtype)
        self._z = self._variables.start(self._normalised(problem.start))
        self._adam = AdamUpdate(self._z, problem.adam)
        self._last_losses: WeightedLosses | None = None

    def features(self, *, image: Image) -> Mapping[str, Array]:
        """Return tap -> features (C, H, W)."""
        taps = self._objective.taps()
        found = collect_features(self._network, self._normalised(image), taps)
        return {tap: features[0].asnumpy() for tap, features in found.items()}

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
        if self._neighbours is None:
            raise RuntimeError("this problem has no nearest neighbours to match")
        self._neighbours.match(query)
        trim_heap()

    def step(self, *, learning_rate: float) -> None:
        """Take one Adam update; its last operations are only queued."""
        with self._network.threads():
            self._last_losses, gradient = self._evaluate(self._variables.image(self._z))
            gradient = self._variables.gradient(gradient)
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
        self._z[:] = self._variables.to_tensor(state.image)
        self._adam.step = state.step
        self._adam.first_moment[:] = self._variables.to_tensor(state.first_moment)
        self._adam.second_moment[:] = self._variables.to_tensor(state.second_moment)

    def _find_targets(self, problem: Problem) -> Targets:
        image = self._normalised(problem.content)
        content = collect_features(self._network, image, self._objective.content)
        like = self._tensor(np.zeros((1, 1, 3)))
        style = {
            tap: style_target(
                tap, found, regions_at(problem.guides, tap), self._objective, like=like
            )
            for tap, found in self._style_targets.statistics.items()
        }
        return Targets(
            content=content, style=style, visibility=self._find_visibility(problem, like)
        )

    def _find_visibility(self, problem: Problem, like: Tensor) -> dict[str, Tensor]:
        """Return content tap -> how much its pixels count; nothing if all count alike."""
        found = {tap: visibility_at(problem.visibility, tap) for tap in self._objective.content}
        return {
            tap: layout.like_array(one[None, None], like)
            for tap, one in found.items()
            if one is not None
        }

    def _find_variation_weights(self, problem: Problem) -> tuple[Tensor, Tensor] | None:
        found = variation_weights(problem.visibility)
        if found is None:
            return None
        like = self._tensor(np.zeros((1, 1, 3)))
        rows, columns = (layout.like_array(one[None, None], like) for one in found)
        return rows, columns

    def _find_style_targets(self, problem: Problem) -> StyleTargets:
        """Return the blend of the styles' statistics, computed unless the problem has them."""
        if problem.style_targets is not None:
            return problem.style_targets.copied()
        blends = {tap: Blend(tap, self._objective) for tap in self._objective.style}
        for style, share in problem.shares():
            self._add_style(blends, style, share)
        return StyleTargets(statistics={tap: blend.statistics() for tap, blend in blends.items()})

    def _add_style(self, blends: Mapping[str, Blend], style: StyleSource, share: float) -> None:
        """Add the statistics of one style to the blends; none of its features are kept."""
        height, width, _ = style.image.shape
        regions = {tap: regions_at(style.guides, tap) for tap in blends}
        shapes = _shapes(blends, height=height, width=width)

        def on_features(tap: str, features: Tensor, rows: slice) -> None:
            if tap in blends:
                blends[tap].add(features, rows, regions[tap], share, shape=shapes[tap])

        self._network.forward(self._normalised(style.image), on_features)

    def _nearest_neighbours(self, problem: Problem) -> NearestNeighbours | None:
        if not self._objective.neighbours:
            return None

        def forward(image: Image, sums: JointSums) -> None:
            self._network.forward(self._normalised(image), sums.add)

        like = self._tensor(np.zeros((1, 1, 3)))
        return NearestNeighbours(problem.with_own_styles(), like=like, forward=forward)

    def _evaluate(self, x: Tensor) -> tuple[WeightedLosses, Tensor]:
        """Return the losses at ``x`` (1, 3, H, W), and the gradient of their total."""
        with self._network.threads():
            joint = self._neighbours.losses if self._neighbours else ()
            found, gradient = self._network.evaluate(x, self._terms, joint)
            weight = self._objective.total_variation
            variation, its_gradient = total_variation(
                x, weight=weight, weights=self._variation_weights
            )
            gradient += its_gradient
        losses = WeightedLosses.from_terms(
            found, total_variation=variation, objective=self._objective
        )
        return losses, gradient

    def _normalised(self, image: Image) -> Tensor:
        return layout.normalise(image, device=self._device, dtype=self._dtype)

    def _tensor(self, array: Array) -> Tensor:
        return layout.to_tensor(array, device=self._device, dtype=self._dtype)


def _shapes(taps: Iterable[str], *, height: int, width: int) -> dict[str, Shape]:
    """Return tap -> the shape of its features, (C, H, W)."""
    return {tap: feature_shape(tap, height=height, width=width) for tap in taps}
