"""The two pictures that ship with nst: a landscape (content) and a painting (style).

Both were rendered by ``python -m nst_core.demo.render``, so no one else has rights to them.
"""

from pathlib import Path

_DIRECTORY = Path(__file__).parent


def landscape() -> Path:
    """Return the path of the shipped content picture."""
    return _DIRECTORY / "landscape.jpg"


def painting() -> Path:
    """Return the path of the shipped style picture."""
    return _DIRECTORY / "painting.jpg"
