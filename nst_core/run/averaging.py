"""The running average of a stage's images as its result: calmer than the last of them.

In core, over whatever takes the steps: it reads every step's image, which on a CPU is nothing
beside a step, and so works on every backend and with every optimiser. On a GPU it waits for each
step.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nst_core.arrays import Array, Image
from nst_core.backend import Losses
from nst_core.run.stepper import Stepper


class Average:
    """An exponential moving average, its bias corrected.

    v_t = d v_(t-1) + (1 - d) x_t from v_0 = 0, and the average is v_t / (1 - d^t): as the moments
    in Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015), section 3. So the first
    average is x_1 itself.

    Args:
        decay: d, at least 0 and below 1.
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay
        self.count = 0
        self.value: Array | None = None

    def add(self, x: Array) -> None:
        """Take in the next x."""
        share = x.dtype.type(1 - self.decay)
        if self.value is None:
            self.value = x * share
        else:
            self.value *= x.dtype.type(self.decay)
            self.value += x * share
        self.count += 1

    def now(self) -> Array | None:
        """Return the average of all x so far, an array of its own; None before the first."""
        if self.value is None:
            return None
        average: Array = self.value / self.value.dtype.type(1 - self.decay**self.count)
        return average


class EMAStepper:
    """Takes the steps that ``inner`` takes; its image is the average of theirs."""

    def __init__(self, inner: Stepper, *, decay: float) -> None:
        self.inner = inner
        self._average = Average(decay)

    def step(self, *, learning_rate: float) -> None:
        """Take one step, and its image into the average; waits for it."""
        self.inner.step(learning_rate=learning_rate)
        self._average.add(self.inner.image())

    def losses(self) -> Losses:
        """Return the losses of the last step: of its image, not of the average."""
        return self.inner.losses()

    def image(self) -> Image:
        """Return the average, (H, W, 3), not clipped; before the first step the image."""
        average = self._average.now()
        return self.inner.image() if average is None else average

    def state(self) -> Mapping[str, Array]:
        """Return the state of ``inner``, and the average's."""
        value = self._average.value
        kept = {} if value is None else {"average.value": value}
        return {**self.inner.state(), **kept, "average.count": np.array(float(self._average.count))}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from ``state``."""
        self.inner.restore(state)
        self._average.count = int(state["average.count"])
        value = state["average.value"] if self._average.count else None
        if value is not None and value.shape != self.inner.image().shape:
            raise ValueError(f"the average is {value.shape}")
        self._average.value = None if value is None else value.copy()
