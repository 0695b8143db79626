"""PyTorch's error messages for a lack of memory."""

from __future__ import annotations

import re

import torch

from nst_core.system.memory import free_memory_note

_CPU = re.compile(r"can't allocate memory: you tried to allocate (\d+) bytes")
_GPU = re.compile(r"[Tt]ried to allocate ([\d.]+ \w+)")
_GPU_FREE = re.compile(r"of which ([\d.]+ \w+) is free")


def out_of_memory_message(error: Exception) -> str | None:
    """Return how much was asked for and how much was free; None if ``error`` is another error."""
    text = str(error)
    if isinstance(error, torch.OutOfMemoryError) or "MPS backend out of memory" in text:
        asked, free = _GPU.search(text), _GPU_FREE.search(text)
        more = f"a further {asked[1]} were asked for" if asked else "more was asked for than it has"
        return f"on the GPU {more}" + (f" ({free[1]} are free)" if free else "")
    if isinstance(error, RuntimeError) and (found := _CPU.search(text)):
        return f"a further {int(found[1]) / 1e6:.0f} MB were asked for{free_memory_note()}"
    if isinstance(error, RuntimeError) and text.startswith("std::bad_alloc"):
        return f"more was asked for than there is{free_memory_note()}"
    return None
