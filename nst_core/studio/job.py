"""What the studio and its worker say to each other: one JSON object per line, both ways.

To the worker:

    {"do": "warm", "backend": "pytorch", "weights": "bundled"}
    {"do": "estimate", "id": "...", "spec": {}, "run": {}}
    {"do": "paint", "job": {}}
    {"do": "stop"}              stop the painting after this step, and keep it
    {"do": "full"}              write the whole picture at the next step

The worker's events have the key ``event``; see ``Worker`` and ``recorder``. The worker ends when
its input ends: it stops the painting first, so a studio that dies loses nothing.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from nst_core.images import MAX_PIXELS
from nst_core.studio.records import Id


class PaintJob(BaseModel):
    """A painting for the worker.

    Attributes:
        id: The painting.
        spec: As ``Spec.to_table`` returns it.
        run: The ``[run]`` table.
        directory: The painting's directory.
        resume: Whether to go on from ``checkpoint.nst`` there.
        max_pixels: Pictures of more pixels are refused.
        command: What the recipe names as the command.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Id
    spec: dict[str, Any]
    run: dict[str, Any]
    directory: str
    resume: bool = False
    max_pixels: int = MAX_PIXELS
    command: str = "nst studio"


CHECKPOINT = "checkpoint.nst"
PICTURE = "painting.png"
MASTER = "painting.tif"
THUMB = "thumb.jpg"
LIVE = "live.jpg"
FULL = "full.png"
SNAPSHOTS = "snapshots"
IMAGE = "image.npy"
HISTORY = "history.json"
"""The names of the files in a painting's directory."""
