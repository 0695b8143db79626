"""The import of PyTorch: threads that wait without spinning, and only as many as there are cores.

This module is imported before all others of the package. If the program has imported PyTorch
before, its threads stay as they are.

After each operation that PyTorch has split, its threads (OpenMP) spin for milliseconds. If other
processes want the cores, the thread that has work to do waits for the one that spins: a step of a
small picture takes up to 30 times as long. Threads that sleep instead cost a step of a small
picture a tenth, and a larger one nothing: there nst's own threads compute (``thread_pool``).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from nst_core.system import cores, threads

_WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
"""Variables by which a user chooses how OpenMP's threads wait. They are read once, at import."""


@contextmanager
def _sleeping_threads() -> Iterator[None]:
    """Let OpenMP's threads sleep while they wait, unless the user has chosen otherwise."""
    if any(name in os.environ for name in _WAITING):
        yield
        return
    os.environ["OMP_WAIT_POLICY"] = "passive"
    try:
        yield
    finally:
        del os.environ["OMP_WAIT_POLICY"]


def import_torch() -> None:
    """Import PyTorch with such threads, unless it is imported already."""
    if "torch" in sys.modules:
        return
    with _sleeping_threads():
        torch = import_module("torch")
    # PyTorch knows the affinity, but no quota.
    if not any(os.environ.get(name) for name in threads.VARIABLES):
        torch.set_num_threads(min(torch.get_num_threads(), cores.share()))


import_torch()
