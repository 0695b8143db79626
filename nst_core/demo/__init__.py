"""The two pictures that ship with nst: a landscape to paint and a painting to paint it after.

Both are renderings of ``python -m nst_core.demo.render``, so they belong to the project alone.
"""

from pathlib import Path

_DIRECTORY = Path(__file__).parent


def landscape() -> Path:
    """Return the path of the shipped content picture."""
    return _DIRECTORY / "landscape.jpg"


def painting() -> Path:
    """Return the path of the shipped style picture."""
    return _DIRECTORY / "painting.jpg"
