"""``Observer``: is told of the steps of a run. ``History`` is the observer that records losses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from typing_extensions import override

from nst_core.arrays import Image
from nst_core.backend import Device, Losses
from nst_core.images import EncodeOptions
from nst_core.spec import Spec


class Optimisation(Protocol):
    """An image that is being optimised, as observers see it."""

    def losses(self) -> Losses:
        """Return the losses of the last step, computed before its update.

        Raises:
            RuntimeError: before the first step.
        """
        ...

    def image(self) -> Image:
        """Return the current image, (H, W, 3), not clipped."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is going to do. Observers receive it before the first step.

    Attributes:
        spec: The algorithm, with the sizes for this device and the stages that are computed.
        sizes: (height, width) of each stage, in pixels.
        backend: The backend's name and version, e.g. ``pytorch 2.15.0``.
        device: The device that it computes on.
        weights: The source of the VGG-19 weights, as the user gave it.
        weights_checksum: ``Weights.checksum`` of the loaded weights.
        recipe: The recipe that is written into the picture, as TOML.
        finish: What else is written into the picture's file.
        warnings: What was found or decided and may surprise: a file that lacks its end, values
            whose range was assumed, stages that were left out, parts of a mask that are no regions,
            grey pictures. One line each. Commands print them; ``transfer`` issues each as an
            ``NstWarning``.
    """

    spec: Spec
    sizes: tuple[tuple[int, int], ...]
    backend: str
    device: Device
    weights: str
    weights_checksum: str
    recipe: str
    finish: EncodeOptions = field(default_factory=EncodeOptions)
    warnings: tuple[str, ...] = ()

    @property
    def steps(self) -> int:
        """The number of steps of all stages together."""
        return sum(stage.steps for stage in self.spec.stages)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One finished step.

    Attributes:
        stage: The number of the stage, counted from 1.
        step: The number of the step within the stage, counted from 1.
        stage_steps: The number of steps of the stage.
        global_step: The number of the step within the run, counted from 1.
        learning_rate: The learning rate of this step.
        clock: Returns the seconds since the first stage began.
        optimisation: Returns losses and image.
    """

    stage: int
    step: int
    stage_steps: int
    global_step: int
    learning_rate: float
    clock: Callable[[], float] = field(repr=False)
    optimisation: Optimisation = field(repr=False)

    @cached_property
    def losses(self) -> Losses:
        """The losses before this step's update. Reading them waits for the device."""
        return self.optimisation.losses()

    @cached_property
    def image(self) -> Image:
        """The image after this step, (H, W, 3), not clipped. Reading it waits for the device."""
        return self.optimisation.image()

    @cached_property
    def seconds(self) -> float:
        """Wall-clock seconds from the start of the first stage to the first reading of this.

        They include the set-up of later stages.
        """
        return self.clock()

    @property
    def last(self) -> bool:
        """Whether this is the last step of the stage."""
        return self.step == self.stage_steps


class Observer:
    """Base class of observers of a run. A subclass overrides the methods that it needs.

    An exception that an observer raises ends the run.
    """

    def started(self, plan: Plan) -> None:
        """Called once, before the first step."""

    def noticed(self, text: str) -> None:
        """Called with what a backend says before work of seconds, such as that it compiles."""

    def stepped(self, step: Step) -> None:
        """Called after every step. The properties of ``step`` are valid only during the call."""

    def closed(self) -> None:
        """Called once at the end, also after Ctrl-C or an error, even before ``started``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a history.

    Attributes:
        step: The number of the step within the stage, counted from 1.
        stage: The number of the stage, counted from 1.
        content: The sum of the weighted content losses before the update.
        style: The sum of the weighted style losses before the update.
        tv: The weighted total variation loss before the update.
        total: The loss that is minimised, before the update.
        learning_rate: The learning rate of the step.
        seconds: Wall-clock seconds since the first stage began.
    """

    step: int
    stage: int
    content: float
    style: float
    tv: float
    total: float
    learning_rate: float
    seconds: float


class History(Observer):
    """Records a row for the first, the last and every ``every``-th step of each stage.

    Args:
        every: Steps between two rows, at least 1.

    Attributes:
        rows: The rows so far.
    """

    def __init__(self, *, every: int) -> None:
        self.every = every
        self.rows: list[Row] = []

    def wants(self, step: Step) -> bool:
        """Whether ``step`` gets a row."""
        return step.step == 1 or step.last or step.step % self.every == 0

    @override
    def stepped(self, step: Step) -> None:
        if self.wants(step):
            losses = step.losses
            self.rows.append(
                Row(
                    step=step.step,
                    stage=step.stage,
                    content=losses.content_sum,
                    style=losses.style_sum,
                    tv=losses.total_variation,
                    total=losses.total,
                    learning_rate=step.learning_rate,
                    seconds=step.seconds,
                )
            )
