"""Two line searches, which find how far to go along a direction.

Nocedal and Wright, "Numerical Optimization" (2006), algorithms 3.5 (bracketing) and 3.6 (zoom).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nst_core.arrays import Array

Evaluate = Callable[[Array], tuple[float, Array]]
"""x -> (loss, gradient in x's shape)."""

SUFFICIENT_DECREASE = 1e-4
"""c1 of Armijo's condition: loss(t) <= loss(0) + c1 * t * slope(0)."""

CURVATURE = 0.9
"""c2 of the strong curvature condition: |slope(t)| <= c2 * |slope(0)|."""

MAX_EVALUATIONS = 25
"""The most evaluations of one strong Wolfe search."""

_MAX_BACKTRACKS = 10

CHUNK = 1 << 15
"""Elements processed at a time. A few chunks of float64 fit a core's second-level cache."""


def dot(a: Array, b: Array) -> float:
    """Return the dot product of two flat arrays: chunks in their dtype, their sum in float64."""
    starts = range(0, a.size, CHUNK)
    return sum(float(np.dot(a[i : i + CHUNK], b[i : i + CHUNK])) for i in starts)


@dataclass(frozen=True, slots=True)
class Trial:
    """A point along a direction.

    Attributes:
        length: Its distance from the start, as a multiple of the direction. It is not called a
            step: an optimiser's step leads from one x to the next.
        x: The point.
        loss: The loss; infinity if the loss or the gradient is not finite.
        gradient: The gradient, flat, in x's dtype.
        slope: The dot product of gradient and direction.
        non_finite: Says what is not finite; empty if loss and gradient are finite.
    """

    length: float
    x: Array
    loss: float
    gradient: Array
    slope: float
    non_finite: str = ""


@dataclass(slots=True)
class LineFunction:
    """A function along x + length * direction; loss and gradient are multiplied by ``scale``."""

    evaluate: Evaluate
    x: Array
    direction: Array
    scale: float
    evaluations: int = 0

    def at(self, length: float) -> Trial:
        """Evaluate the function at ``length``.

        Raises:
            ValueError: if the gradient has another shape than x.
        """
        with np.errstate(all="ignore"):
            flat = self.direction * self.direction.dtype.type(length)
            flat += self.x.reshape(-1)
        flat.flags.writeable = False
        x = flat.reshape(self.x.shape)
        self.evaluations += 1
        loss, unscaled = self.evaluate(x)
        if unscaled.shape != x.shape:
            raise ValueError(f"the gradient is {unscaled.shape}, x is {x.shape}")
        with np.errstate(all="ignore"):
            gradient = np.array(unscaled, dtype=x.dtype).ravel()
            gradient *= x.dtype.type(self.scale)
            loss = float(loss) * self.scale
            slope = dot(gradient, self.direction)
        if not math.isfinite(loss):
            return Trial(length, x, math.inf, gradient, slope, f"the loss is {loss}")
        if not np.isfinite(gradient).all():
            return Trial(length, x, math.inf, gradient, slope, "the gradient is not finite")
        return Trial(length, x, loss, gradient, slope)


def backtracking(evaluate: Callable[[float], Trial], start: Trial, *, length: float) -> Trial:
    """Return the first point that meets Armijo's condition; each point is nearer than the last.

    Armijo's condition is the first of the strong Wolfe conditions. Most steps of L-BFGS meet it at
    once and cost one evaluation. After a point that does not meet it, or is not finite, the length
    is reduced to the minimum of the parabola through the loss and slope at 0 and the loss at
    that point, clamped to 0.1 ... 0.5 of the length before; Nocedal and Wright (3.58).

    Args:
        evaluate: Evaluates the point at a length.
        start: The point at length 0; its slope is negative.
        length: The first length to try.

    Returns:
        The accepted point; ``start`` if none of ten points was accepted; a point that is not
        finite if none of them was.
    """
    current = evaluate(length)
    for _ in range(_MAX_BACKTRACKS - 1):
        if not _violates_armijo(current, start):
            return current
        excess = current.loss - start.loss - start.slope * current.length
        lowest = -start.slope * current.length**2 / (2 * excess)  # 0 where the loss is infinite
        current = evaluate(_clamp(lowest, 0.1 * current.length, 0.5 * current.length))
    return start if _violates_armijo(current, start) and not current.non_finite else current


def strong_wolfe(
    evaluate: Callable[[float], Trial], start: Trial, *, length: float, precision: float
) -> Trial:
    """Return a point that meets both strong Wolfe conditions, or the best of 25 evaluations.

    A point that is not finite counts as infinitely high, so the search moves away from it.

    Args:
        evaluate: Evaluates the point at a length.
        start: The point at length 0; its slope is negative.
        length: The first length to try.
        precision: The relative error of the losses. A bracket too small to be resolved by the
            losses is not searched.

    Returns:
        The accepted point; ``start`` if no point is lower; a point that is not finite if none of
        them was.
    """
    previous, current = start, evaluate(length)
    for count in range(1, MAX_EVALUATIONS):
        if _violates_armijo(current, start) or (count > 1 and current.loss >= previous.loss):
            budget = MAX_EVALUATIONS - count
            return _zoom(evaluate, start, previous, current, budget, precision)
        if _meets_curvature(current, start):
            return current
        if current.slope >= 0:
            budget = MAX_EVALUATIONS - count
            return _zoom(evaluate, start, current, previous, budget, precision)
        near = current.length + 0.01 * (current.length - previous.length)
        further = _clamp(_cubic_minimum(previous, current), near, 10 * current.length)
        previous, current = current, evaluate(further)
    return previous if _violates_armijo(current, start) else current


def _zoom(
    evaluate: Callable[[float], Trial],
    start: Trial,
    low: Trial,
    high: Trial,
    budget: int,
    precision: float,
) -> Trial:
    """Shrink a bracket whose ``low`` end is the lowest point that meets Armijo's condition."""
    for _ in range(budget):
        left, right = sorted((low.length, high.length))
        width = right - left
        if width * abs(low.slope) <= precision * abs(low.loss):
            break
        # Each iteration removes at least a tenth of the bracket, wherever the cubic's minimum is.
        margin = 0.1 * width
        current = evaluate(_clamp(_cubic_minimum(low, high), left + margin, right - margin))
        if _violates_armijo(current, start) or current.loss >= low.loss:
            high = current
            continue
        if _meets_curvature(current, start):
            return current
        if current.slope * (high.length - low.length) >= 0:
            high = low
        low = current
    return high if low is start and high.non_finite else low


def _violates_armijo(trial: Trial, start: Trial) -> bool:
    return trial.loss > start.loss + SUFFICIENT_DECREASE * trial.length * start.slope


def _meets_curvature(trial: Trial, start: Trial) -> bool:
    return abs(trial.slope) <= -CURVATURE * start.slope


def _clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _cubic_minimum(a: Trial, b: Trial) -> float:
    """Return the minimum of the cubic through both losses and slopes; the middle if it has none.

    t = t2 - (t2 - t1) * (g2 + d2 - d1) / (g2 - g1 + 2 d2), where t1 < t2,
    d1 = g1 + g2 - 3 (f1 - f2) / (t1 - t2) and d2 = sqrt(d1^2 - g1 g2); Nocedal and Wright (3.59).
    """
    if a.length > b.length:
        a, b = b, a
    middle = (a.length + b.length) / 2
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.length - b.length)
    square = d1 * d1 - a.slope * b.slope
    if not 0 <= square < math.inf:  # also if a loss or slope is not finite
        return middle
    d2 = math.sqrt(square)
    divisor = b.slope - a.slope + 2 * d2
    if divisor == 0:
        return middle
    return b.length - (b.length - a.length) * (b.slope + d2 - d1) / divisor
