"""The result of a stage as an exponential moving average of its images.

The average has less noise than the last image.

The average is computed in core, over any stepper, so it works on every backend and with every
optimiser. It reads the image of every step. On a CPU this takes much less time than a step. On a
GPU it waits for each step.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from typing_extensions import override

from nst_core.arrays import Array, Image
from nst_core.backend import Losses
from nst_core.run.stepper import Stepper


class ExponentialMovingAverage:
    """An exponential moving average with bias correction.

    v_t = d v_(t-1) + (1 - d) x_t with v_0 = 0, and the average is v_t / (1 - d^t). This is how the
    moments are averaged in Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015),
    section 3. The first average is x_1 itself.

    Args:
        decay: d, at least 0 and below 1.

    Attributes:
        decay: d.
        count: t, the number of values so far.
        accumulator: v_t; None before the first value.
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay
        self.count = 0
        self.accumulator: Array | None = None

    def update(self, x: Array) -> None:
        """Add the next value; all values have one shape and dtype."""
        weight = x.dtype.type(1 - self.decay)
        if self.accumulator is None:
            self.accumulator = x * weight
        else:
            self.accumulator *= x.dtype.type(self.decay)
            self.accumulator += x * weight
        self.count += 1

    def average(self) -> Array | None:
        """Return the average of all values so far, a new array; None before the first value."""
        if self.accumulator is None:
            return None
        correction = self.accumulator.dtype.type(1 - self.decay**self.count)
        average: Array = self.accumulator / correction
        return average


class EMAStepper(Stepper):
    """Takes the steps of another stepper; its image is the average of the images of the steps.

    Args:
        inner: The other stepper.
        decay: The decay of the average, at least 0 and below 1.
    """

    def __init__(self, inner: Stepper, *, decay: float) -> None:
        self.inner = inner
        self._average = ExponentialMovingAverage(decay)

    @override
    def step(self, *, learning_rate: float) -> None:
        """Take one step and add its image to the average; waits for the step."""
        self.inner.step(learning_rate=learning_rate)
        self._average.update(self.inner.image())

    @override
    def losses(self) -> Losses:
        """Return the losses of the last step. They are those of its image, not of the average."""
        return self.inner.losses()

    @override
    def image(self) -> Image:
        """Return the average, (H, W, 3), not clipped; before the first step, the image."""
        average = self._average.average()
        return self.inner.image() if average is None else average

    @override
    def objective_changed(self) -> None:
        self.inner.objective_changed()

    @override
    def state(self) -> Mapping[str, Array]:
        """Return the state of the other stepper and of the average."""
        accumulator = self._average.accumulator
        average = {} if accumulator is None else {"average.value": accumulator}
        count = np.array(float(self._average.count))
        return {**self.inner.state(), **average, "average.count": count}

    @override
    def restore(self, state: Mapping[str, Array]) -> None:
        self.inner.restore(state)
        self._average.count = int(state["average.count"])
        accumulator = state["average.value"] if self._average.count else None
        if accumulator is not None and accumulator.shape != self.inner.image().shape:
            raise ValueError(f"the average is {accumulator.shape}")
        self._average.accumulator = None if accumulator is None else accumulator.copy()
