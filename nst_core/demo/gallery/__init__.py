"""Pictures of nst's own making, rendered by code: contents and styles of different kinds.

``nst_core.demo.gallery.render`` made the files, so no one else has rights to them.

The contents are a harbour, a still life and a bird; the styles a line drawing, cut paper, thick
paint, an ink wash and a mosaic.
"""

from pathlib import Path

CONTENTS = ("harbour", "robin", "still-life")
"""The names of the contents."""

STYLES = ("cut-paper", "engraving", "impasto", "ink-wash", "mosaic")
"""The names of the styles."""

_DIRECTORY = Path(__file__).parent


def path(name: str) -> Path:
    """Return the path of a shipped picture, a JPEG of 768x512 pixels.

    Args:
        name: One of ``CONTENTS`` or ``STYLES``.
    """
    return _DIRECTORY / f"{name}.jpg"
