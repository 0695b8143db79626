"""Points along a direction, and two line searches: how far to go.

Nocedal and Wright, "Numerical Optimization" (2006), algorithms 3.5 (bracketing) and 3.6 (zoom).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nst_core.arrays import Array

Evaluate = Callable[[Array], tuple[float, Array]]

SUFFICIENT_DECREASE = 1e-4
"""c1: a step t is accepted only if loss(t) <= loss(0) + c1 * t * slope(0) ..."""

CURVATURE = 0.9
"""c2: ... and |slope(t)| <= c2 * |slope(0)|."""

MAX_EVALUATIONS = 25

_BACKTRACKS = 10


CHUNK = 1 << 15
"""Elements worked on at a time: a few chunks of float64 fit a core's second-level cache."""


def dot(a: Array, b: Array) -> float:
    """Return the product of two flat arrays: chunks in their dtype, their sum in float64."""
    starts = range(0, a.size, CHUNK)
    return sum(float(np.dot(a[i : i + CHUNK], b[i : i + CHUNK])) for i in starts)


@dataclass(frozen=True, slots=True)
class Trial:
    """A point along a direction.

    Attributes:
        step: How far along, in lengths of the direction.
        x: The point.
        loss: Loss there, infinity if anything is not finite.
        gradient: The gradient, flat, in x's dtype.
        slope: The gradient's product with the direction.
        fault: What is not finite, or nothing.
    """

    step: float
    x: Array
    loss: float
    gradient: Array
    slope: float
    fault: str = ""


@dataclass(slots=True)
class Line:
    """A function along x + step * direction, its loss and gradient multiplied by ``scale``."""

    evaluate: Evaluate
    x: Array
    direction: Array
    scale: float
    evaluations: int = 0

    def at(self, step: float) -> Trial:
        """Evaluate at ``step``."""
        with np.errstate(all="ignore"):
            flat = self.direction * self.direction.dtype.type(step)
            flat += self.x.reshape(-1)
        flat.flags.writeable = False
        x = flat.reshape(self.x.shape)
        self.evaluations += 1
        loss, given = self.evaluate(x)
        if given.shape != x.shape:
            raise ValueError(f"the gradient is {given.shape}, x is {x.shape}")
        with np.errstate(all="ignore"):
            gradient = np.array(given, dtype=x.dtype).ravel()
            gradient *= x.dtype.type(self.scale)
            loss = float(loss) * self.scale
            slope = dot(gradient, self.direction)
        if not math.isfinite(loss):
            return Trial(step, x, math.inf, gradient, slope, f"the loss is {loss}")
        if not np.isfinite(gradient).all():
            return Trial(step, x, math.inf, gradient, slope, "the gradient is not finite")
        return Trial(step, x, loss, gradient, slope)


def backtracking(evaluate: Callable[[float], Trial], start: Trial, *, step: float) -> Trial:
    """Return the first point that is low enough by Armijo's condition, each nearer than the last.

    The first strong Wolfe condition alone: most steps of L-BFGS meet it at once, and cost one
    evaluation. From a point that doesn't, or isn't finite, it goes back to where the parabola
    through the loss and slope at 0 and the loss there is lowest, by a tenth to a half; Nocedal and
    Wright (3.58).

    Args:
        evaluate: Evaluates the point at a step.
        start: The point at step 0; its slope is negative.
        step: The first step tried.

    Returns:
        The accepted point; ``start`` if none of ten was; a point with a fault if all had one.
    """
    current = evaluate(step)
    for _ in range(_BACKTRACKS - 1):
        if not _too_high(current, start):
            return current
        excess = current.loss - start.loss - start.slope * current.step
        lowest = -start.slope * current.step**2 / (2 * excess)  # 0 where the loss is infinite
        current = evaluate(_clamp(lowest, 0.1 * current.step, 0.5 * current.step))
    return start if _too_high(current, start) and not current.fault else current


def strong_wolfe(
    evaluate: Callable[[float], Trial], start: Trial, *, step: float, precision: float
) -> Trial:
    """Return a point that meets both Wolfe conditions, or the best of 25 evaluations.

    A point that isn't finite counts as infinitely high, so the search backs away from it.

    Args:
        evaluate: Evaluates the point at a step.
        start: The point at step 0; its slope is negative.
        step: The first step tried.
        precision: Relative error of the losses; no bracket is searched that they can't resolve.

    Returns:
        The accepted point; ``start`` if none is lower; a point with a fault if all had one.
    """
    previous, current = start, evaluate(step)
    for count in range(1, MAX_EVALUATIONS):
        if _too_high(current, start) or (count > 1 and current.loss >= previous.loss):
            budget = MAX_EVALUATIONS - count
            return _zoom(evaluate, start, previous, current, budget, precision)
        if _flat(current, start):
            return current
        if current.slope >= 0:
            budget = MAX_EVALUATIONS - count
            return _zoom(evaluate, start, current, previous, budget, precision)
        near = current.step + 0.01 * (current.step - previous.step)
        further = _clamp(_cubic_minimum(previous, current), near, 10 * current.step)
        previous, current = current, evaluate(further)
    return previous if _too_high(current, start) else current


def _zoom(
    evaluate: Callable[[float], Trial],
    start: Trial,
    low: Trial,
    high: Trial,
    budget: int,
    precision: float,
) -> Trial:
    """Shrink a bracket whose ``low`` end is the lowest point that meets the first condition."""
    for _ in range(budget):
        left, right = sorted((low.step, high.step))
        width = right - left
        if width * abs(low.slope) <= precision * abs(low.loss):
            break
        # At least a tenth of the bracket goes each time, whatever the cubic says.
        margin = 0.1 * width
        current = evaluate(_clamp(_cubic_minimum(low, high), left + margin, right - margin))
        if _too_high(current, start) or current.loss >= low.loss:
            high = current
            continue
        if _flat(current, start):
            return current
        if current.slope * (high.step - low.step) >= 0:
            high = low
        low = current
    return high if low is start and high.fault else low


def _too_high(trial: Trial, start: Trial) -> bool:
    return trial.loss > start.loss + SUFFICIENT_DECREASE * trial.step * start.slope


def _flat(trial: Trial, start: Trial) -> bool:
    return abs(trial.slope) <= -CURVATURE * start.slope


def _clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _cubic_minimum(a: Trial, b: Trial) -> float:
    """Return where the cubic through both losses and slopes is lowest; the middle if nowhere.

    t = t2 - (t2 - t1) * (g2 + d2 - d1) / (g2 - g1 + 2 d2), where t1 < t2,
    d1 = g1 + g2 - 3 (f1 - f2) / (t1 - t2) and d2 = sqrt(d1^2 - g1 g2); Nocedal and Wright (3.59).
    """
    if a.step > b.step:
        a, b = b, a
    middle = (a.step + b.step) / 2
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.step - b.step)
    square = d1 * d1 - a.slope * b.slope
    if not 0 <= square < math.inf:  # so it is, too, where a loss or slope is not finite
        return middle
    d2 = math.sqrt(square)
    divisor = b.slope - a.slope + 2 * d2
    if divisor == 0:
        return middle
    return b.step - (b.step - a.step) * (b.slope + d2 - d1) / divisor
