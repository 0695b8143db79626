"""What this processor can compute."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch

_BF16 = frozenset({"avx512_bf16", "amx_bf16"})
"""The names of the instruction sets that multiply bfloat16, in PyTorch and in Linux."""
_CPUINFO = Path("/proc/cpuinfo")


@cache
def multiplies_bf16() -> bool:
    """Return whether there are instructions that multiply bfloat16.

    Without them PyTorch computes bfloat16 too, but slower than float32.
    """
    return not _BF16.isdisjoint(_instruction_sets())


def _instruction_sets() -> set[str]:
    if hasattr(torch.cpu, "get_capabilities"):  # newer than the oldest PyTorch that nst accepts
        return {name for name, present in torch.cpu.get_capabilities().items() if present is True}
    try:
        lines = _CPUINFO.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return set()  # not Linux
    return set(next((line for line in lines if line.startswith("flags")), "").split())
