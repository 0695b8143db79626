"""What the optimiser moves: the ``[variables]`` table of a spec."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from nst_core.optimisers import PYRAMID_LEVELS
from nst_core.spec.fields import SpecTable, without_defaults


class Variables(SpecTable):
    """The variables that Adam or L-BFGS moves. The image is a linear function of them.

    A change of variables changes neither the objective nor which images can be reached. It changes
    the way to them, and with it what a limited number of steps reaches.

    Attributes:
        kind: ``pixels`` of the normalised image; or ``laplacian``, the levels of its Laplacian
            pyramid, of which the coarse ones move whole areas: see
            ``nst_core.optimisers.LaplacianPyramid``. L-BFGS has smoothed variables too, see
            ``LBFGS.smoothing``; they are not combined with a pyramid.
        levels: The number of levels in the last stage, besides the residual, from 1 to 16. It is
            limited by the size of the picture. A stage that is 2^k times smaller has k levels
            less, so that the residual has about the same size in all stages.
    """

    kind: Literal["pixels", "laplacian"] = "pixels"
    levels: Annotated[int, Field(strict=True, ge=1, le=16)] = PYRAMID_LEVELS

    @model_serializer(mode="wrap")
    def _omit_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_defaults(self, dump(self), {"levels"})

    def levels_at(self, halvings: int) -> int:
        """Return the number of levels in a stage; 0 for pixels.

        Args:
            halvings: How often the last stage's size is halved for the stage.
        """
        return max(0, self.levels - halvings) if self.kind == "laplacian" else 0
