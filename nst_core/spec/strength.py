"""``strength``: one number for how much of the style a picture takes.

At 0 the content is kept, at 1 the style is taken, and at 0.5 the preset is as it was tuned.

- The weights of the content losses are multiplied by 2 (1 - strength), those of the style losses,
  of nearest neighbours and of total variation by 2 strength. So the ratio of style to content
  changes by the odds strength / (1 - strength).
- The odds of the content's share in the query of nearest neighbours are divided by the same odds.
- Below 0.5, each stage starts from a mixture with the content, whose share is 1 - 2 strength, and a
  stage without content losses gets those of the spec, times that share. Otherwise a preset whose
  small stages have only style losses would keep nothing of the content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

if TYPE_CHECKING:
    from nst_core.spec.spec import FeatureLosses, Spec

UNCHANGED = 0.5

Strength = Annotated[float, Field(strict=True, ge=0, le=1)]

_OF_NST_ITSELF = "nst's own"
"""How the source of a preset of nst itself begins: see ``nst_core.spec.presets``."""


def strengthened(spec: Spec, *, content: FeatureLosses) -> Spec:
    """Return a spec of strength 0.5 whose tables have what its strength does.

    Args:
        spec: The spec, of one stage alone.
        content: The content losses of stages that have no objective of their own.
    """
    strength = spec.strength
    if strength == UNCHANGED:
        return spec
    less, more = 2 * (1 - strength), 2 * strength
    own, kept = spec.content, 1.0
    if not own.layers:
        own, kept = content, content_share(strength)
    share = spec.neighbours.content_share
    tables: dict[str, Any] = {
        "style": spec.style.model_copy(update={"weight": spec.style.weight * more}),
        "neighbours": spec.neighbours.model_copy(
            update={
                "weight": spec.neighbours.weight * more,
                "content_share": query_share(share, strength),
            }
        ),
        "total_variation": spec.total_variation.model_copy(
            update={"weight": spec.total_variation.weight * more}
        ),
    }
    if kept:
        tables["content"] = own.model_copy(update={"weight": own.weight * less * kept})
    return spec.model_copy(update={**tables, "strength": UNCHANGED})


def content_share(strength: float) -> float:
    """Return the content's share in the image that each stage starts from: 0 from 0.5 on."""
    return max(0.0, 1 - 2 * strength)


def query_share(share: float, strength: float) -> float:
    """Return the content's share in a query, from 0 to 1.

    Args:
        share: The share at a strength of 0.5, from 0 to 1.
        strength: The strength.
    """
    content, image = share * (1 - strength), (1 - share) * strength
    return content / (content + image) if content + image > 0 else share


def check_strength(strength: float, *, name: str, source: str) -> None:
    """Check that a spec may have a strength: one of a document has the document's weights.

    Args:
        strength: The strength.
        name: The spec's name.
        source: Where the spec's algorithm is published; empty if it is not.

    Raises:
        ValueError: one line.
    """
    if strength != UNCHANGED and source and not source.startswith(_OF_NST_ITSELF):
        raise ValueError(
            f"strength = {strength:g}: {name} follows a document, whose weights are its own; "
            "change style.weight or content.weight, or take a preset of nst itself, as best"
        )
