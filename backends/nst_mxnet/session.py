"""One image being optimised with MXNet."""

from __future__ import annotations

from collections.abc import Mapping

from nst_core.arrays import Array, Image
from nst_core.backend import (
    STD,
    AdamState,
    DType,
    Evaluation,
    Losses,
    Problem,
    StyleTargets,
)
from nst_core.guides import regions_at
from nst_core.memory import give_back, told_by
from nst_mxnet import layout
from nst_mxnet._framework import Context, Tensor, mx, share_workspace
from nst_mxnet.adam import AdamUpdate
from nst_mxnet.lack import lack
from nst_mxnet.losses import ObjectiveBlock, Targets, WeightedLosses
from nst_mxnet.network import Network
from nst_mxnet.statistics import Blend, target_of


@told_by(lack)
@mx.util.use_np  # NumPy's semantics inside these methods alone: a host may use mx.nd as it was
class MXNetSession:
    """See ``nst_core.backend.Session``; the variable is the normalised image (1, 3, H, W).

    MXNet is asynchronous on the CPU too: every call is only queued, and reading a value waits
    for it. So ``step`` returns early on every device.
    """

    def __init__(self, problem: Problem, *, device: Context, dtype: DType) -> None:
        share_workspace()
        self._device = device
        self._dtype = dtype
        self._network = Network(
            problem.weights,
            taps=problem.objective.taps(),
            device=device,
            dtype=dtype,
            architecture=problem.architecture,
        )
        self._style_targets = self._find_style_targets(problem)
        height, width, _ = problem.start.shape
        self._objective = ObjectiveBlock(
            self._network,
            problem.objective,
            self._find_targets(problem),
            height=height,
            width=width,
        )
        # static_shape would take no less time, and 60 MB more at 300x450.
        self._objective.hybridize(static_alloc=True)
        # By itself the network sees images of any size: there it is not compiled.
        self._network.hybridize(active=False)
        self._image = self._parameter(problem.start)
        self._adam = AdamUpdate(self._image.data(), problem.adam)
        self._trainer = mx.gluon.Trainer([self._image], self._adam, kvstore=None)
        self._losses: WeightedLosses | None = None

    def features(self, *, image: Image) -> Mapping[str, Array]:
        """Return tap -> features (C, H, W)."""
        return {tap: value[0].asnumpy() for tap, value in self._features(image).items()}

    def evaluate(self, *, image: Image) -> Evaluation:
        """Return the losses at ``image`` and the gradient with respect to it."""
        x = self._normalised(image)
        x.attach_grad()
        losses, gradient = self._differentiate(x)
        # x = (image - MEAN) / STD, so d/d(image) = d/dx / STD.
        gradient = gradient / layout.channels(STD, gradient)
        return Evaluation(losses=losses.read(), gradient=layout.to_array(gradient))

    def step(self, *, learning_rate: float) -> None:
        """Take one Adam update; it is only queued."""
        self._losses, _ = self._differentiate(self._image.data())
        self._trainer.set_learning_rate(learning_rate)
        self._trainer.step(batch_size=1)

    def losses(self) -> Losses:
        """Return the losses of the last step, before its update."""
        if self._losses is None:
            raise RuntimeError("losses() needs a step first")
        return self._losses.read()

    def image(self) -> Image:
        """Return the image as it is now, (H, W, 3)."""
        return layout.to_array(layout.denormalise(self._image.data()))

    def style_targets(self) -> StyleTargets:
        """Return a copy of what the image is compared with of the styles."""
        return self._style_targets.copied()

    def state(self) -> AdamState:
        """Return a copy of the optimiser's state."""
        return AdamState(
            step=self._adam.updates,
            image=layout.to_array(self._image.data()),
            first_moment=layout.to_array(self._adam.first_moment),
            second_moment=layout.to_array(self._adam.second_moment),
        )

    def restore(self, *, state: AdamState) -> None:
        """Go on from ``state``."""
        self._image.set_data(self._tensor(state.image))
        self._adam.updates = state.step
        self._adam.first_moment[:] = self._tensor(state.first_moment)
        self._adam.second_moment[:] = self._tensor(state.second_moment)

    def _find_targets(self, problem: Problem) -> Targets:
        contents = self._features(problem.content)
        objective = problem.objective
        style = {
            tap: target_of(found, regions_at(problem.guides, tap), objective, like=contents[tap])
            for tap, found in self._style_targets.statistics.items()
        }
        content = {tap: contents[tap] for tap in objective.content}
        del contents
        mx.npx.waitall()
        give_back()  # the features, which the steps' arrays would otherwise come on top of
        return Targets(content=content, style=style)

    def _find_style_targets(self, problem: Problem) -> StyleTargets:
        """Return the blend of the styles' statistics, found anew unless they are given."""
        if problem.style_targets is not None:
            return problem.style_targets.copied()
        blends = {tap: Blend(problem.objective) for tap in problem.objective.style}
        for style, share in problem.shares():
            features = self._features(style.image)
            for tap, blend in blends.items():
                blend.add(features[tap], regions_at(style.guides, tap), share)
        return StyleTargets(statistics={tap: blend.statistics() for tap, blend in blends.items()})

    def _features(self, image: Image) -> dict[str, Tensor]:
        return dict(zip(self._network.taps, self._network(self._normalised(image)), strict=True))

    def _differentiate(self, x: Tensor) -> tuple[WeightedLosses, Tensor]:
        losses = self._objective.differentiate(x)
        return losses, x.grad

    def _parameter(self, image: Image) -> Tensor:
        x = self._normalised(image)
        parameter = mx.gluon.Parameter(name="image", shape=x.shape, dtype=self._dtype)
        with self._device:
            parameter.initialize(mx.init.Zero())
        parameter.set_data(x)
        return parameter

    def _normalised(self, image: Image) -> Tensor:
        return layout.normalise(image, device=self._device, dtype=self._dtype)

    def _tensor(self, array: Array) -> Tensor:
        return layout.to_tensor(array, device=self._device, dtype=self._dtype)
