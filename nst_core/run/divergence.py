"""Detects losses and gradients that are not finite, and keeps the best image before them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from nst_core.arrays import Image
from nst_core.backend import Losses
from nst_core.errors import NstError

ADVICE = "try a smaller learning rate or smaller weights"

# The largest number of steps between two copies of the image.
_COPY_EVERY = 32


class NonFiniteError(NstError):
    """A loss or a gradient is not finite. The message is one line."""


def first_non_finite(losses: Losses) -> str:
    """Return kind, tap and value of the first loss that is not finite; "" if all are finite."""
    if math.isfinite(losses.total):
        return ""
    for name, value in _named_losses(losses):
        if not math.isfinite(value):
            return f"{name} is {value}"
    return f"the sum of the losses is {losses.total}"


class DivergenceGuard:
    """Checks the losses of one stage, and keeps the image that had the lowest loss.

    A step computes the losses of the image and then updates the image. The losses of the updated
    image are therefore known only in the next step, when the image itself is updated again. To
    keep the best image, the guard copies it before its losses are known. A copy waits for the
    device, so the guard makes one only after the steps 1, 2, 4 ... 32 and after every 32nd step.

    Args:
        initial_image: The image that the stage starts from, (H, W, 3).
        is_result: Whether this image is the result of earlier steps, and so may be ``best``.

    Attributes:
        best: The image with the lowest loss, (H, W, 3), not clipped; None if there is none yet.
    """

    def __init__(self, initial_image: Image, *, is_result: bool) -> None:
        self.best: Image | None = initial_image if is_result else None
        self._copy = self.best
        self._lowest = math.inf

    def check(self, losses: Losses, image: Callable[[], Image], *, step: int) -> None:
        """Check one step.

        Args:
            losses: The losses of the image before the step's update.
            image: Returns the image after the update.
            step: The step's number in the stage, counted from 1.

        Raises:
            NonFiniteError: if a loss is not finite, or the gradient of the step before was not.
        """
        if wrong := first_non_finite(losses):
            if step > 1 and _all_non_finite(losses):
                # All losses at once: the image is not finite.
                wrong = f"the gradient of step {step - 1} is not finite"
            raise NonFiniteError(f"{wrong}; {ADVICE}")
        if self._copy is not None and losses.total < self._lowest:
            self.best, self._lowest = self._copy, losses.total
        is_copied = step % _COPY_EVERY == 0 or step & (step - 1) == 0
        self._copy = image() if is_copied else None

    def check_end(self, image: Image, *, step: int) -> None:
        """Check the image that the stage ends with.

        Args:
            image: The image, (H, W, 3).
            step: The number of the last step, counted from 1.

        Raises:
            NonFiniteError: if the image is not finite, because the gradient of ``step`` was not.
        """
        if not np.isfinite(image).all():
            raise NonFiniteError(f"the gradient of step {step} is not finite; {ADVICE}")


def _named_losses(losses: Losses) -> Iterator[tuple[str, float]]:
    for kind in ("content", "style"):
        for tap, value in getattr(losses, kind).items():
            yield f"the {kind} loss at {tap}", value
    yield "the total variation loss", losses.total_variation


def _all_non_finite(losses: Losses) -> bool:
    # A loss of 0 is left out: its weight is 0.
    values = [value for _, value in _named_losses(losses) if value != 0]
    return len(values) > 1 and not any(math.isfinite(value) for value in values)
