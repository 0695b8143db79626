"""What takes the steps of a stage: a backend's Adam or core's L-BFGS, under the same calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np

from nst_core.arrays import Array, Image
from nst_core.backend import AdamState, Backend, DType, Execution, Losses, Problem, Session
from nst_core.problem.style_cache import TargetCache, fingerprint
from nst_core.run.lbfgs_stepper import LBFGSStepper
from nst_core.run.observers import Progress
from nst_core.spec import LBFGS, Optimiser


class Stepper(Progress, Protocol):
    """An image being optimised, by whatever optimiser."""

    def step(self, *, learning_rate: float) -> None:
        """Take one step; may return before it is done.

        Raises:
            Diverged: if no step leads on; only of an ``LBFGSStepper``.
        """
        ...

    def state(self) -> Mapping[str, Array]:
        """Return all that ``restore`` needs to go on to the same bit, by name."""
        ...

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from ``state``, as if its steps had been taken here.

        Raises:
            KeyError, ValueError: if it is another optimiser's, or of another shape or dtype.
        """
        ...


class AdamStepper:
    """A backend's session, its Adam's state as named arrays."""

    def __init__(self, session: Session, *, like: Image) -> None:
        self._session = session
        self._like = like

    def step(self, *, learning_rate: float) -> None:
        """Take one Adam update."""
        self._session.step(learning_rate=learning_rate)

    def losses(self) -> Losses:
        """Return the losses of the last step, taken before its update."""
        return self._session.losses()

    def image(self) -> Image:
        """Return the image as it is now, (H, W, 3), not clipped."""
        return self._session.image()

    def state(self) -> Mapping[str, Array]:
        """Return a copy of the normalised image, the moments and the number of updates."""
        state = self._session.state()
        return {
            "step": np.array(float(state.step)),
            "image": state.image,
            "first_moment": state.first_moment,
            "second_moment": state.second_moment,
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from ``state``."""
        arrays = {name: state[name] for name in ("image", "first_moment", "second_moment")}
        for name, array in arrays.items():
            if array.shape != self._like.shape:
                raise ValueError(f"{name} is {array.shape}, not {self._like.shape}")
        self._session.restore(state=AdamState(step=int(state["step"]), **arrays))


def start(
    backend: Backend,
    problem: Problem,
    *,
    optimiser: Optimiser,
    device: str,
    dtype: DType,
    execution: Execution,
    targets: TargetCache,
) -> Stepper:
    """Start a session of ``backend`` at ``problem.start`` under the spec's optimiser.

    Its style targets are those in ``targets``, or else left there.
    """
    key = fingerprint(problem, backend, device=device, dtype=dtype, execution=execution)
    known = targets.find(key)
    session = backend.start(
        replace(problem, style_targets=known), device=device, dtype=dtype, execution=execution
    )
    if known is None:
        targets.keep(key, session.style_targets())
    if isinstance(optimiser, LBFGS):
        return LBFGSStepper(session, start=problem.start, settings=optimiser, dtype=dtype)
    return AdamStepper(session, like=problem.start)
