"""Main memory: what this process has held, and what it may still take."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")


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


def held_mb() -> float | None:
    """Return the main memory that this process holds now, in 10^6 bytes, if it can be told."""
    held = _field(Path("/proc/self/status"), "VmRSS")
    return None if held is None else held / 1e6


def available_mb() -> float | None:
    """Return how much more main memory this process may take, in 10^6 bytes, if it can be told.

    What the kernel says is available without swapping, or less where a control group, as of a
    container, has a limit.
    """
    known = [
        free
        for free in (_field(Path("/proc/meminfo"), "MemAvailable"), *_groups_rooms())
        if free is not None
    ]
    return min(known) / 1e6 if known else None


def _groups_rooms() -> list[int]:
    """Return what the limits of this process's control groups leave, in bytes."""
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return []
    rooms = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            names, root = ("memory.max", "memory.current"), _GROUPS
        elif "memory" in controllers.split(","):
            names, root = ("memory.limit_in_bytes", "memory.usage_in_bytes"), _GROUPS / "memory"
        else:
            continue
        group = root / path.lstrip("/")
        # Each group is bound by its own limit and by those above; in a container, which sees its
        # own group as the root, the path may not be there.
        for place in (group, *group.parents):
            if place.is_relative_to(root):
                rooms += _room(place, *names)
    return rooms


def _room(group: Path, limit: str, usage: str) -> list[int]:
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
