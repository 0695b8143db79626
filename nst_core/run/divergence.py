"""Numbers that go wrong: found at the step where they do, with the best image before kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from nst_core.arrays import Image
from nst_core.backend import Losses
from nst_core.errors import NstError

ADVICE = "try a smaller learning rate or smaller weights"

# Between two copies of the image, once they have become rare.
_COPY_EVERY = 32


class NonFiniteError(NstError):
    """A loss or a gradient is not finite; the message is one line."""


def first_non_finite(losses: Losses) -> str:
    """Name the first loss that is not finite, by its term and tap; empty if all are finite."""
    if math.isfinite(losses.total):
        return ""
    for name, value in _named(losses):
        if not math.isfinite(value):
            return f"{name} is {value}"
    return f"the sum of the losses is {losses.total}"


class DivergenceGuard:
    """Watches the numbers of one stage, and keeps the image that had the lowest loss.

    A step's losses are those of the image before its update, so a copied image proves good or bad
    one step later. To copy an image waits for the device, so it is done after steps 1, 2, 4 ...
    32, and after every 32nd.

    Args:
        initial_image: (H, W, 3), the image that the stage starts from.
        is_result: Whether earlier steps made that image, so that it is worth keeping.

    Attributes:
        best: (H, W, 3), not clipped; None where there is nothing yet.
    """

    def __init__(self, initial_image: Image, *, is_result: bool) -> None:
        self.best: Image | None = initial_image if is_result else None
        self._copy = self.best
        self._lowest = math.inf

    def check(self, losses: Losses, image: Callable[[], Image], *, step: int) -> None:
        """Look at one step.

        Args:
            losses: Of the image before the step's update.
            image: Returns the image after it.
            step: Counted from 1 within the stage.

        Raises:
            NonFiniteError: if a loss is not finite, or the gradient of the step before was not.
        """
        if wrong := first_non_finite(losses):
            if step > 1 and _all_wrong(losses):
                # Every loss at once: it is the image that isn't finite.
                wrong = f"the gradient of step {step - 1} is not finite"
            raise NonFiniteError(f"{wrong}; {ADVICE}")
        if self._copy is not None and losses.total < self._lowest:
            self.best, self._lowest = self._copy, losses.total
        due = step % _COPY_EVERY == 0 or step & (step - 1) == 0
        self._copy = image() if due else None

    def check_end(self, image: Image, *, step: int) -> None:
        """Look at the image that the stage ends with.

        Raises:
            NonFiniteError: if it is not finite. Then the gradient of ``step`` was not finite.
        """
        if not np.isfinite(image).all():
            raise NonFiniteError(f"the gradient of step {step} is not finite; {ADVICE}")


def _named(losses: Losses) -> Iterator[tuple[str, float]]:
    for term in ("content", "style"):
        for tap, value in getattr(losses, term).items():
            yield f"the {term} loss at {tap}", value
    yield "the total variation loss", losses.total_variation


def _all_wrong(losses: Losses) -> bool:
    values = [value for _, value in _named(losses) if value != 0]  # a term may be switched off
    return len(values) > 1 and not any(math.isfinite(value) for value in values)
