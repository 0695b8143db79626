"""``Stepper``: takes the steps of a stage, by a backend's Adam or by core's L-BFGS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from typing_extensions import override

from nst_core.arrays import Array, Image
from nst_core.backend import AdamState, Losses, Session
from nst_core.run.observers import Optimisation


class Stepper(Optimisation, Protocol):
    """An image that is being optimised, by any optimiser."""

    def step(self, *, learning_rate: float) -> None:
        """Take one step. The method may return before the step is finished.

        Raises:
            Diverged: if no further step is possible; only an ``LBFGSStepper`` raises it.
        """
        ...

    def objective_changed(self) -> None:
        """Forget what was learned of the objective, which is going to be another one."""
        return

    def state(self) -> Mapping[str, Array]:
        """Return everything that ``restore`` needs to continue bit for bit, by name."""
        ...

    def restore(self, state: Mapping[str, Array]) -> None:
        """Continue from ``state``, as if this stepper had taken its steps.

        Raises:
            KeyError, ValueError: if the state is of another optimiser, shape or dtype.
        """
        ...


class AdamStepper(Stepper):
    """A backend's session; the state of its Adam as named arrays.

    Args:
        session: The session.
        shape: The shape of its variable: (H, W, 3), or (N, 3) of a Laplacian pyramid.
    """

    def __init__(self, session: Session, *, shape: tuple[int, ...]) -> None:
        self._session = session
        self._shape = shape

    @override
    def step(self, *, learning_rate: float) -> None:
        self._session.step(learning_rate=learning_rate)

    @override
    def losses(self) -> Losses:
        return self._session.losses()

    @override
    def image(self) -> Image:
        return self._session.image()

    @override
    def state(self) -> Mapping[str, Array]:
        """Return a copy of the variable, the moments and the number of updates."""
        state = self._session.state()
        return {
            "step": np.array(float(state.step)),
            "image": state.image,
            "first_moment": state.first_moment,
            "second_moment": state.second_moment,
        }

    @override
    def restore(self, state: Mapping[str, Array]) -> None:
        arrays = {name: state[name] for name in ("image", "first_moment", "second_moment")}
        for name, array in arrays.items():
            if array.shape != self._shape:
                raise ValueError(f"{name} is {array.shape}, not {self._shape}")
        self._session.restore(state=AdamState(step=int(state["step"]), **arrays))
