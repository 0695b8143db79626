"""The optimisers that a spec may name, each with its own fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, SerializerFunctionWrapHandler, Tag, model_serializer

from nst_core.backend import Adam as AdamConstants
from nst_core.backend import EpsilonForm
from nst_core.spec.fields import Beta, Part, Positive, without_defaults


class Adam(Part):
    """Adam (Kingma and Ba, 2015), which every backend has: constants, and where epsilon stands.

    ``epsilon_form`` is ``paper`` for lr * m_hat / (sqrt(v_hat) + epsilon), which PyTorch computes,
    or ``mxnet`` for what MXNet's own Adam does: see ``nst_core.backend.Adam``.
    The defaults are those of the preset ``d2l``. With ``carry_state`` a stage goes on with the
    moments of the one before, resized as the image is, and with its count of steps, as in
    crowsonkb's style-transfer-pytorch; otherwise each stage's Adam begins anew.
    """

    name: Literal["adam"] = "adam"
    learning_rate: Positive = 0.3
    betas: tuple[Beta, Beta] = (0.9, 0.999)
    epsilon: Positive = 1e-8
    epsilon_form: EpsilonForm = "paper"
    carry_state: Annotated[bool, Field(strict=True)] = False

    @model_serializer(mode="wrap")
    def _plain(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without_defaults(self, dump(self), {"carry_state"})

    def constants(self) -> AdamConstants:
        """Return Adam's constants as backends take them."""
        beta1, beta2 = self.betas
        return AdamConstants(
            beta1=beta1, beta2=beta2, epsilon=self.epsilon, epsilon_form=self.epsilon_form
        )


class LBFGS(Part):
    """L-BFGS in core, over any backend's losses and gradients: see ``nst_core.optimisers``.

    Attributes:
        learning_rate: Of every step without a line search; with one, the first length tried.
        history: How many steps it remembers, each of which takes the memory of two images.
        line_search: ``none``, as is common for style transfer; ``backtracking``, which shortens a
            step that leads up, and so does not diverge; or ``strong_wolfe``, which doesn't either,
            and takes about two evaluations a step.
        loss_scale: What the loss is multiplied by inside, since L-BFGS has constants that are not
            relative to it. The losses reported are without it.
        smoothing: Exponent, 0 for none, of a change of variables that makes broad shapes as easy
            to move as single pixels, and a run shorter: see ``nst_core.optimisers.Smoothing``.
    """

    name: Literal["lbfgs"] = "lbfgs"
    learning_rate: Positive = 1.0
    history: Annotated[int, Field(strict=True, ge=1)] = 100
    line_search: Literal["none", "backtracking", "strong_wolfe"] = "none"
    loss_scale: Positive = 1.0
    smoothing: Annotated[float, Field(strict=True, ge=0, le=4)] = 0.0


def _named(value: object) -> str:
    if isinstance(value, Mapping):
        return str(value.get("name", "adam"))
    return str(getattr(value, "name", "adam"))


Optimiser: TypeAlias = Annotated[
    Annotated[Adam, Tag("adam")] | Annotated[LBFGS, Tag("lbfgs")], Discriminator(_named)
]
"""One of them, by its ``name``; Adam where there is none."""
