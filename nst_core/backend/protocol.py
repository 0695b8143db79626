"""The two Protocols that a backend implements, and the records that it returns.

A backend computes what frameworks are compared on: normalisation and layout, VGG-19 features,
Gram matrices, the content, style and total variation losses, their gradient, and Adam. Core does
the rest: decoding, resizing, the schedule, the stages, the files. Only NumPy arrays and frozen
records cross the seam. All parameters but ``problem``, the first of ``start``, are keyword-only, so
that a type checker catches a backend that renames one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from nst_core.arrays import Array, Image
from nst_core.backend.matching import Query
from nst_core.backend.problem import Problem, StyleTargets

DType = Literal["float32", "float64"]
Conv = Literal["auto", "direct", "winograd"]
Precision = Literal["auto", "float32", "tf32", "bf16"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """Weighted losses, as the documents report them.

    Attributes:
        content: Tap -> weighted loss.
        style: Name -> weighted loss. The names are the taps, except for hypercolumns: see
            ``Objective.style_losses``.
        total_variation: Weighted loss.
        total: The sum whose gradient is computed. The style losses count
            ``Objective.style_multiplicity`` times in it.
    """

    content: Mapping[str, float]
    style: Mapping[str, float]
    total_variation: float
    total: float

    @property
    def content_sum(self) -> float:
        """Sum of the content losses."""
        return sum(self.content.values(), 0.0)

    @property
    def style_sum(self) -> float:
        """Sum of the style losses."""
        return sum(self.style.values(), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Losses at an image, and the gradient of their total with respect to it, (H, W, 3)."""

    losses: Losses
    gradient: Image


@dataclass(frozen=True, slots=True, kw_only=True)
class AdamState:
    """Adam's state after ``step`` updates; the arrays have the shape of the variable.

    ``image`` is the variable: the normalised image (H, W, 3), and not the image in [0, 1]; or, if
    the problem has ``laplacian_levels``, the pyramid (N, 3) of ``LaplacianPyramid.apply``.
    """

    step: int
    image: Image
    first_moment: Array
    second_moment: Array


@dataclass(frozen=True, slots=True)
class Device:
    """A device that a backend can use: its name (``cpu``, ``cuda:0``, ``mps``) and what it is."""

    name: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How a step is computed. This changes speed, memory and rounding, but not the objective.

    Every backend accepts the defaults. A backend that can't do what is asked for raises a
    ``BackendError`` of one line.

    Attributes:
        conv: The algorithm of the convolutions: ``direct``; ``winograd`` (Lavin and Gray, "Fast
            Algorithms for Convolutional Neural Networks", 2016) where the backend has it; or
            ``auto``, the faster one for each layer and size.
        precision: The type that float32 values may be rounded to before they are multiplied.
            ``float32``: no rounding. ``tf32`` and ``bf16``: rounding in the convolutions; Gram
            matrices, losses and the image stay in float32. ``auto``: ``tf32`` on CUDA, ``float32``
            elsewhere; in a run, first what the preset says (``precision`` of its spec).
        checkpointing: Whether the backward pass computes parts of the forward pass again instead
            of storing their results. It is slower, takes less memory and gives the same results.
    """

    conv: Conv = "auto"
    precision: Precision = "auto"
    checkpointing: bool = False


AUTOMATIC = Execution()
"""The defaults, which suit every device."""


class Session(Protocol):
    """An image that is being optimised.

    The variable is the normalised image; or, if the problem has ``laplacian_levels``, the Laplacian
    pyramid whose sum is the normalised image: Adam has moments and takes steps in its levels.
    """

    def features(self, *, image: Image) -> Mapping[str, Array]:
        """Return tap -> features (C, H, W) of ``image``, for every tap of the objective."""
        ...

    def evaluate(self, *, image: Image) -> Evaluation:
        """Return losses and gradient at ``image`` (H, W, 3). The session does not change.

        Raises:
            RuntimeError: if there are ``neighbours`` and there were no ``query`` and no
                ``match`` yet. So does ``step``.
        """
        ...

    def match(self, *, query: Query) -> None:
        """Find the targets of nearest neighbours again. Image and optimiser do not change.

        The same query gives the same targets, bit for bit.

        Raises:
            BackendError: if the backend has no nearest neighbours.
            RuntimeError: if the problem has none.
        """
        ...

    def step(self, *, learning_rate: float) -> None:
        """Take one Adam update. The method may return before the update is finished."""
        ...

    def losses(self) -> Losses:
        """Return the losses of the last step, computed before its update; waits for the device.

        Raises:
            RuntimeError: before the first step.
        """
        ...

    def image(self) -> Image:
        """Return the current image, (H, W, 3), not clipped; waits for the device."""
        ...

    def style_targets(self) -> StyleTargets:
        """Return a copy of the style targets.

        A session that is started with these targets gives the same results, bit for bit.
        """
        ...

    def state(self) -> AdamState:
        """Return a copy of the optimiser's state; waits for the device."""
        ...

    def restore(self, *, state: AdamState) -> None:
        """Continue from ``state``, as if this session had taken its steps."""
        ...


class Backend(Protocol):
    """A framework that can compute the steps of a run.

    A backend's package assigns its backend as ``BACKEND: Backend = ...``, so that a type checker
    compares it with this Protocol.
    """

    @property
    def name(self) -> str:
        """The name that ``--backend`` accepts."""
        ...

    @property
    def version(self) -> str:
        """The framework's version."""
        ...

    def devices(self) -> Sequence[Device]:
        """Return the devices that can be used now, the fastest kind first. ``cpu`` is included."""
        ...

    def start(
        self,
        problem: Problem,
        *,
        device: str,
        dtype: DType,
        execution: Execution = AUTOMATIC,
    ) -> Session:
        """Load the weights, compute the targets and return a session at ``problem.start``.

        Args:
            problem: The problem of the stage.
            device: The name of one of ``devices()``.
            dtype: The type that everything is computed in.
            execution: How it is computed.

        Raises:
            BackendError: if there is no such device, or if it does not support ``dtype`` or
                ``execution``.
        """
        ...

    def pretrained(self) -> Mapping[str, Array]:
        """Return the VGG-19 weights of this framework's own model zoo as canonical arrays.

        Names and shapes are those of ``Problem.weights``. Core checks them.

        Raises:
            WeightsError: if the weights are not available. The message says what failed and which
                sources work offline.
        """
        ...
