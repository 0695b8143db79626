"""MXNet's error messages for a lack of memory."""

from __future__ import annotations

from contextlib import suppress

from nst_core.system.memory import free_memory_note
from nst_mxnet._framework import mx

_CPU, _GPU = "Failed to allocate CPU Memory", "out of memory"


def out_of_memory_message(error: Exception) -> str | None:
    """Return how much was free; None if ``error`` is another error.

    MXNet does not say how much was asked for.
    """
    if not isinstance(error, mx.MXNetError):
        return None
    text = str(error)
    if _CPU not in text and not ("cudaMalloc" in text and _GPU in text):
        return None
    # The other queued operations fail as well. If nothing waited for them here, MXNet would report
    # them at exit, with a traceback.
    for _ in range(2):
        with suppress(mx.MXNetError):
            mx.npx.waitall()
    if _CPU in text:
        return f"more was asked for than there is{free_memory_note()}"
    return "on the GPU more was asked for than it has"
