"""Main memory: how much this process uses, how much it has used, how much is left for it.

psutil gives the process's and the machine's figures on every system. What it leaves out is our own
code: the limits of control groups (containers) and of the process's address space (``ulimit -v``),
and on Linux the peak.

psutil is imported at the start (0.04 s; ``nst --help`` does not import this module), and not where
it is called: these functions complete messages about memory that is not enough, and an import may
fail when no memory is left.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from nst_core.system import control_groups

_PROC_STATUS = Path("/proc/self/status")


def peak_mb() -> float | None:
    """Return the largest resident set that this process has had, in 10^6 bytes; None if unknown."""
    # VmHWM, not ru_maxrss: Linux keeps ru_maxrss across exec, so a program that was just started
    # may report the peak of its parent.
    if (peak := _status_bytes("VmHWM")) is not None:
        return peak / 1e6
    try:
        import resource  # noqa: PLC0415  # does not exist on Windows
    except ImportError:
        return _peak_working_set_mb()
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def rss_mb() -> float | None:
    """Return the resident set of this process now, in 10^6 bytes; None if it is unknown."""
    info = _memory_info()
    return None if info is None else info.rss / 1e6


def available_mb() -> float | None:
    """Return how much more main memory this process can take, in 10^6 bytes; None if unknown.

    The least of three figures, as far as each is known:

    - what the system can give without swapping;
    - what the limits of the process's control groups leave, e.g. those of a container;
    - what the limit of the process's address space leaves (``ulimit -v``).
    """
    known = [
        free
        for free in (_system_memory_left(), _address_space_left(), *_cgroup_memory_left())
        if free is not None
    ]
    return min(known) / 1e6 if known else None


def address_space_left_mb() -> float | None:
    """Return what a limit of address space leaves, in 10^6 bytes; None if there is none."""
    left = _address_space_left()
    return None if left is None else left / 1e6


def trim_heap() -> None:
    """Give freed memory back to the system, if the C library is glibc; takes milliseconds.

    glibc keeps freed arrays of up to 32 MB for later allocations, which may not fit into them. This
    is about 90 MB after the weights are read, and also happens with MXNet's features of the
    targets.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # musl has no malloc_trim
            ctypes.CDLL(None).malloc_trim(0)


def memory_error_message(error: Exception) -> str:
    """Return a ``MemoryError`` of Python, NumPy or Pillow as half a sentence for a message."""
    text = " ".join(str(error).split()) or "more was asked for than there is"
    return f"the memory is not enough: {text}{free_memory_note()}"


def free_memory_note() -> str:
    """Return how much main memory is left, in brackets, to append to a message; "" if unknown."""
    free = available_mb()
    return "" if free is None else f" ({free:.0f} MB are free)"


def _peak_working_set_mb() -> float | None:
    """Return the peak of the working set, which psutil knows on Windows only, in 10^6 bytes."""
    peak = getattr(_memory_info(), "peak_wset", None)
    return None if peak is None else peak / 1e6


def _memory_info() -> Any:
    """Return psutil's record of this process's memory, in bytes; None if it can't be had."""
    try:
        return psutil.Process().memory_info()
    except (psutil.Error, OSError):
        return None


def _system_memory_left() -> int | None:
    """Return how many bytes the system can give without swapping: ``MemAvailable`` on Linux."""
    try:
        return psutil.virtual_memory().available
    except (psutil.Error, OSError):
        return None


def _address_space_left() -> int | None:
    """Return how many bytes the limit of this process's address space leaves; None if no limit."""
    try:
        import resource  # noqa: PLC0415  # does not exist on Windows
    except ImportError:
        return None
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    used = _status_bytes("VmSize")
    if limit == resource.RLIM_INFINITY or used is None:
        return None
    return max(0, limit - used)


def _cgroup_memory_left() -> list[int]:
    """Return how many bytes each memory limit of this process's control groups leaves.

    A group without a limit gives nothing.
    """
    files = {
        1: ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        2: ("memory.max", "memory.current"),
    }
    left = []
    for version, directory in control_groups.of_controller("memory"):
        left += _memory_left_in(directory, *files[version])
    return left


def _memory_left_in(group: Path, limit: str, usage: str) -> list[int]:
    """Return the bytes that one group's limit leaves, in a list that is empty without a limit."""
    with suppress(OSError, ValueError):
        most = int((group / limit).read_text(encoding="ascii"))  # "max" means no limit
        used = int((group / usage).read_text(encoding="ascii"))
        return [max(0, most - used + _reclaimable_cache(group))]
    return []


def _reclaimable_cache(group: Path) -> int:
    """Return the bytes of cached files that count as used, but that the kernel frees if needed."""
    with suppress(OSError, ValueError):
        words = (group / "memory.stat").read_text(encoding="ascii").split()
        return int(dict(zip(words[::2], words[1::2], strict=True)).get("inactive_file", 0))
    return 0


def _status_bytes(name: str) -> int | None:
    """Return a field of /proc/self/status, such as ``VmHWM: 1234 kB``, in bytes; None elsewhere."""
    with suppress(OSError, ValueError, IndexError):
        text = _PROC_STATUS.read_text(encoding="ascii", errors="replace")
        return int(text.partition(f"{name}:")[2].split()[0]) * 1024
    return None
