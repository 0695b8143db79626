"""The optimisers that a spec may name, with their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, SerializerFunctionWrapHandler, Tag, model_serializer

from nst_core.backend import Adam as AdamConstants
from nst_core.backend import EpsilonForm
from nst_core.spec.fields import Beta, Positive, SpecTable, without_defaults


class Adam(SpecTable):
    """Adam (Kingma and Ba, 2015), which every backend implements.

    The defaults are those of the preset ``d2l``.

    Attributes:
        learning_rate: Above 0; the schedule multiplies it.
        betas: Decay of the first and the second moment, each at least 0 and below 1.
        epsilon: Above 0.
        epsilon_form: The place of epsilon in the update. ``paper`` is
            lr * m_hat / (sqrt(v_hat) + epsilon), as in PyTorch; ``mxnet`` is the update of MXNet's
            own Adam. See ``nst_core.backend.Adam``.
        carry_state: Whether a stage continues with the moments of the stage before, resized like
            the image, and with its count of steps, as in crowsonkb's style-transfer-pytorch.
            Otherwise each stage starts a new Adam.
    """

    name: Literal["adam"] = "adam"
    learning_rate: Positive = 0.3
    betas: tuple[Beta, Beta] = (0.9, 0.999)
    epsilon: Positive = 1e-8
    epsilon_form: EpsilonForm = "paper"
    carry_state: Annotated[bool, Field(strict=True)] = False

    @model_serializer(mode="wrap")
    def _omit_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_defaults(self, dump(self), {"carry_state"})

    def constants(self) -> AdamConstants:
        """Return Adam's constants as a backend's ``Problem`` holds them."""
        beta1, beta2 = self.betas
        return AdamConstants(
            beta1=beta1, beta2=beta2, epsilon=self.epsilon, epsilon_form=self.epsilon_form
        )


class LBFGS(SpecTable):
    """L-BFGS, computed in core from any backend's losses and gradients.

    See ``nst_core.optimisers``.

    Attributes:
        learning_rate: The length of every step without a line search; with a line search, the
            first length that is tried. Above 0.
        history: How many steps are stored, at least 1. Each step takes the memory of two images.
        line_search: ``none``, as is common for style transfer; ``backtracking``, which shortens a
            step that raises the loss and so does not diverge; or ``strong_wolfe``, which does not
            diverge either and takes about two evaluations per step.
        loss_scale: The loss is multiplied by this inside the optimiser, because L-BFGS has
            constants that are not relative to the loss. Reported losses do not include it.
        smoothing: The exponent, from 0 to 4, of a change of variables that lets the optimiser move
            broad shapes as easily as single pixels and so needs fewer steps. 0 for none. See
            ``nst_core.optimisers.Smoothing``.
    """

    name: Literal["lbfgs"] = "lbfgs"
    learning_rate: Positive = 1.0
    history: Annotated[int, Field(strict=True, ge=1)] = 100
    line_search: Literal["none", "backtracking", "strong_wolfe"] = "none"
    loss_scale: Positive = 1.0
    smoothing: Annotated[float, Field(strict=True, ge=0, le=4)] = 0.0


def _optimiser_name(value: object) -> str:
    if isinstance(value, Mapping):
        return str(value.get("name", "adam"))
    return str(getattr(value, "name", "adam"))


Optimiser: TypeAlias = Annotated[
    Annotated[Adam, Tag("adam")] | Annotated[LBFGS, Tag("lbfgs")], Discriminator(_optimiser_name)
]
"""Adam or L-BFGS, chosen by ``name``; Adam if there is no ``name``."""
