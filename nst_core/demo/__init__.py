"""The two pictures that ship with nst: a landscape to paint and a painting to paint it after.

Both are renderings of ``python -m nst_core.demo.render``, so they belong to the project alone.
"""

from pathlib import Path

_ROOM = Path(__file__).parent


def landscape() -> Path:
    """Return the path of the shipped content picture."""
    return _ROOM / "landscape.jpg"


def painting() -> Path:
    """Return the path of the shipped style picture."""
    return _ROOM / "painting.jpg"
