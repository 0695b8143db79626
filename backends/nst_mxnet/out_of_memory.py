"""MXNet's error messages for a lack of memory."""

from __future__ import annotations

from contextlib import suppress

from nst_core.system.memory import free_memory_note
from nst_mxnet._framework import mx

_CPU = ("Failed to allocate CPU Memory", "bad_alloc", "Resource temporarily unavailable")
"""For an array; for a small object (MXNet writes ``std: :bad_alloc``); for a thread of MXNet's."""

_GPU = "out of memory"


def out_of_memory_message(error: Exception) -> str | None:
    """Return how much was free; None if ``error`` is another error.

    MXNet does not say how much was asked for.
    """
    if not isinstance(error, mx.MXNetError):
        return None
    text = str(error)
    on_cpu = any(words in text for words in _CPU)
    if not on_cpu and not ("cudaMalloc" in text and _GPU in text):
        return None
    # The other queued operations fail as well. If nothing waited for them here, MXNet would report
    # them at exit, with a traceback.
    for _ in range(2):
        with suppress(mx.MXNetError):
            mx.npx.waitall()
    if on_cpu:
        return f"more was asked for than there is{free_memory_note()}"
    return "on the GPU more was asked for than it has"
