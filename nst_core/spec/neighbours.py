"""``Neighbours``: style losses of nearest neighbours, as a table of a spec."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from nst_core.backend import Matching, MatchingForm
from nst_core.spec.fields import SpecTable, TapWeights, Weight, without_defaults

Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Flag = Annotated[bool, Field(strict=True)]


class Neighbours(SpecTable):
    """Style losses of nearest neighbours, beside those of ``style``: see ``backend.Objective``.

    A match finds a target for each position of the query: content_share times the content picture,
    plus 1 - content_share times the image that is being optimised. The first match of the first
    stage takes the content picture alone.

    Attributes:
        weight: The weight of all of them, 0 or more.
        layers: The taps, each with a weight of its own; empty for no such losses.
        form: ``hypercolumn``, all taps together; or ``taps``, each tap by itself.
        content_share: The content's share in the query, from 0 to 1.
        every: After how many steps of a stage the targets are sought again; 0 for once per stage.
        samples: The most positions of the image along the longer side of a map; 0 for all. Their
            offset is drawn anew for each match, from ``start.seed``.
        style_samples: The same for each style picture.
        rotations: Whether each style picture also counts rotated by 90, 180 and 270 degrees.
        divisor: Pixels per position of a hypercolumn, along each side.
        centred_search: Whether each set of features is centred on its mean for the search.
        centred_loss: Whether it is for the loss; None for yes with ``taps`` and no with
            ``hypercolumn``.
    """

    weight: Weight = 1.0
    layers: TapWeights = ()
    form: MatchingForm = "hypercolumn"
    content_share: Annotated[float, Field(strict=True, ge=0, le=1)] = 0.75
    every: Count = 0
    samples: Count = 0
    style_samples: Count = 0
    rotations: Flag = False
    divisor: Annotated[int, Field(strict=True, ge=1, le=1024)] = 4
    centred_search: Flag = True
    centred_loss: Flag | None = None

    @model_serializer(mode="wrap")
    def _omit_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_defaults(self, dump(self), type(self).model_fields.keys())

    def effective(self) -> dict[str, float]:
        """Return tap -> the weight of its loss: the weight of all times the tap's own weight."""
        return {tap: self.weight * weight for tap, weight in self.layers}

    def matching(self) -> Matching:
        """Return how a backend seeks the targets."""
        centred = self.form == "taps" if self.centred_loss is None else self.centred_loss
        return Matching(
            form=self.form,
            divisor=self.divisor,
            centred_search=self.centred_search,
            centred_loss=centred,
            samples=self.samples,
            style_samples=self.style_samples,
            rotations=self.rotations,
        )
