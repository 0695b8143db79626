"""One image being optimised with PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
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
    StyleSource,
    StyleTargets,
)
from nst_core.backend.guidance import regions_at
from nst_core.backend.out_of_memory import translates_out_of_memory
from nst_core.system.memory import trim_heap
from nst_pytorch import layout
from nst_pytorch.adam import AdamUpdate
from nst_pytorch.choice import network_for, tiling_of
from nst_pytorch.cuda import Replayed
from nst_pytorch.lack import lack
from nst_pytorch.losses import Targets, WeightedLosses, heads_of, total_variation
from nst_pytorch.maps import Features, Place
from nst_pytorch.network import Network
from nst_pytorch.precision import Arithmetic
from nst_pytorch.statistics import Blend, Measured, target_of
from nst_pytorch.strips import Strips
from nst_pytorch.windows import Windows, whole_maps
from nst_pytorch.workers import one_core


@translates_out_of_memory(lack)
class PyTorchSession:
    """See ``nst_core.backend.Session``; the variable is the normalised image (1, 3, H, W)."""

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
        self._execution = execution
        self._arithmetic = Arithmetic.of(execution.precision, device=device, dtype=dtype)
        height, width, _ = problem.start.shape
        self._network = network_for(
            problem.weights,
            taps=problem.objective.taps(),
            size=(height, width),
            device=device,
            dtype=dtype,
            architecture=problem.architecture,
            arithmetic=self._arithmetic,
            execution=execution,
        )
        with self._arithmetic.applied():
            self._style_targets = self._find_style_targets(problem)
            self._heads = heads_of(problem.objective, self._find_targets(problem))
        trim_heap()  # what finding them took, which the steps' arrays would come on top of
        self._x = self._normalised(problem.start)
        self._adam = AdamUpdate(self._x, problem.adam)
        self._here = self._at_the_image()
        self._losses: WeightedLosses | None = None

    def features(self, *, image: Image) -> Mapping[str, Array]:
        """Return tap -> features (C, H, W)."""
        taps = self._objective.taps()
        with self._arithmetic.applied():
            found = whole_maps(self._network, self._normalised(image), taps)
        return {tap: one.image[0].cpu().numpy().copy(order="C") for tap, one in found.items()}

    def evaluate(self, *, image: Image) -> Evaluation:
        """Return the losses at ``image`` and the gradient with respect to it."""
        losses, gradient = self._differentiate(self._normalised(image))
        # x = (image - MEAN) / STD, so d/d(image) = d/dx / STD.
        gradient = gradient / layout.channels(STD, gradient)
        return Evaluation(losses=losses.read(), gradient=layout.to_array(gradient))

    def step(self, *, learning_rate: float) -> None:
        """Take one Adam update; on CUDA it is only queued."""
        with self._cores():
            self._losses, gradient = self._here()
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
        self._x.copy_(self._tensor(state.image))
        self._adam.step = state.step
        self._adam.first_moment.copy_(self._tensor(state.first_moment))
        self._adam.second_moment.copy_(self._tensor(state.second_moment))

    def _find_targets(self, problem: Problem) -> Targets:
        image = self._normalised(problem.content)
        content = whole_maps(self._network, image, self._objective.content)
        like = torch.empty((), device=self._device, dtype=self._dtype)
        style = {
            tap: target_of(found, regions_at(problem.guides, tap), self._objective, like=like)
            for tap, found in self._style_targets.statistics.items()
        }
        return Targets(content=content, style=style)

    def _find_style_targets(self, problem: Problem) -> StyleTargets:
        """Return the blend of the styles' statistics, found anew unless they are given."""
        if problem.style_targets is not None:
            return problem.style_targets.copied()
        blends = {tap: Blend() for tap in self._objective.style}
        for style, share in problem.shares():
            for tap, found in self._measured(problem, style).items():
                blends[tap].add(found, share)
        return StyleTargets(statistics={tap: blend.statistics() for tap, blend in blends.items()})

    def _at_the_image(self) -> Callable[[], tuple[WeightedLosses, Tensor]]:
        """Return a function of nothing: losses and gradient at the image as it is then."""
        # cuSOLVER can't be captured, and once it was tried fails where it could compute.
        solves = self._objective.style_statistics == "wasserstein"
        if self._device.type == "cuda" and not solves:
            return Replayed(self._differentiate, self._x)
        return partial(self._differentiate, self._x)

    def _measured(self, problem: Problem, style: StyleSource) -> Mapping[str, Measured]:
        """Return tap -> a style's statistics; of its features nothing stays."""
        measured = {
            tap: Measured(self._objective, regions_at(style.guides, tap))
            for tap in self._objective.style
        }

        def see(tap: str, part: Features, place: Place) -> None:
            if tap in measured:
                measured[tap].take(part, place)

        self._network_for(style, problem).visit(self._normalised(style.image), see)
        return measured

    def _network_for(self, style: StyleSource, problem: Problem) -> Network | Strips | Windows:
        if isinstance(self._network, Network) or style.image.shape == problem.start.shape:
            return self._network
        # Strips are for one size, and take time to set up.
        plain = self._plain_network(problem)
        height, width, _ = style.image.shape
        tiling = tiling_of((height, width), self._objective.taps(), self._execution)
        return plain if tiling is None else Windows(plain, tiling)

    def _plain_network(self, problem: Problem) -> Network:
        return Network(
            problem.weights,
            taps=problem.objective.taps(),
            device=self._device,
            dtype=self._dtype,
            architecture=problem.architecture,
            convolutions=self._arithmetic.convolutions,
        )

    def _cores(self) -> AbstractContextManager[None]:
        # Else PyTorch's own threads hold the cores that the workers need; see ``workers``.
        return nullcontext() if isinstance(self._network, Network) else one_core()

    def _differentiate(self, x: Tensor) -> tuple[WeightedLosses, Tensor]:
        with self._cores(), self._arithmetic.applied():
            found, gradient = self._network.evaluate(x, self._heads)
            weight = self._objective.total_variation
            variation = total_variation(x, gradient, weight=weight)
        losses = WeightedLosses.of(found, total_variation=variation, objective=self._objective)
        return losses, gradient

    def _normalised(self, image: Image) -> Tensor:
        return layout.normalise(image, device=self._device, dtype=self._dtype)

    def _tensor(self, array: Array) -> Tensor:
        return layout.to_tensor(array, device=self._device, dtype=self._dtype)
