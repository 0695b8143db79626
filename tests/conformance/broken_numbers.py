"""The example backend with one error in its numbers each: the common errors of style transfer.

`broken_contract` has the violations of the session's contract. `test_canaries` checks that the
suite catches every one of them: a suite that cannot fail proves nothing.
"""

from dataclasses import replace

import numpy as np
import oracle
import oracle_adam
import oracle_pyramid
import oracle_sliced
from conformance.numpy_backend import NumpySession


class StockEpsilon(NumpySession):
    """MXNet's own Adam: epsilon is added to the uncorrected root."""

    _adam_update = staticmethod(oracle_adam.update_stock_mxnet)


class PapersEpsilon(NumpySession):
    """Always the paper's Adam, even if MXNet's form was asked for."""

    _mxnet_adam_update = staticmethod(oracle_adam.update)


class CountedOnce(NumpySession):
    """The factor `style_multiplicity` is ignored."""

    def __init__(self, problem, *, dtype):
        objective = replace(problem.objective, style_multiplicity=1.0)
        super().__init__(replace(problem, objective=objective), dtype=dtype)


class CountedInReport(NumpySession):
    """The reported style losses are multiplied by `style_multiplicity`."""

    def _evaluate(self, x):
        losses, gradient = super()._evaluate(x)
        count = self._objective.style_multiplicity
        style = {tap: count * loss for tap, loss in losses.style.items()}
        return replace(losses, style=style), gradient


class Uncorrected(NumpySession):
    """Adam without bias correction."""

    def _adam_update(self, first, second, *, step, **settings):
        return oracle_adam.update(first, second, step=10**6, **settings)


class LateLearningRate(NumpySession):
    """The schedule is off by one: every step uses the learning rate of the step before."""

    _late = None

    def step(self, *, learning_rate):
        late, self._late = self._late or learning_rate, learning_rate
        super().step(learning_rate=late)


class InPlaceReLU(NumpySession):
    """Taps are kept as references, which the next layer overwrites: conv1_1 is relu1_1."""

    def _tapped(self, outputs):
        taps = {tap: tap.replace("conv", "relu") for tap in super()._tapped(outputs)}
        return {tap: outputs.get(relu, outputs[tap]) for tap, relu in taps.items()}


class GramOverPixels(NumpySession):
    """G = F F^T / (H W), as in some programs."""

    def _gram(self, features):
        return oracle.gram(features) * len(features)

    def _style_loss(self, features, target):
        root = np.sqrt(len(features))  # G is quadratic in F
        loss, gradient = oracle.style_loss(root * features, target)
        return loss, root * gradient


class GramOverImageSize(NumpySession):
    """The style's Gram matrix is divided by the size of the image's features, not of its own."""

    def __init__(self, problem, *, dtype):
        super().__init__(problem, dtype=dtype)
        ratio = problem.styles[0].image.size / problem.content.size
        self._grams = {tap: gram * ratio for tap, gram in self._grams.items()}


class BlendNotNormalised(NumpySession):
    """Blend weights are used as they are, not divided by their sum."""

    def __init__(self, problem, *, dtype):
        super().__init__(problem, dtype=dtype)
        total = sum(style.weight for style in problem.styles)
        self._grams = {tap: total * gram for tap, gram in self._grams.items()}


class LastStyle(NumpySession):
    """Of several styles only the last one counts."""

    def __init__(self, problem, *, dtype):
        super().__init__(replace(problem, styles=problem.styles[-1:]), dtype=dtype)


def _without(**fields):
    """Return a class of sessions that replaces some of the objective's fields."""

    class Ignorant(NumpySession):
        def __init__(self, problem, *, dtype):
            objective = replace(problem.objective, **fields)
            super().__init__(replace(problem, objective=objective), dtype=dtype)

    return Ignorant


IgnoresContentDistance = _without(content_distance="mse")
IgnoresStyleDistance = _without(style_distance="mse")
IgnoresStatistics = _without(style_statistics="gram")
OtherDirections = _without(projection_seed=77)


class LongDirections(NumpySession):
    """Directions are not normalised: they are about as long as the root of their size."""

    def _evaluate(self, x):
        return _with_long_directions(super()._evaluate, x)

    def _find_style_targets(self, problem):
        return _with_long_directions(super()._find_style_targets, problem)


def _with_long_directions(function, argument):
    directions = oracle_sliced.directions

    def drawn(tap, channels, count, seed):
        return [np.sqrt(channels) * one for one in directions(tap, channels, count, seed)]

    oracle_sliced.directions = drawn
    try:
        return function(argument)
    finally:
        oracle_sliced.directions = directions


class QuantilesAtEnds(NumpySession):
    """Pixel i of N is compared with the quantile i / N, not with that of its middle."""

    def _evaluate(self, x):
        quantile = oracle_sliced.quantile
        oracle_sliced.quantile = lambda table, at: quantile(table, at - 0.5 / x[0].size)
        try:
            return super()._evaluate(x)
        finally:
            oracle_sliced.quantile = quantile


