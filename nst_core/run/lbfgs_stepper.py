"""``LBFGSStepper``: takes steps of core's L-BFGS, with losses and gradients from a backend."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from typing_extensions import override

from nst_core.arrays import Array, Image
from nst_core.backend import MEAN, STD, DType, Losses, Session
from nst_core.optimisers import LBFGS, LaplacianPyramid, Smoothing
from nst_core.run.stepper import Stepper
from nst_core.spec import optimisers


class LBFGSStepper(Stepper):
    """L-BFGS over ``Session.evaluate``. It is the same on every backend.

    The variable is the normalised image y = (image - MEAN) / STD, as in the documents and as for
    Adam. The gradient with respect to y is the image's gradient times STD. The variable is never
    clamped, because the stored steps of L-BFGS would not lead to a clamped variable. With
    ``settings.smoothing`` the variable is the z of y = L z instead: see ``optimisers.Smoothing``;
    with ``levels`` it is a Laplacian pyramid: see ``optimisers.LaplacianPyramid``.

    Args:
        session: The session that evaluates. Its own image does not change.
        start: The image that the optimisation starts from, (H, W, 3).
        settings: The optimiser of the spec.
        dtype: The type of the optimiser's arrays.
        levels: The levels of a Laplacian pyramid; 0 for none. Not together with smoothing.
    """

    def __init__(
        self,
        session: Session,
        *,
        start: Image,
        settings: optimisers.LBFGS,
        dtype: DType,
        levels: int = 0,
    ) -> None:
        self._session = session
        self._mean, self._std = np.array(MEAN, dtype), np.array(STD, dtype)
        self._change = _change_of_variables(start, smoothing=settings.smoothing, levels=levels)
        y = (start.astype(dtype) - self._mean) / self._std
        self._lbfgs = LBFGS(
            y if self._change is None else self._change.undo(y),
            history=settings.history,
            learning_rate=settings.learning_rate,
            line_search=settings.line_search,
            loss_scale=settings.loss_scale,
        )
        self._evaluated: list[Losses] = []  # in the last step, in order
        self._current: Losses | None = None  # at the current image
        self._before_step: Losses | None = None  # at the image before the last step

    @override
    def step(self, *, learning_rate: float) -> None:
        """Take one step of L-BFGS: one evaluation, or several with a line search.

        Raises:
            Diverged: if no further step is possible. ``image`` and ``best`` remain valid.
        """
        self._lbfgs.learning_rate = learning_rate
        self._evaluated = []
        self._lbfgs.step(self._evaluate)
        self._before_step = self._current or self._evaluated[0]
        if self._evaluated:
            # The last evaluation of a line search need not be the accepted one.
            self._current = min(
                self._evaluated, key=lambda losses: abs(losses.total - self._lbfgs.loss)
            )

    @override
    def losses(self) -> Losses:
        if self._before_step is None:
            raise RuntimeError("losses() needs a step first")
        return self._before_step

    @override
    def image(self) -> Image:
        return self._image(self._lbfgs.x)

    @property
    def evaluations(self) -> int:
        """How often losses and gradient were computed so far, including line searches."""
        return self._lbfgs.evaluations

    def best(self) -> Image:
        """Return the image of the lowest loss so far, (H, W, 3), not clipped."""
        return self._image(self._lbfgs.best_x)

    @property
    def evaluated(self) -> Losses | None:
        """The losses of the last evaluation, at any image; None before the first."""
        return self._evaluated[-1] if self._evaluated else self._current

    @override
    def objective_changed(self) -> None:
        self._lbfgs.restart()
        self._current = None

    @override
    def state(self) -> Mapping[str, Array]:
        """Return everything that ``restore`` needs. The next step changes these arrays."""
        # A copy of the pairs would take hundreds of megabytes.
        return {**self._lbfgs.state(copy=False), **_flattened(self._current)}

    @override
    def restore(self, state: Mapping[str, Array]) -> None:
        self._lbfgs.restore(state)
        self._current, self._before_step, self._evaluated = _losses(state), None, []

    def _evaluate(self, variable: Array) -> tuple[float, Array]:
        evaluation = self._session.evaluate(image=self._image(variable))
        self._evaluated.append(evaluation.losses)
        gradient: Array = evaluation.gradient * self._std
        if self._change is not None:
            gradient = self._change.transpose(gradient)
        return evaluation.losses.total, gradient

    def _image(self, variable: Array) -> Image:
        y = variable if self._change is None else self._change.apply(variable)
        image: Image = y * self._std + self._mean
        return image


def _flattened(losses: Losses | None) -> dict[str, Array]:
    """Return losses as scalar arrays by name; an empty table for None."""
    if losses is None:
        return {}
    values = [
        *((f"content.{tap}", loss) for tap, loss in losses.content.items()),
        *((f"style.{tap}", loss) for tap, loss in losses.style.items()),
        ("total_variation", losses.total_variation),
        ("total", losses.total),
    ]
    # The names are numbered, because a file does not keep the order of its arrays, and the order
    # of the taps decides the rounding of their sum.
    return {f"here.{number:03d}.{name}": np.array(v) for number, (name, v) in enumerate(values)}


def _losses(state: Mapping[str, Array]) -> Losses | None:
    """Return the losses that ``_flattened`` turned into arrays."""
    names = sorted(name for name in state if name.startswith("here."))
    if not names:
        return None
    values = {name.split(".", 2)[2]: float(state[name]) for name in names}
    content, style = (
        {
            name.removeprefix(f"{term}."): value
            for name, value in values.items()
            if name.startswith(f"{term}.")
        }
        for term in ("content", "style")
    )
    return Losses(
        content=content,
        style=style,
        total_variation=values["total_variation"],
        total=values["total"],
    )


def _change_of_variables(
    start: Image, *, smoothing: float, levels: int
) -> Smoothing | LaplacianPyramid | None:
    """Return the change of variables for images like ``start``; None for none."""
    height, width, _ = start.shape
    if levels:
        return LaplacianPyramid(height=height, width=width, levels=levels)
    return Smoothing(height=height, width=width, exponent=smoothing) if smoothing else None
