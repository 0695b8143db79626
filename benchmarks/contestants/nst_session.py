"""nst itself: a session of any backend, with any preset's objective and optimiser."""

from __future__ import annotations

import sys

from contestants import About, Pictures
from measuring.entry import Entry
from nst_core.arrays import Image
from nst_core.backend import DType, Losses, Problem, Session, StyleSource, registry
from nst_core.run.lbfgs_stepper import LBFGSStepper
from nst_core.spec import LBFGS, presets
from nst_core.system import memory


class Loop:
    """The steps of a preset's last stage, at the content image.

    Args:
        entry: Says which backend, preset and modes.
        pictures: The pictures and weights.
        device: One of the backend's devices, or ``auto``.
    """

    def __init__(self, entry: Entry, pictures: Pictures, *, device: str) -> None:
        memory.trim_heap()  # as nst_core.run.stage_setup does, once the weights are read
        self._spec = presets.load(entry.preset)
        backend = registry.load(entry.program.removeprefix("nst-"))
        self._device = registry.choose_device(backend, device)
        dtype: DType = "float64" if entry.dtype == "float64" else "float32"
        session = backend.start(
            Problem(
                content=pictures.content,
                styles=(StyleSource(image=pictures.style),),
                start=pictures.content,
                weights=pictures.weights,
                objective=self._spec.objective(),
                adam=self._spec.adam(),
            ),
            device=self._device.name,
            dtype=dtype,
            execution=entry.execution,
        )
        self._stepping: Session | LBFGSStepper = session
        if isinstance(self._spec.optimiser, LBFGS):
            self._stepping = LBFGSStepper(
                session, start=pictures.content, settings=self._spec.optimiser, dtype=dtype
            )
        self._done = 0

    @property
    def about(self) -> About:
        """What it is."""
        words = self._device.description.split()
        return About(
            objective=self._spec.name,
            device=self._device.name,
            device_description=self._device.description,
            threads=int(words[0]) if self._device.name == "cpu" and words[0].isdecimal() else None,
            torch=sys.modules.get("torch"),
        )

    def step(self) -> None:
        """Take a step, by the preset's schedule."""
        self._stepping.step(learning_rate=self._spec.learning_rate_at(self._done))
        self._done += 1

    def wait(self) -> None:
        """Wait for the image, the last thing that a step makes."""
        self._stepping.image()

    def losses(self) -> Losses:
        """Return the losses of the last step, before its update."""
        return self._stepping.losses()

    def image(self) -> Image:
        """Return the image, (H, W, 3)."""
        return self._stepping.image()
