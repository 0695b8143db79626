"""The stages of a spec, listed one by one or built as a pyramid."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from nst_core.errors import SpecError
from nst_core.spec.fields import SizeRule, SpecTable, describe, without_defaults
from nst_core.spec.sizes import Size

_MAX_STAGES = 50

# The tables of a spec that a stage may change.
_OBJECTIVE_TABLES = ("content", "style", "neighbours", "total_variation")
Overrides = dict[str, Any] | None


class ChangedObjective(SpecTable):
    """The tables of the objective that some stages change.

    Attributes:
        content: Values that replace those of the spec's table ``content``.
        style: Likewise for ``style``.
        neighbours: Likewise for ``neighbours``.
        total_variation: Likewise for ``total_variation``.
    """

    content: Overrides = None
    style: Overrides = None
    neighbours: Overrides = None
    total_variation: Overrides = None

    def objective(self) -> dict[str, dict[str, Any]]:
        """Return the tables that are changed: name -> its values."""
        return {name: getattr(self, name) for name in _OBJECTIVE_TABLES if getattr(self, name)}


class Stage(ChangedObjective):
    """A size, and the number of steps at this size.

    Attributes:
        size: The size rule of content and style pictures, see ``nst_core.spec.sizes``. A relative
            one is a share of the content's size; the styles get the same longest side.
        size_on_cpu: The size rule to use if the backend computes on a CPU; None for ``size``.
        steps: The number of steps, at least 1.
        through_8_bits: Whether the stage starts from the previous stage's picture with 8 bits per
            channel, the fractions cut off, as torchvision's ``ToPILImage`` does. Otherwise it
            starts from the previous image itself, neither clipped nor rounded.
    """

    size: SizeRule
    size_on_cpu: SizeRule | None = None
    steps: Annotated[int, Field(strict=True, ge=1)]
    through_8_bits: Annotated[bool, Field(strict=True)] = False

    @model_serializer(mode="wrap")
    def _omit_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_defaults(
            self, dump(self), {"size_on_cpu", "through_8_bits", *_OBJECTIVE_TABLES}
        )

    def without_objective(self) -> Stage:
        """Return this stage without changes of the objective."""
        return self.model_copy(update=dict.fromkeys(_OBJECTIVE_TABLES))


class FinalStage(ChangedObjective):
    """A last stage with an objective of its own, at the size that a pyramid ends with.

    Attributes:
        steps: The number of steps, at least 1.
        instead: Whether it takes the place of the pyramid's last stage. Otherwise it comes after.
    """

    steps: Annotated[int, Field(strict=True, ge=1)]
    instead: Annotated[bool, Field(strict=True)] = False

    @model_serializer(mode="wrap")
    def _omit_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_defaults(self, dump(self), {"instead", *_OBJECTIVE_TABLES})

    def after(self, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
        """Return the stages of a pyramid with this one at their end."""
        last = Stage(size=stages[-1].size, steps=self.steps, **self.objective())
        return (*stages[: len(stages) - self.instead], last)


class CoarseStages(ChangedObjective):
    """The small stages of a pyramid, with an objective of their own.

    These are the stages whose longest side is at most ``up_to`` pixels and at most ``share`` of the
    last stage's.

    Attributes:
        up_to: Pixels, at least 1.
        share: Above 0 and below 1, so that the last stage is not one of them.
        steps: The number of steps of each of them, at least 1; None for that of the pyramid.
    """

    up_to: Annotated[int, Field(strict=True, ge=1)]
    share: Annotated[float, Field(strict=True, gt=0, lt=1)] = 0.5
    steps: Annotated[int, Field(strict=True, ge=1)] | None = None

    @model_serializer(mode="wrap")
    def _omit_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_defaults(self, dump(self), {"share", "steps", *_OBJECTIVE_TABLES})

    def within(self, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
        """Return the stages of a pyramid, the small ones with this objective."""
        limit = min(self.up_to, self.share * _longest(stages[-1]))
        own: dict[str, Any] = self.objective()
        if self.steps is not None:
            own["steps"] = self.steps
        return tuple(
            stage.model_copy(update=own) if _longest(stage) <= limit else stage for stage in stages
        )


def _longest(stage: Stage) -> int:
    size = Size.parse(stage.size)
    return max(size.height, size.width)


class Pyramid(SpecTable):
    """Stages from small to large, with one factor between their sizes.

    Attributes:
        smallest: ``from`` in TOML: a side of the first stage, in pixels, at least 1. It is the
            side that ``to`` gives for the last stage; if ``to`` gives both sides, or is relative to
            the content's size, the longest. Where such a content is smaller than ``from``, there is
            one stage.
        to: The size rule of the last stage.
        factor: The factor from a stage's size to the next stage's, above 1. The real factor is
            the nearest one that gives a whole number of stages.
        steps: The number of steps of each stage, at least 1.
        first_steps: The number of steps of the first stage; None for ``steps``.
        coarse: An objective of the small stages alone; or None.
        final: A last stage with an objective of its own; or None.
    """

    smallest: Annotated[int, Field(strict=True, ge=1, alias="from")]
    to: SizeRule
    factor: Annotated[float, Field(strict=True, gt=1, allow_inf_nan=False)] = math.sqrt(2)
    steps: Annotated[int, Field(strict=True, ge=1)]
    first_steps: Annotated[int, Field(strict=True, ge=1)] | None = None
    coarse: CoarseStages | None = None
    final: FinalStage | None = None

    @model_validator(mode="after")
    def _rises(self) -> Pyramid:
        if self.is_relative:
            return self
        if self.smallest > self._largest():
            raise ValueError(f"from = {self.smallest} is larger than to = {self.to}")
        if math.log(self._largest() / self.smallest) > math.log(self.factor) * _MAX_STAGES:
            raise ValueError(f"factor = {self.factor:g} makes more than {_MAX_STAGES} stages")
        return self

    @model_serializer(mode="wrap")
    def _omit_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        table = without_defaults(self, dump(self), {"first_steps", "coarse", "final"})
        return {"from": table.pop("smallest", self.smallest), **table}

    @property
    def is_relative(self) -> bool:
        """Whether the stages depend on the content's size."""
        return Size.parse(self.to).kind == "relative"

    def for_content(self, *, height: int, width: int) -> Pyramid:
        """Return the pyramid for a content of this size, in pixels.

        Raises:
            SpecError: if it has too many stages.
        """
        if not self.is_relative:
            return self
        last = Size.parse(self.to).absolute(height=height, width=width)
        table = {**self.model_dump(mode="json"), "to": str(last)}
        table["from"] = min(self.smallest, last.height)
        try:
            return Pyramid.model_validate(table)
        except ValidationError as error:
            raise SpecError(f"pyramid.{describe(error)}") from None

    def stages(self) -> tuple[Stage, ...]:
        """Return the stages: exactly ``from`` and ``to`` at the ends, even factors between.

        If ``to`` is relative, the last stage stands for all of them: see ``for_content``.
        """
        stages = self._by_size()
        if self.coarse is not None and not self.is_relative:
            stages = self.coarse.within(stages)
        return stages if self.final is None else self.final.after(stages)

    def _by_size(self) -> tuple[Stage, ...]:
        if self.is_relative:
            return (Stage(size=self.to, steps=self.steps),)
        last = Size.parse(self.to)
        ratio = self.smallest / self._largest()
        count = max(1, round(-math.log(ratio) / math.log(self.factor))) if ratio < 1 else 0
        sizes = [last.scaled(ratio ** (1 - number / count)) for number in range(count)]
        return tuple(
            Stage(size=str(size), steps=self.steps if number else self.first_steps or self.steps)
            for number, size in enumerate([*sizes, last])
        )

    def _largest(self) -> int:
        size = Size.parse(self.to)
        return max(size.height, size.width)
