"""The pictures and weights that all variants get."""

from __future__ import annotations

from pathlib import Path

from nst_core import demo, images, weights
from nst_core.spec.sizes import Size
from variants import Pictures


def load_pictures(size: str, *, content: Path | None = None, style: Path | None = None) -> Pictures:
    """Return two pictures and the bundled weights.

    Args:
        size: A size as of ``nst run``. Both pictures get the size that it gives the content.
        content: The content picture; None for the demo's.
        style: The style picture; None for the demo's.
    """
    opened = images.read(content or demo.landscape())
    height, width = Size.parse(size).resolve(height=opened.height, width=opened.width)
    return Pictures(
        content=images.resize_picture(opened, height=height, width=width),
        style=images.resize_picture(
            images.read(style or demo.painting()), height=height, width=width
        ),
        weights=weights.load("bundled"),
    )
