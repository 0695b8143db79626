"""The control groups of this process (Linux): where the limits of containers are written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_ROOT = Path("/sys/fs/cgroup")
_PROC = Path("/proc/self/cgroup")


class ControlGroup(NamedTuple):
    """A group whose limits hold for this process; its files' names depend on the version."""

    version: int
    directory: Path


def of_controller(controller: str) -> Iterator[ControlGroup]:
    """Return this process's group of a controller (``memory``, ``cpu``), and all groups above it.

    Both versions of control groups are read. The limits of a group and of all groups above it hold.
    A container sees its own group as the root, so a directory need not exist.
    """
    try:
        lines = _PROC.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            version, root = 2, _ROOT
        elif controller in controllers.split(","):
            version, root = 1, _ROOT / controller
        else:
            continue
        group = root / path.lstrip("/")
        for directory in (group, *group.parents):
            if directory.is_relative_to(root):
                yield ControlGroup(version, directory)
