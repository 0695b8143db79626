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
    StyleTargets,
)
from nst_core.backend.guidance import Region, regions_at
from nst_core.backend.out_of_memory import translates_out_of_memory
from nst_core.vgg19 import feature_shape
from nst_mxnet import layout
from nst_mxnet._framework import Context, Tensor, mx, share_workspace
from nst_mxnet.adam import AdamUpdate
from nst_mxnet.lack import lack
from nst_mxnet.losses import Targets, WeightedLosses, heads_of, total_variation
from nst_mxnet.network import Network
from nst_mxnet.statistics import Blend, Shape, target_of
from nst_mxnet.strips import placed


@translates_out_of_memory(lack)
@mx.util.use_np  # NumPy's semantics inside these methods alone: a host may use mx.nd as it was
class MXNetSession:
    """See ``nst_core.backend.Session``; the variable is the normalised image (1, 3, H, W).

    MXNet is asynchronous on the CPU too: every call is only queued, and reading a value waits
    for it. So ``step`` returns early on every device.
    """

    def __init__(
        self, problem: Problem, *, device: Context, dtype: DType, execution: Execution
    ) -> None:
        share_workspace()
        self._device = device
        self._dtype = dtype
        self._objective = problem.objective
        height, width, _ = problem.start.shape
        self._shapes = _shapes(self._objective.taps(), height=height, width=width)
        self._network = Network(
            problem.weights,
            taps=problem.objective.taps(),
            device=device,
            dtype=dtype,
            architecture=problem.architecture,
            checkpointing=execution.checkpointing,
        )
        self._style_targets = self._find_style_targets(problem)
        self._heads = heads_of(problem.objective, self._find_targets(problem), self._shapes)
        self._x = self._normalised(problem.start)
        self._adam = AdamUpdate(self._x, problem.adam)
        self._losses: WeightedLosses | None = None

    def features(self, *, image: Image) -> Mapping[str, Array]:
        """Return tap -> features (C, H, W)."""
        parts: dict[str, list[Array]] = {tap: [] for tap in self._network.taps}

        def see(tap: str, features: Tensor, rows: slice) -> None:  # noqa: ARG001
            parts[tap].append(features[0].asnumpy())

        self._network.visit(self._normalised(image), see)
        return {tap: np.concatenate(found, axis=1) for tap, found in parts.items()}

    def evaluate(self, *, image: Image) -> Evaluation:
        """Return the losses at ``image`` and the gradient with respect to it."""
        losses, gradient = self._differentiate(self._normalised(image))
        # x = (image - MEAN) / STD, so d/d(image) = d/dx / STD.
        gradient = gradient / layout.channels(STD, gradient)
        return Evaluation(losses=losses.read(), gradient=layout.to_array(gradient))

    def step(self, *, learning_rate: float) -> None:
        """Take one Adam update; the end of it is only queued."""
        self._losses, gradient = self._differentiate(self._x)
        self._adam.apply(self._x, gradient, learning_rate=learning_rate)

    def losses(self) -> Losses:
        """Return the losses of the last step, before its update."""
        if self._losses is None:
            raise RuntimeError("losses() needs a step first")
        return self._losses.read()

    def image(self) -> Image:
        """Return the image as it is now, (H, W, 3)."""
        return layout.to_array(layout.denormalise(self._x))

    def style_targets(self) -> StyleTargets:
        """Return a copy of what the image is compared with of the styles."""
        return self._style_targets.copied()

    def state(self) -> AdamState:
        """Return a copy of the optimiser's state."""
        return AdamState(
            step=self._adam.step,
            image=layout.to_array(self._x),
            first_moment=layout.to_array(self._adam.first_moment),
            second_moment=layout.to_array(self._adam.second_moment),
        )

    def restore(self, *, state: AdamState) -> None:
        """Go on from ``state``."""
        self._x[:] = self._tensor(state.image)
        self._adam.step = state.step
        self._adam.first_moment[:] = self._tensor(state.first_moment)
        self._adam.second_moment[:] = self._tensor(state.second_moment)

    def _find_targets(self, problem: Problem) -> Targets:
        content: dict[str, Tensor] = {}

        def see(tap: str, features: Tensor, rows: slice) -> None:
            if tap in self._objective.content:
                if tap not in content:
                    shape = (1, *self._shapes[tap])
                    content[tap] = placed(None, rows, like=shape, of=features)
                content[tap][:, :, rows] = features

        self._network.visit(self._normalised(problem.content), see)
        like = self._tensor(np.zeros((1, 1, 3)))
        style = {
            tap: target_of(found, regions_at(problem.guides, tap), self._objective, like=like)
            for tap, found in self._style_targets.statistics.items()
        }
        return Targets(content=content, style=style)

    def _find_style_targets(self, problem: Problem) -> StyleTargets:
        """Return the blend of the styles' statistics, found anew unless they are given."""
        if problem.style_targets is not None:
            return problem.style_targets.copied()
        blends = {tap: Blend(self._objective) for tap in self._objective.style}
        for style, share in problem.shares():
            height, width, _ = style.image.shape
            regions = {tap: regions_at(style.guides, tap) for tap in blends}
            shapes = _shapes(blends, height=height, width=width)

            def see(
                tap: str,
                features: Tensor,
                rows: slice,
                share: float = share,
                regions: Mapping[str, Mapping[int, Region]] = regions,
                shapes: Mapping[str, Shape] = shapes,
            ) -> None:
                # Of each tap only the statistics stay.
                if tap in blends:
                    blends[tap].add(features, rows, regions[tap], share, shape=shapes[tap])

            self._network.visit(self._normalised(style.image), see)
        return StyleTargets(statistics={tap: blend.statistics() for tap, blend in blends.items()})

    def _differentiate(self, x: Tensor) -> tuple[WeightedLosses, Tensor]:
        found, gradient = self._network.evaluate(x, self._heads)
        weight = self._objective.total_variation
        variation, of_variation = total_variation(x, weight=weight)
        gradient += of_variation
        losses = WeightedLosses.of(found, total_variation=variation, objective=self._objective)
        return losses, gradient

    def _normalised(self, image: Image) -> Tensor:
        return layout.normalise(image, device=self._device, dtype=self._dtype)

    def _tensor(self, array: Array) -> Tensor:
        return layout.to_tensor(array, device=self._device, dtype=self._dtype)


def _shapes(taps: Iterable[str], *, height: int, width: int) -> dict[str, Shape]:
    """Return tap -> the shape of its features, (C, H, W)."""
    return {tap: feature_shape(tap, height=height, width=width) for tap in taps}
