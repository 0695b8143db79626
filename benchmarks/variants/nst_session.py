"""nst itself: a session of any backend, with the objective and optimiser of any preset."""

from __future__ import annotations

import sys

from measuring.variant_spec import VariantSpec
from nst_core.arrays import Image
from nst_core.backend import DType, Losses, Problem, Session, StyleSource, registry
from nst_core.run.lbfgs_stepper import LBFGSStepper
from nst_core.spec import LBFGS, presets
from nst_core.system import memory
from variants import Pictures, VariantInfo


class Loop:
    """The steps of a preset's last stage, from the content image.

    Args:
        variant: The backend, the preset and the other settings.
        pictures: The pictures and weights.
        device: One of the backend's devices, or ``auto``.
    """

    def __init__(self, variant: VariantSpec, pictures: Pictures, *, device: str) -> None:
        memory.trim_heap()  # as nst_core.run.stage_setup does, once the weights are read
        self._spec = presets.load(variant.preset)
        backend = registry.load(variant.backend)
        self._device = registry.choose_device(backend, device)
        dtype: DType = "float64" if variant.dtype == "float64" else "float32"
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
            execution=variant.execution,
        )
        self._stepper: Session | LBFGSStepper = session
        if isinstance(self._spec.optimiser, LBFGS):
            self._stepper = LBFGSStepper(
                session, start=pictures.content, settings=self._spec.optimiser, dtype=dtype
            )
        self._steps_taken = 0

    @property
    def info(self) -> VariantInfo:
        """What it reports about itself."""
        words = self._device.description.split()
        return VariantInfo(
            objective=self._spec.name,
            device=self._device.name,
            device_description=self._device.description,
            threads=int(words[0]) if self._device.name == "cpu" and words[0].isdecimal() else None,
            torch=sys.modules.get("torch"),
        )

    def step(self) -> None:
        """Take a step with the learning rate of the preset's schedule."""
        self._stepper.step(learning_rate=self._spec.learning_rate_at(self._steps_taken))
        self._steps_taken += 1

    def wait(self) -> None:
        """Wait for the image, which is the last result of a step."""
        self._stepper.image()

    def losses(self) -> Losses:
        """Return the losses of the last step, before its update."""
        return self._stepper.losses()

    def image(self) -> Image:
        """Return the image, (H, W, 3)."""
        return self._stepper.image()
