"""MXNet's ways to say that the memory is not enough."""

from __future__ import annotations

from contextlib import suppress

from nst_core.system.memory import free_memory_note
from nst_mxnet._framework import mx

_CPU, _GPU = "Failed to allocate CPU Memory", "out of memory"


def lack(error: Exception) -> str | None:
    """Return what was asked for and what was there; None if ``error`` is no lack of memory.

    MXNet does not say how much it asked for.
    """
    if not isinstance(error, mx.MXNetError):
        return None
    text = str(error)
    if _CPU not in text and not ("cudaMalloc" in text and _GPU in text):
        return None
    # What else was queued fails as well, and would say so at exit, with a traceback.
    for _ in range(2):
        with suppress(mx.MXNetError):
            mx.npx.waitall()
    if _CPU in text:
        return f"more was asked for than there is{free_memory_note()}"
    return "on the GPU more was asked for than it has"
