"""``strength``: one number for how much of the style a picture takes.

At 0 the content is kept, at 1 the style is taken, and at 0.5 the preset is as it was tuned. The
weights of the content losses are multiplied by 2 (1 - strength), those of the style losses and of
total variation by 2 strength. So the ratio of style to content changes by the odds
strength / (1 - strength), and their sum hardly does.

Where nearest neighbours are sought, the odds of the content's share in the query are divided by the
same odds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

UNCHANGED = 0.5

Strength = Annotated[float, Field(strict=True, ge=0, le=1)]

_OF_NST_ITSELF = "nst's own"
"""How the source of a preset of nst itself begins: see ``nst_core.spec.presets``."""


def scaled(weights: Mapping[str, float], factor: float) -> dict[str, float]:
    """Return tap -> weight with all weights multiplied by a factor."""
    return {tap: weight * factor for tap, weight in weights.items()}


def content_factor(strength: float) -> float:
    """Return the factor of the content losses' weights."""
    return 2 * (1 - strength)


def style_factor(strength: float) -> float:
    """Return the factor of the weights of the style losses and of total variation."""
    return 2 * strength


def query_share(share: float, strength: float) -> float:
    """Return the content's share in a query, from 0 to 1.

    Args:
        share: The share at a strength of 0.5, from 0 to 1.
        strength: The strength.
    """
    content, style = share * content_factor(strength), (1 - share) * style_factor(strength)
    return content / (content + style) if content + style else share


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
