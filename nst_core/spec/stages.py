"""The stages that a spec lists one by one, or builds as a pyramid."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from nst_core.spec.fields import Part, SizeRule, without_defaults
from nst_core.spec.sizes import Size

_MOST_STAGES = 50


class Stage(Part):
    """One size and how many steps are taken at it.

    Attributes:
        size: Of content and style picture, see ``nst_core.spec.sizes``.
        size_on_cpu: What is used instead where the backend computes on a CPU.
        steps: How many.
        through_8_bits: Whether the stage starts from the picture of the one before as a file
            would hold it, with 8 bits per channel and the fractions cut off, as torchvision's
            ``ToPILImage`` does; otherwise from the image itself, neither clipped nor rounded.
    """

    size: SizeRule
    size_on_cpu: SizeRule | None = None
    steps: Annotated[int, Field(strict=True, ge=1)]
    through_8_bits: Annotated[bool, Field(strict=True)] = False

    @model_serializer(mode="wrap")
    def _plain(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_defaults(self, dump(self), {"size_on_cpu", "through_8_bits"})


class Pyramid(Part):
    """Stages from small to large, their sizes in steps of one factor.

    Attributes:
        smallest: ``from`` in TOML: the side of the first stage that ``to`` gives for the last, in
            pixels; the longest one where ``to`` gives both.
        to: Size of the last stage.
        factor: From a stage's size to the next one's, as near as whole stages come to it.
        steps: Of each stage.
        first_steps: Of the first; as of the others, if None.
    """

    smallest: Annotated[int, Field(strict=True, ge=1, alias="from")]
    to: SizeRule
    factor: Annotated[float, Field(strict=True, gt=1, allow_inf_nan=False)] = math.sqrt(2)
    steps: Annotated[int, Field(strict=True, ge=1)]
    first_steps: Annotated[int, Field(strict=True, ge=1)] | None = None

    @model_validator(mode="after")
    def _rises(self) -> Pyramid:
        if self.smallest > self._largest():
            raise ValueError(f"from = {self.smallest} is larger than to = {self.to}")
        if math.log(self._largest() / self.smallest) > math.log(self.factor) * _MOST_STAGES:
            raise ValueError(f"factor = {self.factor:g} makes more than {_MOST_STAGES} stages")
        return self

    @model_serializer(mode="wrap")
    def _plain(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        table = without_defaults(self, dump(self), {"first_steps"})
        return {"from": table.pop("smallest", self.smallest), **table}

    def stages(self) -> tuple[Stage, ...]:
        """Return the stages: of ``from`` and ``to`` exactly, and evenly between them."""
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
