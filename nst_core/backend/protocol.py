"""The seam between core and backends: plain records, and two Protocols.

A backend computes what frameworks are compared on: normalisation and layout, VGG-19 features,
Gram matrices, the content, style and total variation losses, their gradient, and Adam. Core does
the rest: decoding, resizing, the schedule, the stages, the files. Only NumPy arrays and the
records below cross the seam, and every parameter is keyword-only, so that a type checker catches
a backend that renames one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from nst_core.arrays import Array, Image
from nst_core.backend.problem import Problem, StyleTargets

DType = Literal["float32", "float64"]
Conv = Literal["auto", "direct", "winograd"]
Precision = Literal["auto", "float32", "tf32", "bf16"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """Weighted losses, as the documents report them.

    Attributes:
        content: Tap -> weighted loss.
        style: Tap -> weighted loss.
        total_variation: Weighted loss.
        total: What the gradient is taken of; it counts the style ``Objective.style_counted`` times.
    """

    content: Mapping[str, float]
    style: Mapping[str, float]
    total_variation: float
    total: float

    @property
    def content_sum(self) -> float:
        """Sum of the content losses."""
        return sum(self.content.values())

    @property
    def style_sum(self) -> float:
        """Sum of the style losses."""
        return sum(self.style.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Losses at an image, and the gradient of their total with respect to it, (H, W, 3)."""

    losses: Losses
    gradient: Image


@dataclass(frozen=True, slots=True, kw_only=True)
class AdamState:
    """Adam's state after ``step`` updates, arrays of (H, W, 3).

    ``image`` is the variable itself, the normalised image, not the one in [0, 1].
    """

    step: int
    image: Image
    first_moment: Array
    second_moment: Array


@dataclass(frozen=True, slots=True)
class Device:
    """A device that a backend can use: ``cpu``, ``cuda:0``, ``mps``; and what it is."""

    name: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How it is computed, which changes speed, memory and rounding, and not what is computed.

    Every backend takes the defaults; one that can't do what is asked for says so in one line.

    Attributes:
        conv: The convolutions' algorithm: ``direct``; ``winograd`` (Lavin and Gray, "Fast
            Algorithms for Convolutional Neural Networks", 2016) wherever it can be had; or
            ``auto``, whichever is faster for each layer and size.
        precision: What float32 values may be rounded to before they are multiplied. ``float32``:
            nothing less. ``tf32`` and ``bf16``: that, in the convolutions; Gram matrices, losses
            and the image stay in float32. ``auto``: ``tf32`` on CUDA, ``float32`` elsewhere.
        checkpointing: Whether the backward pass computes parts of the forward pass again instead
            of keeping what it needs of them: slower, in less memory, with the same results.
    """

    conv: Conv = "auto"
    precision: Precision = "auto"
    checkpointing: bool = False


AUTOMATIC = Execution()
"""What suits the device."""


class Session(Protocol):
    """An image being optimised. The variable is the normalised image, as in the documents."""

    def features(self, *, image: Image) -> Mapping[str, Array]:
        """Return tap -> features (C, H, W) of ``image``, for every tap of the objective."""
        ...

    def evaluate(self, *, image: Image) -> Evaluation:
        """Return losses and gradient at ``image`` (H, W, 3); changes nothing in the session."""
        ...

    def step(self, *, learning_rate: float) -> None:
        """Take one Adam update; may return before it is done."""
        ...

    def losses(self) -> Losses:
        """Return the losses of the last step, taken before its update; waits for them.

        Raises:
            RuntimeError: before the first step.
        """
        ...

    def image(self) -> Image:
        """Return the image as it is now, (H, W, 3), not clipped; waits for it."""
        ...

    def style_targets(self) -> StyleTargets:
        """Return a copy of what the image is compared with of the styles.

        A session that is started with them computes the same, to the bit.
        """
        ...

    def state(self) -> AdamState:
        """Return the optimiser's state, a copy that later steps don't change; waits for it."""
        ...

    def restore(self, *, state: AdamState) -> None:
        """Go on from ``state``, as if its steps had been taken here."""
        ...


class Backend(Protocol):
    """A framework that can do the work."""

    @property
    def name(self) -> str:
        """The name that `--backend` takes."""
        ...

    @property
    def version(self) -> str:
        """The framework's version."""
        ...

    def devices(self) -> Sequence[Device]:
        """Return the devices that can be used now, the fastest kind first, `cpu` always there."""
        ...

    def start(
        self,
        problem: Problem,
        *,
        device: str,
        dtype: DType,
        execution: Execution = AUTOMATIC,
    ) -> Session:
        """Load the weights, compute the targets once, and return a session at ``problem.start``.

        Args:
            problem: The work.
            device: The name of one of ``devices()``.
            dtype: The type that everything is computed in.
            execution: How it is computed.

        Raises:
            BackendError: if the device is not there, or can't compute in ``dtype`` or so.
        """
        ...

    def pretrained(self) -> Mapping[str, Array]:
        """Return the VGG-19 weights of this framework's own model zoo as canonical arrays.

        Names and shapes are those of ``Problem.weights``; core checks them.

        Raises:
            WeightsError: if they can't be had, saying what failed and what works offline.
        """
        ...
