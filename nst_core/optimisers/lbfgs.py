"""L-BFGS: a quasi-Newton method that remembers the last steps and what they did to the gradient.

Nocedal and Wright, "Numerical Optimization" (2006), algorithms 7.4 and 7.5, with the choices of
``torch.optim.LBFGS``, so that without a line search both take the same steps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np

from nst_core.arrays import Array
from nst_core.optimisers.line_search import Evaluate, Line, Trial, backtracking, dot, strong_wolfe
from nst_core.optimisers.pairs import Pairs

EXPLOSION, PATIENCE = 1e3, 5
"""A loss above so many times the first one at more than so many steps in a row is divergence.

At one step it is not: without a line search the first steps from noise may go far out, to 3e4 times
the first loss, and what they find out about the curvature brings the next one back. And the first,
not the best: the loss may rise to many times its best, the more the lower that is.
"""

_ADVICE = "try a smaller learning rate, or the strong Wolfe line search"
_SCALARS = {
    "loss": float,
    "best_loss": float,
    "evaluations": int,
    "iterations": int,
    "_first_loss": float,
    "_fresh": bool,
    "_high": int,
}


class Diverged(Exception):  # noqa: N818 - what happened, not whose mistake it is
    """The loss or the gradient is not finite, or the loss exploded; the message is one line."""


class LBFGS:
    """Minimises a function of one array, never clamping it.

    A step goes from x to x + t d, where d = -H g and H is the inverse Hessian implied by the last
    ``history`` pairs s = x' - x, y = g' - g. t is ``learning_rate``, or where the line search
    ends; the first step goes down the gradient, by t = min(1, 1 / |g|_1) * learning_rate.

    That, and the rule that a pair is kept if s.y > 1e-10, depend on the loss's scale. Gradients
    of 1e-7 ... 1e-5, as in style transfer, can leave s.y below: no pair is kept, and all that
    happens is gradient descent. So the loss is multiplied there, commonly by 1e3; ``loss_scale``
    does that, to the gradient too, and the losses below stay as they were given.

    All is held in ``x``'s dtype: 100 pairs of 300x450x3 are 324 MB in float32, taken up as they
    come, and twice that in float64.

    Attributes:
        x: Where the optimisation is; read-only, and never changed: a step makes a new one.
        loss: Loss at ``x``, NaN before the first step.
        best_x: Where the lowest loss so far was.
        best_loss: That loss, infinity before the first step.
        evaluations: How often ``evaluate`` was called.
        iterations: Steps taken.
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
        self.x = self.best_x = _frozen(x)
        self.loss, self.best_loss = math.nan, math.inf
        self.evaluations = self.iterations = 0
        self.learning_rate, self._loss_scale = learning_rate, loss_scale
        self._line_search = line_search
        self._pairs = Pairs(history, x.size, x.dtype)
        self._direction = np.zeros(x.size, x.dtype)
        self._gradient = np.empty(0, x.dtype)  # of loss_scale * loss; empty until evaluated
        self._first_loss = math.nan
        self._fresh = True  # the next step goes down the gradient
        self._high = 0  # steps in a row that ended above EXPLOSION

    def step(self, evaluate: Evaluate) -> None:
        """Take one step: one evaluation, up to 25 with a line search; one more the first time.

        Where the gradient is 0, nothing is evaluated and nothing moves. Where the line search
        finds nothing lower, x stays and the next step goes down the gradient again.

        Args:
            evaluate: x -> its loss, and the gradient in x's shape, which is copied.

        Raises:
            Diverged: ``x`` and ``loss`` are those of the last step that went well.
        """
        if not self._gradient.size:
            self._direction.fill(0)
            self._accept(self._go(evaluate, None, 0.0))
        start, length = self._aim()
        if start.slope < 0:
            end = self._go(evaluate, start, length)
            self._fresh = end is start
            if self._fresh:
                self._pairs.forget()
            else:
                self._direction *= self.x.dtype.type(end.step)
                np.subtract(end.gradient, start.gradient, out=start.gradient)
                self._pairs.push(self._direction, start.gradient)
                self._accept(end)
        self.iterations += 1

    def state(self, *, copy: bool = True) -> Mapping[str, Array]:
        """Return all that ``restore`` needs to go on to the same bit.

        Args:
            copy: False spares the memory of a second set of pairs; the next step changes them.
        """
        arrays = {"x": self.x, "best_x": self.best_x, "gradient": self._gradient}
        arrays |= self._pairs.state()
        arrays |= {name.strip("_"): np.array(float(getattr(self, name))) for name in _SCALARS}
        return {name: array.copy() for name, array in arrays.items()} if copy else arrays

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from ``state``, of an optimiser that was made as this one was.

        Raises:
            ValueError: if shape, dtype or history are others than here.
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
        self.x, self.best_x = _frozen(state["x"]), _frozen(state["best_x"])
        self._gradient = gradient.copy()
        for name, kind in _SCALARS.items():
            setattr(self, name, kind(state[name.strip("_")]))

    def _aim(self) -> tuple[Trial, float]:
        """Set the direction; return x as its start, and how far to go first."""
        slope = self._turn()
        if not slope < 0:
            # Rounding has made H indefinite, or infinite; the gradient alone leads down.
            self._pairs.forget()
            self._fresh = True
            slope = self._turn()
        length = self.learning_rate
        if self._fresh:
            length /= max(1.0, float(np.abs(self._gradient).sum()))
        return Trial(0.0, self.x, self.loss * self._loss_scale, self._gradient, slope), length

    def _turn(self) -> float:
        """Set the direction to -H g and return its slope."""
        np.negative(self._gradient, out=self._direction)
        self._pairs.apply(self._direction)
        return dot(self._gradient, self._direction)

    def _go(self, evaluate: Evaluate, start: Trial | None, length: float) -> Trial:
        """Return where the step ends; ``start`` itself if the line search stays there."""
        line = Line(evaluate, self.x, self._direction, self._loss_scale)
        try:
            if start and self._line_search == "backtracking":
                end = backtracking(line.at, start, step=length)
            elif start and self._line_search == "strong_wolfe":
                precision = float(np.finfo(self.x.dtype).eps)
                end = strong_wolfe(line.at, start, step=length, precision=precision)
            else:
                end = line.at(length)
        finally:
            self.evaluations += line.evaluations
        loss, first = end.loss / self._loss_scale, self._first_loss
        fault = end.fault
        self._high = self._high + 1 if loss > EXPLOSION * abs(first) > 0 else 0
        if not fault and self._high > PATIENCE:
            fault = f"the loss is {loss:.4g}, after {first:.4g} at first"
        if fault:
            number = self.iterations + 1 if start else 0
            raise Diverged(f"L-BFGS diverged at iteration {number}: {fault}; {_ADVICE}")
        return end

    def _accept(self, trial: Trial) -> None:
        self.x, self._gradient = trial.x, trial.gradient
        self.loss = trial.loss / self._loss_scale
        if math.isnan(self._first_loss):
            self._first_loss = self.loss
        if self.loss < self.best_loss:
            self.best_x, self.best_loss = self.x, self.loss


def _frozen(x: Array) -> Array:
    copy = x.copy()
    copy.flags.writeable = False
    return copy
