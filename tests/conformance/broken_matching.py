"""The example backend with one error in its nearest neighbours each.

`test_canaries` checks that the suite catches every one of them.
"""

from dataclasses import replace

import numpy as np
import oracle_matching
from conformance.numpy_backend import NumpySession
from oracle_matching import Nearest


def _with_settings(name, **settings):
    """Return a session with other settings of the matching."""

    class Other(NumpySession):
        def __init__(self, problem, *, dtype):
            matching = replace(problem.objective.matching, **settings)
            objective = replace(problem.objective, matching=matching)
            super().__init__(replace(problem, objective=objective), dtype=dtype)

    Other.__name__ = name
    return Other


def _with_nearest(name, nearest):
    """Return a session with another class of nearest neighbours."""
    return type(name, (NumpySession,), {"_nearest": nearest})


SearchNotCentred = _with_settings("SearchNotCentred", centred_search=False)
LossNotCentred = _with_settings("LossNotCentred", centred_loss=False)
RotationsIgnored = _with_settings("RotationsIgnored", rotations=False)
SamplesIgnored = _with_settings("SamplesIgnored", samples=0, style_samples=0)
DivisorIgnored = _with_settings("DivisorIgnored", divisor=4)


class QueryIgnored(NumpySession):
    """Targets are always sought at the content picture."""

    def __init__(self, problem, *, dtype):
        self._content = problem.content.copy()
        query = replace(problem.query, image=problem.content)
        super().__init__(replace(problem, query=query), dtype=dtype)

    def match(self, *, query):
        super().match(query=replace(query, image=self._content))


class NotRenewed(NumpySession):
    """The targets of the first query stay for ever."""

    def match(self, *, query):
        if self._neighbours is None:
            raise RuntimeError("nothing to match")


class SeedIgnored(NumpySession):
    """The sampled positions never change."""

    def match(self, *, query):
        super().match(query=replace(query, seed=(0, 0, 0)))


class _CornersNotAligned(Nearest):
    @staticmethod
    def resampling_matrix(positions, size, length):
        coordinates = (positions + 0.5) * length / size - 0.5
        coordinates = np.clip(coordinates, 0, length - 1)
        return np.maximum(0, 1 - np.abs(coordinates[:, None] - np.arange(length)))


class _SumForMean(Nearest):
    def evaluate(self, outputs):
        return {
            name: (100 * loss, {tap: 100 * one for tap, one in gradients.items()})
            for name, (loss, gradients) in super().evaluate(outputs).items()
        }


class _ChannelsNotCounted(Nearest):
    def factor(self, name, tap):
        return 1.0


class _MeanHasNoGradient(Nearest):
    def _loss(self, mine, aim):
        loss, gradient = super()._loss(mine, aim)
        shares = aim.weights / aim.weights.sum()
        mean = np.average(mine, axis=0, weights=aim.weights)
        units, inverse = oracle_matching.directions(mine, mean)
        cosines = np.sum(units * aim.targets, axis=1)
        plain = -(aim.weights * inverse)[:, None] * (aim.targets - cosines[:, None] * units)
        assert gradient.shape == plain.shape == (len(shares), mine.shape[1])
        return loss, plain


class _SharesIgnored(Nearest):
    """All styles are one set, whatever their shares are."""

    def _offered(self, name, region, seed):
        found = list(super()._offered(name, region, seed))
        yield 1.0, np.concatenate([features for _, features in found])


class _RegionsMixed(Nearest):
    """Each region takes targets from anywhere in the styles."""

    def __init__(self, forward, *, styles, **settings):
        styles = [
            (image, weight, None if guides is None else np.ones_like(guides))
            for image, weight, guides in styles
        ]
        super().__init__(forward, styles=styles, **settings)


CornersNotAligned = _with_nearest("CornersNotAligned", _CornersNotAligned)
SumForMean = _with_nearest("SumForMean", _SumForMean)
ChannelsNotCounted = _with_nearest("ChannelsNotCounted", _ChannelsNotCounted)
MeanHasNoGradient = _with_nearest("MeanHasNoGradient", _MeanHasNoGradient)
SharesIgnored = _with_nearest("SharesIgnored", _SharesIgnored)
RegionsMixed = _with_nearest("RegionsMixed", _RegionsMixed)


class KeepsQuery(NumpySession):
    """The styles are read again from the caller's arrays."""

    def __init__(self, problem, *, dtype):
        super().__init__(problem, dtype=dtype)
        if self._neighbours is not None:
            self._neighbours.styles = [
                (style.image, share, style.guides) for style, share in problem.shares()
            ]


class NeedsNoQuery(NumpySession):
    """Targets are sought at the first image that is evaluated, if there was no query."""

    def _evaluate(self, x):
        if self._neighbours is not None and self._neighbours.aims is None:
            self._neighbours.match(self.image(), (0,))
        return super()._evaluate(x)


class MatchMoves(NumpySession):
    """match() counts as a step of Adam."""

    def match(self, *, query):
        super().match(query=query)
        self._step += 1


class _SecondTwin(Nearest):
    """A style that comes twice has a share of 1 each; of equal features the last one counts."""

    def _aim(self, name, region, mine, area, density, seed):
        aim = super()._aim(name, region, mine, area, density, seed)
        aim.targets = aim.targets * (1 + 1e-9 * (len(self.styles) - 1))
        return aim


TwinsDiffer = _with_nearest("TwinsDiffer", _SecondTwin)


class _FlatHasDirection(Nearest):
    """A flat feature counts as equal to everything."""

    def _loss(self, mine, aim):
        loss, gradient = super()._loss(mine, aim)
        flat = ~np.any(aim.targets, axis=1)
        return loss - aim.weights[flat].sum(), gradient


FlatHasDirection = _with_nearest("FlatHasDirection", _FlatHasDirection)
