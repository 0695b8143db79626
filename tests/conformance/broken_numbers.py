"""The example backend, broken in every way that people have broken style transfer, one at a time.

Here its numbers, in `broken_promises` what sessions promise besides numbers. `test_canaries` wants
each of them caught: a suite that cannot fail proves nothing.
"""

from dataclasses import replace

import numpy as np
import oracle
import oracle_adam
from conformance.numpy_backend import NumpySession


class StockEpsilon(NumpySession):
    """MXNet's own Adam: epsilon beside the uncorrected root."""

    _adam_update = staticmethod(oracle_adam.update_stock_mxnet)


class PapersEpsilon(NumpySession):
    """The paper's Adam, whatever form was asked for."""

    _mxnet_adam_update = staticmethod(oracle_adam.update)


class CountedOnce(NumpySession):
    """The style's count forgotten."""

    def __init__(self, problem, *, dtype):
        objective = replace(problem.objective, style_counted=1.0)
        super().__init__(replace(problem, objective=objective), dtype=dtype)


class CountedInReport(NumpySession):
    """The style's count multiplied into the losses reported."""

    def _evaluate(self, x):
        losses, gradient = super()._evaluate(x)
        count = self._objective.style_counted
        style = {tap: count * loss for tap, loss in losses.style.items()}
        return replace(losses, style=style), gradient


class Uncorrected(NumpySession):
    """Adam without its bias correction."""

    def _adam_update(self, first, second, *, step, **settings):
        return oracle_adam.update(first, second, step=10**6, **settings)


class LateLearningRate(NumpySession):
    """The schedule off by one: every step takes the learning rate of the one before."""

    _late = None

    def step(self, *, learning_rate):
        late, self._late = self._late or learning_rate, learning_rate
        super().step(learning_rate=late)


class InPlaceReLU(NumpySession):
    """Taps kept as references, which the next layer overwrites: conv1_1 is relu1_1."""

    def _tapped(self, outputs):
        taps = {tap: tap.replace("conv", "relu") for tap in super()._tapped(outputs)}
        return {tap: outputs.get(relu, outputs[tap]) for tap, relu in taps.items()}


class GramOverPixels(NumpySession):
    """G = F F^T / (H W), as some programs have it."""

    def _gram(self, features):
        return oracle.gram(features) * len(features)

    def _style_loss(self, features, target):
        root = np.sqrt(len(features))  # G is quadratic in F
        loss, gradient = oracle.style_loss(root * features, target)
        return loss, root * gradient


class GramOverImageSize(NumpySession):
    """The style's Gram matrix divided by the size of the image's features, not its own."""

    def __init__(self, problem, *, dtype):
        super().__init__(problem, dtype=dtype)
        ratio = problem.styles[0].image.size / problem.content.size
        self._grams = {tap: gram * ratio for tap, gram in self._grams.items()}


class BlendNotNormalised(NumpySession):
    """Blend weights taken as they are, not as shares of their sum."""

    def __init__(self, problem, *, dtype):
        super().__init__(problem, dtype=dtype)
        total = sum(style.weight for style in problem.styles)
        self._grams = {tap: total * gram for tap, gram in self._grams.items()}


class LastStyle(NumpySession):
    """One style after the other, the last of which stays."""

    def __init__(self, problem, *, dtype):
        super().__init__(replace(problem, styles=problem.styles[-1:]), dtype=dtype)


def _without(**fields):
    """A session that takes no notice of some of the objective's fields."""

    class Ignorant(NumpySession):
        def __init__(self, problem, *, dtype):
            objective = replace(problem.objective, **fields)
            super().__init__(replace(problem, objective=objective), dtype=dtype)

    return Ignorant


IgnoresContentDistance = _without(content_distance="mse")
IgnoresStyleDistance = _without(style_distance="mse")
IgnoresStatistics = _without(style_statistics="gram")


class MaxPooling(NumpySession):
    """The network as it always was, for its pooling."""

    def __init__(self, problem, *, dtype):
        architecture = replace(problem.architecture, pooling="max")
        super().__init__(replace(problem, architecture=architecture), dtype=dtype)


class ZeroPadding(NumpySession):
    """And for its padding."""

    def __init__(self, problem, *, dtype):
        architecture = replace(problem.architecture, padding="zero")
        super().__init__(replace(problem, architecture=architecture), dtype=dtype)


class GuidesReplaced(NumpySession):
    """All guides turned into others."""

    @staticmethod
    def _guides(guides):
        raise NotImplementedError

    def __init__(self, problem, *, dtype):
        styles = tuple(
            replace(style, guides=self._guides(style.guides)) for style in problem.styles
        )
        guides = self._guides(problem.guides)
        super().__init__(replace(problem, styles=styles, guides=guides), dtype=dtype)


class IgnoresGuides(GuidesReplaced):
    """One Gram matrix of the whole picture."""

    @staticmethod
    def _guides(guides):
        return None


class HardEdges(GuidesReplaced):
    """Every pixel in one region or none."""

    @staticmethod
    def _guides(guides):
        return np.round(guides)


class RootsForDensities(GuidesReplaced):
    """Guides taken as T_r, whose squares weigh the pixels."""

    @staticmethod
    def _guides(guides):
        return guides**2


class SumForMean(NumpySession):
    """Squared errors summed."""

    def _content_loss(self, features, target):
        loss, gradient = oracle.content_loss(features, target)
        return loss * features.size, gradient * features.size


class StyleSumForMean(NumpySession):
    def _style_loss(self, features, target):
        loss, gradient = oracle.style_loss(features, target)
        return loss * target.size, gradient * target.size


class ChannelsFlipped(NumpySession):
    """conv1_1 as its BGR original, its input channels not flipped to RGB."""

    def __init__(self, problem, *, dtype):
        weights = dict(problem.weights)
        weights["conv1_1.weight"] = weights["conv1_1.weight"][:, ::-1]
        super().__init__(replace(problem, weights=weights), dtype=dtype)


class NoBias(NumpySession):
    def __init__(self, problem, *, dtype):
        weights = {
            name: 0 * array if name.endswith("bias") else array
            for name, array in problem.weights.items()
        }
        super().__init__(replace(problem, weights=weights), dtype=dtype)


class GradientOfNormalised(NumpySession):
    """The gradient with respect to the normalised image, handed out as the image's."""

    def evaluate(self, *, image):
        evaluation = super().evaluate(image=image)
        return replace(evaluation, gradient=evaluation.gradient * oracle.STD.reshape(3))


class VariationOfImage(NumpySession):
    """Total variation of the image in [0, 1] instead of the normalised one."""

    @staticmethod
    def _total_variation(x):
        loss, gradient = oracle.total_variation(x * oracle.STD)
        return loss, gradient * oracle.STD


class NoVariationGradient(NumpySession):
    """Total variation reported, but left out of what the gradient is taken of."""

    def _evaluate(self, x):
        losses, gradient = super()._evaluate(x)
        return losses, gradient - self._objective.total_variation * oracle.total_variation(x)[1]


class Float32Within(NumpySession):
    """float64 on the outside, float32 on the way."""

    def _normalised(self, image):
        return oracle.normalise(np.asarray(image, np.float32)).astype(self._dtype)
