"""Main memory: what this process has held, and what it may still take."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")


def peak_mb() -> float | None:
    """Return the most main memory that this process has held, in 10^6 bytes, if it can be told."""
    # Linux hands ru_maxrss down to a new program, so there it may be the parent's peak.
    if (peak := _field(Path("/proc/self/status"), "VmHWM")) is not None:
        return peak / 1e6
    try:
        import resource  # noqa: PLC0415  # Windows has none
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def rss_mb() -> float | None:
    """Return the main memory that this process holds now, in 10^6 bytes, if it can be told."""
    held = _field(Path("/proc/self/status"), "VmRSS")
    return None if held is None else held / 1e6


def available_mb() -> float | None:
    """Return how much more main memory this process may take, in 10^6 bytes, if it can be told.

    What the kernel says is available without swapping, or less where a control group, as of a
    container, has a limit, or this process itself (``ulimit -v``).
    """
    known = [
        free
        for free in (
            _field(Path("/proc/meminfo"), "MemAvailable"),
            _address_space_left(),
            *_cgroup_memory_left(),
        )
        if free is not None
    ]
    return min(known) / 1e6 if known else None


def address_space_left_mb() -> float | None:
    """Return what a limit of address space (``ulimit -v``) leaves, in 10^6 bytes; None: no limit."""
    left = _address_space_left()
    return None if left is None else left / 1e6


def trim_heap() -> None:
    """Hand memory that was freed back to the system, where the C library can be told to (glibc).

    It keeps freed arrays of up to 32 MB for allocations to come, which they may not fit: some 90 MB
    after the weights are read, and MXNet's features of the targets. Takes milliseconds.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # musl has no malloc_trim
            ctypes.CDLL(None).malloc_trim(0)


def memory_error_message(error: Exception) -> str:
    """Return a ``MemoryError`` of Python, NumPy or Pillow as half a sentence."""
    text = " ".join(str(error).split()) or "more was asked for than there is"
    return f"the memory is not enough: {text}{free_memory_note()}"


def free_memory_note() -> str:
    """Return what main memory is left, for a message; empty where it can't be told."""
    free = available_mb()
    return "" if free is None else f" ({free:.0f} MB are free)"


def _address_space_left() -> int | None:
    """Return what the limit of this process's own address space leaves, in bytes."""
    try:
        import resource  # noqa: PLC0415  # Windows has none
    except ImportError:
        return None
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    taken = _field(Path("/proc/self/status"), "VmSize")
    if limit == resource.RLIM_INFINITY or taken is None:
        return None
    return max(0, limit - taken)


def _cgroup_memory_left() -> list[int]:
    """Return what the limits of this process's control groups leave, in bytes."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return []
    left = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            names, root = ("memory.max", "memory.current"), _CGROUPS
        elif "memory" in controllers.split(","):
            names, root = ("memory.limit_in_bytes", "memory.usage_in_bytes"), _CGROUPS / "memory"
        else:
            continue
        group = root / path.lstrip("/")
        # Each group is bound by its own limit and by those above; in a container, which sees its
        # own group as the root, the path may not be there.
        for place in (group, *group.parents):
            if place.is_relative_to(root):
                left += _left_in_group(place, *names)
    return left


def _left_in_group(group: Path, limit: str, usage: str) -> list[int]:
    with suppress(OSError, ValueError):
        most = int((group / limit).read_text(encoding="ascii"))  # "max" is no number: no limit
        taken = int((group / usage).read_text(encoding="ascii"))
        return [max(0, most - taken + _reclaimable(group))]
    return []


def _reclaimable(group: Path) -> int:
    """Return how many bytes of files a group has cached, which count as used, and give way."""
    with suppress(OSError, ValueError):
        words = (group / "memory.stat").read_text(encoding="ascii").split()
        return int(dict(zip(words[::2], words[1::2], strict=True)).get("inactive_file", 0))
    return 0


def _field(path: Path, name: str) -> int | None:
    """Return a field of a file of the kernel's, such as ``VmHWM: 1234 kB``, in bytes."""
    with suppress(OSError, ValueError, IndexError):
        text = path.read_text(encoding="ascii", errors="replace")
        return int(text.partition(f"{name}:")[2].split()[0]) * 1024
    return None
