"""JAX's error messages for a lack of memory."""

from __future__ import annotations

import re

from nst_core.system.memory import free_memory_note

_ASKED = re.compile(r"allocat\w* (\d+) bytes")


def out_of_memory_message(error: Exception) -> str | None:
    """Return how much was asked for and how much was free; None if ``error`` is another error."""
    text = str(error)
    if not isinstance(error, RuntimeError):
        return None
    if "RESOURCE_EXHAUSTED" not in text and "Out of memory" not in text:
        return None
    asked = _ASKED.search(text)
    more = (
        f"a further {int(asked[1]) / 1e6:.0f} MB were asked for"
        if asked
        else "more was asked for than there is"
    )
    on_gpu = "GPU" in text or "CUDA" in text
    return f"on the GPU {more}" if on_gpu else f"{more}{free_memory_note()}"