class MaxPooling(NumpySession):
    """Always max pooling, whatever the architecture says."""

    def __init__(self, problem, *, dtype):
        architecture = replace(problem.architecture, pooling="max")
        super().__init__(replace(problem, architecture=architecture), dtype=dtype)


class ZeroPadding(NumpySession):
    """Always zero padding, whatever the architecture says."""

    def __init__(self, problem, *, dtype):
        architecture = replace(problem.architecture, padding="zero")
        super().__init__(replace(problem, architecture=architecture), dtype=dtype)


class GuidesReplaced(NumpySession):
    """All guides are replaced by others."""

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
    """Guides are ignored: one Gram matrix of the whole picture."""

    @staticmethod
    def _guides(guides):
        return None


class HardEdges(GuidesReplaced):
    """Guides are rounded: every pixel is in a region or not."""

    @staticmethod
    def _guides(guides):
        return np.round(guides)


class RootsForDensities(GuidesReplaced):
    """Guides are used as T_r, whose squares are the densities."""

    @staticmethod
    def _guides(guides):
        return guides**2


class IgnoresVisibility(NumpySession):
    """Content losses and total variation count what is left out."""

    def __init__(self, problem, *, dtype):
        super().__init__(replace(problem, visibility=None), dtype=dtype)


class CountsAllPixels(NumpySession):
    """The mean is over all pixels, also over those that are left out."""

    def _weighted_content_loss(self, features, target, weights, *, scaled):
        found = oracle.weighted_content_loss(features, target, weights, scaled=scaled)
        return [part * weights.mean() for part in found]


class DifferencesOfOnePixel(NumpySession):
    """In the total variation a difference counts by one of its pixels: the edge counts."""

    def _weighted_total_variation(self, x, visibility):
        larger = visibility.copy()
        larger[:, :-1] = np.maximum(visibility[:, :-1], visibility[:, 1:])
        return oracle.weighted_total_variation(x, larger)


class SumForMean(NumpySession):
    """The content loss is a sum of squared errors, not a mean."""

    def _content_loss(self, features, target):
        loss, gradient = oracle.content_loss(features, target)
        return loss * features.size, gradient * features.size


class StyleSumForMean(NumpySession):
    """The style loss is a sum of squared errors, not a mean."""

    def _style_loss(self, features, target):
        loss, gradient = oracle.style_loss(features, target)
        return loss * target.size, gradient * target.size


class ChannelsFlipped(NumpySession):
    """conv1_1 takes BGR, as in the original weights, not RGB."""

    def __init__(self, problem, *, dtype):
        weights = dict(problem.weights)
        weights["conv1_1.weight"] = weights["conv1_1.weight"][:, ::-1]
        super().__init__(replace(problem, weights=weights), dtype=dtype)


class NoBias(NumpySession):
    """All biases are zero."""

    def __init__(self, problem, *, dtype):
        weights = {
            name: 0 * array if name.endswith("bias") else array
            for name, array in problem.weights.items()
        }
        super().__init__(replace(problem, weights=weights), dtype=dtype)


class GradientOfNormalised(NumpySession):
    """evaluate() returns the gradient with respect to the normalised image."""

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
    """The total variation is reported, but its gradient is left out."""

    def _evaluate(self, x):
        losses, gradient = super()._evaluate(x)
        return losses, gradient - self._objective.total_variation * oracle.total_variation(x)[1]


def _corners_aligned(to, source):
    """The first and last pixel of both rows coincide, as with `align_corners=True`."""
    found = []
    for pixel in range(to):
        place = pixel * (source - 1) / max(to - 1, 1)
        below = min(int(place), max(source - 2, 0))
        found.append(((below, 1 - (place - below)), (min(below + 1, source - 1), place - below)))
    return found


class AlignedCorners(NumpySession):
    """The pyramid's bilinear interpolation aligns corners instead of outer edges."""

    def _aligned(self, function, x):
        taps, oracle_pyramid.taps = oracle_pyramid.taps, _corners_aligned
        try:
            return function(x)
        finally:
            oracle_pyramid.taps = taps

    def _variable(self, x):
        return self._aligned(super()._variable, x)

    def _image(self, z):
        return self._aligned(super()._image, z)

    def _variable_gradient(self, gradient):
        return self._aligned(super()._variable_gradient, gradient)


class DecomposedGradient(NumpySession):
    """The gradient of the levels is the gradient's own pyramid instead of the adjoint."""

    def _variable_gradient(self, gradient):
        return self._variable(gradient)


class IgnoresLevels(NumpySession):
    """The variable is the image, although a pyramid was asked for."""

    def __init__(self, problem, *, dtype):
        super().__init__(replace(problem, laplacian_levels=0), dtype=dtype)


class Float32Within(NumpySession):
    """Computes in float32 although float64 was asked for."""

    def _normalised(self, image):
        return oracle.normalise(np.asarray(image, np.float32)).astype(self._dtype)
