"""All that the loop is given: the work, and what keeps it from being lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import PIL.Image

from nst_core.backend import Backend, DType, Execution
from nst_core.checkpoint import Checkpoint
from nst_core.keeping import Keep
from nst_core.labels import Mask
from nst_core.observers import Plan
from nst_core.styles import StylePicture
from nst_core.targets import TargetCache
from nst_core.weights import Weights


class StageSize(NamedTuple):
    """(height, width) in pixels of the pictures of one stage."""

    content: tuple[int, int]
    styles: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """All that the loop needs; made by ``nst_core.run``."""

    plan: Plan
    sizes: Sequence[StageSize]
    backend: Backend
    weights: Weights
    dtype: DType
    execution: Execution
    content: PIL.Image.Image
    styles: Sequence[StylePicture]
    start: PIL.Image.Image | None
    content_mask: Mask | None = None
    targets: TargetCache = field(default_factory=TargetCache)


def never() -> bool:
    """Return False: nothing stops a run before its end."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Safety:
    """What keeps a run from being lost.

    Attributes:
        keep: Where its checkpoints go, if anywhere.
        resume: What it goes on from, if it doesn't begin.
        stop: Asked after every step whether to end there.
    """

    keep: Keep | None = None
    resume: Checkpoint | None = None
    stop: Callable[[], bool] = never


SAFE = Safety()
"""No checkpoints, and nothing to resume from."""
