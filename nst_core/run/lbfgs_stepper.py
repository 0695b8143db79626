"""An optimiser of core's own over what a backend evaluates, in the place of a backend's Adam."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nst_core.arrays import Array, Image
from nst_core.backend import MEAN, STD, DType, Losses, Session
from nst_core.optimisers import LBFGS, Smoothing
from nst_core.spec import optimisers


class LBFGSStepper:
    """L-BFGS over ``Session.evaluate``: the same on every backend.

    The variable is the normalised image y = (image - MEAN) / STD, as in the documents and as for
    Adam; the gradient with respect to it is the image's times STD. Nothing is ever clamped: a
    clamped variable is not the one that the optimiser remembers its steps of. With
    ``settings.smoothing`` the variable is z of y = L z instead: see ``optimisers.Smoothing``.

    Args:
        session: Only evaluates; its own image stays where it started.
        start: What the optimisation starts from, (H, W, 3).
        settings: The spec's optimiser.
        dtype: What the optimiser's own arrays are held in.
    """

    def __init__(
        self, session: Session, *, start: Image, settings: optimisers.LBFGS, dtype: DType
    ) -> None:
        self._session = session
        self._mean, self._std = np.array(MEAN, dtype), np.array(STD, dtype)
        self._smoothing = _smoothing(settings.smoothing, start)
        y = (start.astype(dtype) - self._mean) / self._std
        self._lbfgs = LBFGS(
            y if self._smoothing is None else self._smoothing.undo(y),
            history=settings.history,
            learning_rate=settings.learning_rate,
            line_search=settings.line_search,
            loss_scale=settings.loss_scale,
        )
        self._seen: list[Losses] = []
        self._here: Losses | None = None
        self._before: Losses | None = None

    def step(self, *, learning_rate: float) -> None:
        """Take one step of L-BFGS, of one evaluation or, with a line search, of several.

        Raises:
            Diverged: if no step leads on; ``image`` and ``best`` are still good.
        """
        self._lbfgs.learning_rate = learning_rate
        self._seen = []
        self._lbfgs.step(self._evaluate)
        self._before = self._here or self._seen[0]
        if self._seen:
            # A line search may look further and come back.
            self._here = min(self._seen, key=lambda losses: abs(losses.total - self._lbfgs.loss))

    def losses(self) -> Losses:
        """Return the losses of the last step, before its update."""
        if self._before is None:
            raise RuntimeError("losses() needs a step first")
        return self._before

    def image(self) -> Image:
        """Return the image as it is now, (H, W, 3), not clipped."""
        return self._image(self._lbfgs.x)

    @property
    def evaluations(self) -> int:
        """How often losses and gradient were computed so far, line searches included."""
        return self._lbfgs.evaluations

    def best(self) -> Image:
        """Return the image of the lowest loss so far, (H, W, 3), not clipped."""
        return self._image(self._lbfgs.best_x)

    @property
    def evaluated(self) -> Losses | None:
        """The losses of the last evaluation, of whatever image; None before the first."""
        return self._seen[-1] if self._seen else self._here

    def state(self) -> Mapping[str, Array]:
        """Return all that ``restore`` needs to go on to the same bit; the next step changes it."""
        # A second set of pairs would be hundreds of megabytes.
        return {**self._lbfgs.state(copy=False), **_flattened(self._here)}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from ``state``, of a session that was made as this one was.

        Raises:
            KeyError, ValueError: if it is of something else.
        """
        self._lbfgs.restore(state)
        self._here, self._before, self._seen = _losses(state), None, []

    def _evaluate(self, variable: Array) -> tuple[float, Array]:
        evaluation = self._session.evaluate(image=self._image(variable))
        self._seen.append(evaluation.losses)
        gradient: Array = evaluation.gradient * self._std
        if self._smoothing is not None:
            gradient = self._smoothing.apply(gradient)
        return evaluation.losses.total, gradient

    def _image(self, variable: Array) -> Image:
        y = variable if self._smoothing is None else self._smoothing.apply(variable)
        image: Image = y * self._std + self._mean
        return image


def _flattened(losses: Losses | None) -> dict[str, Array]:
    """Return losses as arrays by name; none for None."""
    if losses is None:
        return {}
    values = [
        *((f"content.{tap}", loss) for tap, loss in losses.content.items()),
        *((f"style.{tap}", loss) for tap, loss in losses.style.items()),
        ("total_variation", losses.total_variation),
        ("total", losses.total),
    ]
    # Numbered, since sums over the taps depend on their order, which a file does not keep.
    return {f"here.{number:03d}.{name}": np.array(v) for number, (name, v) in enumerate(values)}


def _losses(state: Mapping[str, Array]) -> Losses | None:
    """Return what ``_flattened`` was given."""
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


def _smoothing(exponent: float, start: Image) -> Smoothing | None:
    """Return the change of variables for images like ``start``; None where there is none."""
    height, width, _ = start.shape
    return Smoothing(height=height, width=width, exponent=exponent) if exponent else None
