"""L-BFGS: a quasi-Newton method that stores the last steps and their changes of the gradient.

Nocedal and Wright, "Numerical Optimization" (2006), algorithms 7.4 and 7.5, with the choices of
``torch.optim.LBFGS``: without a line search both take the same steps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np

from nst_core.arrays import Array
from nst_core.optimisers.line_search import (
    Evaluate,
    LineFunction,
    Trial,
    backtracking,
    dot,
    strong_wolfe,
)
from nst_core.optimisers.pairs import CurvaturePairs

EXPLOSION_FACTOR, EXPLOSION_STEPS = 1e3, 5
"""More than EXPLOSION_STEPS steps in a row above EXPLOSION_FACTOR times the first loss: divergence.

A single such step is no divergence. Without a line search the first steps from noise may go far,
to 3e4 times the first loss; the curvature that they measure then brings the next step back. The
loss is compared with the first loss and not with the best, because it may rise to many times its
best: the lower the best, the more.
"""

_ADVICE = "try a smaller learning rate, or the strong Wolfe line search"

# Attribute -> (its name in the state, its type). Checkpoints hold these names.
_SCALARS = {
    "loss": ("loss", float),
    "best_loss": ("best_loss", float),
    "evaluations": ("evaluations", int),
    "iterations": ("iterations", int),
    "_first_loss": ("first_loss", float),
    "_use_gradient": ("fresh", bool),
    "_exploded_steps": ("high", int),
}


class Diverged(Exception):  # noqa: N818 - what happened, not whose mistake it is
    """The loss or the gradient is not finite, or the loss exploded; the message is one line."""


class LBFGS:
    """Minimises a function of one array, which is never clamped.

    A step goes from x to x + t d, where d = -H g and H is the inverse Hessian implied by the last
    ``history`` pairs s = x' - x, y = g' - g. t is ``learning_rate``, or the result of the line
    search. The first step goes down the gradient, by t = min(1, 1 / |g|_1) * learning_rate.

    That length depends on the scale of the loss, and so does the rule that a pair is stored if
    s.y > 1e-10. In style transfer gradients are 1e-7 ... 1e-5, and s.y can stay below 1e-10. Then
    no pair is stored, and the method is gradient descent. Implementations of style transfer
    therefore multiply the loss, commonly by 1e3. ``loss_scale`` does that, for the gradient too.
    The losses of this class are the unscaled ones.

    All arrays have the dtype of ``x``. 100 pairs of 300x450x3 take 324 MB in float32 and twice
    that in float64. The memory is occupied as the pairs are stored.

    Args:
        x: The starting point, float32 or float64, of any shape. It is copied.
        history: The number of pairs (s, y) that are kept, at least 1. It has nothing to do with the
            history of a run, which is its losses.
        learning_rate: Finite and above 0.
        line_search: ``none``, ``backtracking`` or ``strong_wolfe``.
        loss_scale: Finite and above 0.

    Raises:
        ValueError: if an argument is outside its range.
        MemoryError: if the memory is not enough for the pairs.

    Attributes:
        x: The current point; read-only. Each step creates a new array.
        loss: The loss at ``x``; NaN before the first step.
        best_x: The point of the lowest loss so far.
        best_loss: The lowest loss so far; infinity before the first step.
        evaluations: How often ``evaluate`` was called.
        iterations: The number of steps taken.
        learning_rate: May be set between steps, to follow a schedule.
    """

    def __init__(
        self,
        x: Array,
        *,
        history: int = 100,
        learning_rate: float = 1.0,
        line_search: Literal["none", "backtracking", "strong_wolfe"] = "none",
        loss_scale: float = 1.0,
    ) -> None:
        if x.dtype not in (np.float32, np.float64):
            raise ValueError(f"x is {x.dtype}: should be float32 or float64")
        if line_search not in ("none", "backtracking", "strong_wolfe"):
            raise ValueError(
                f"line_search = {line_search!r}: should be none, backtracking or strong_wolfe"
            )
        for name, value in (("learning_rate", learning_rate), ("loss_scale", loss_scale)):
            if not 0 < value < math.inf:
                raise ValueError(f"{name} = {value}: should be finite and above 0")
        self.x = self.best_x = _read_only_copy(x)
        self.loss, self.best_loss = math.nan, math.inf
        self.evaluations = self.iterations = 0
        self.learning_rate, self._loss_scale = learning_rate, loss_scale
        self._line_search = line_search
        self._pairs = CurvaturePairs(history, x.size, x.dtype)
        self._direction = np.zeros(x.size, x.dtype)
        self._gradient = np.empty(0, x.dtype)  # of loss_scale * loss; empty until evaluated
        self._first_loss = math.nan
        self._use_gradient = True  # whether the next step goes down the gradient
        self._exploded_steps = 0  # steps in a row that ended above EXPLOSION_FACTOR

    def step(self, evaluate: Evaluate) -> None:
        """Take one step.

        A step takes one evaluation, or up to 25 with a line search; the first step takes one more.
        If the gradient is 0, nothing is evaluated and x does not move. If the line search finds no
        lower loss, x does not move and the next step goes down the gradient again.

        Args:
            evaluate: x -> (its loss, the gradient in x's shape). The gradient is copied.

        Raises:
            Diverged: if a loss or gradient is not finite, or the loss exploded. ``x`` and ``loss``
                are then those of the last successful step.
        """
        if not self._gradient.size:
            self._direction.fill(0)
            self._accept(self._search(evaluate, None, 0.0))
        start, length = self._prepare_direction()
        if start.slope < 0:
            end = self._search(evaluate, start, length)
            self._use_gradient = end is start
            if self._use_gradient:
                self._pairs.forget()
            else:
                self._direction *= self.x.dtype.type(end.length)
                np.subtract(end.gradient, start.gradient, out=start.gradient)
                self._pairs.push(self._direction, start.gradient)
                self._accept(end)
        self.iterations += 1

    def restart(self) -> None:
        """Begin anew at ``x``, for a function that has changed: forget pairs, losses and best."""
        self.best_x = self.x
        self.loss, self.best_loss, self._first_loss = math.nan, math.inf, math.nan
        self._pairs.forget()
        self._gradient = np.empty(0, self.x.dtype)
        self._use_gradient, self._exploded_steps = True, 0

    def state(self, *, copy: bool = True) -> Mapping[str, Array]:
        """Return everything that ``restore`` needs to continue bit for bit.

        Args:
            copy: False returns the arrays themselves, which the next step changes. This saves the
                memory of a second set of pairs.
        """
        arrays = {"x": self.x, "best_x": self.best_x, "gradient": self._gradient}
        arrays |= self._pairs.state()
        arrays |= {
            name: np.array(float(getattr(self, attribute)))
            for attribute, (name, _) in _SCALARS.items()
        }
        return {name: array.copy() for name, array in arrays.items()} if copy else arrays

    def restore(self, state: Mapping[str, Array]) -> None:
        """Continue from the ``state`` of an optimiser that was created with the same arguments.

        Raises:
            KeyError: if an array is missing.
            ValueError: if shape, dtype or history differ from this optimiser's.
        """
        for name in ("x", "best_x"):
            x = state[name]
            if (x.shape, x.dtype) != (self.x.shape, self.x.dtype):
                raise ValueError(
                    f"the state's {name} is {x.dtype} {x.shape}, not {self.x.dtype} {self.x.shape}"
                )
        gradient = state["gradient"]
        if gradient.shape not in ((0,), (self.x.size,)) or gradient.dtype != self.x.dtype:
            raise ValueError(f"the state's gradient is {gradient.dtype} {gradient.shape}")
        self._pairs.restore(state)
        self.x, self.best_x = _read_only_copy(state["x"]), _read_only_copy(state["best_x"])
        self._gradient = gradient.copy()
        for attribute, (name, kind) in _SCALARS.items():
            setattr(self, attribute, kind(state[name]))

    def _prepare_direction(self) -> tuple[Trial, float]:
        """Set the direction; return its start (x) and the first length to try."""
        slope = self._set_direction()
        if not slope < 0:
            # Rounding has made H indefinite or infinite. Only the gradient leads down.
            self._pairs.forget()
            self._use_gradient = True
            slope = self._set_direction()
        length = self.learning_rate
        if self._use_gradient:
            length /= max(1.0, float(np.abs(self._gradient).sum()))
        return Trial(0.0, self.x, self.loss * self._loss_scale, self._gradient, slope), length

    def _set_direction(self) -> float:
        """Set the direction to -H g and return its slope."""
        np.negative(self._gradient, out=self._direction)
        self._pairs.apply(self._direction)
        return dot(self._gradient, self._direction)

    def _search(self, evaluate: Evaluate, start: Trial | None, length: float) -> Trial:
        """Return the point where the step ends; ``start`` if the line search found none lower.

        Args:
            evaluate: As in ``step``.
            start: The current point; None to evaluate it for the first time.
            length: The first length to try.

        Raises:
            Diverged: as ``step``.
        """
        line = LineFunction(evaluate, self.x, self._direction, self._loss_scale)
        try:
            if start and self._line_search == "backtracking":
                end = backtracking(line.at, start, length=length)
            elif start and self._line_search == "strong_wolfe":
                precision = float(np.finfo(self.x.dtype).eps)
                end = strong_wolfe(line.at, start, length=length, precision=precision)
            else:
                end = line.at(length)
        finally:
            self.evaluations += line.evaluations
        loss, first = end.loss / self._loss_scale, self._first_loss
        exploded = loss > EXPLOSION_FACTOR * abs(first) > 0
        self._exploded_steps = self._exploded_steps + 1 if exploded else 0
        reason = end.non_finite
        if not reason and self._exploded_steps > EXPLOSION_STEPS:
            reason = f"the loss is {loss:.4g}, after {first:.4g} at first"
        if reason:
            number = self.iterations + 1 if start else 0
            raise Diverged(f"L-BFGS diverged at iteration {number}: {reason}; {_ADVICE}")
        return end

    def _accept(self, trial: Trial) -> None:
        """Move to a point, and remember it if its loss is the lowest so far."""
        self.x, self._gradient = trial.x, trial.gradient
        self.loss = trial.loss / self._loss_scale
        if math.isnan(self._first_loss):
            self._first_loss = self.loss
        if self.loss < self.best_loss:
            self.best_x, self.best_loss = self.x, self.loss


def _read_only_copy(x: Array) -> Array:
    copy = x.copy()
    copy.flags.writeable = False
    return copy
