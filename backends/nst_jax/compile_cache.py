"""What has been compiled is kept in the user's cache directory, for later runs.

It is JAX's own persistent cache, switched on for the moment of a compilation only. It holds machine
code, so a directory that another user could have written to is not used.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import jax
from jax.experimental.compilation_cache import compilation_cache

from nst_core.errors import NstWarning
from nst_core.system.names import display_path
from nst_core.system.user_data import user_cache_directory
from nst_jax._framework import VERSION

MOST_BYTES = 256_000_000
"""How much is kept; what was unused longest goes first. A step of d2l takes less than 1 MB."""

IS_SAFE = VERSION >= (0, 12)
"""Whether JAX's cache is used. With 0.4.30 on a CPU, a run that read its functions from the
cache crashed at its second step; the cause was not isolated. Versions between are not tried."""

_SETTINGS = {
    "jax_persistent_cache_min_compile_time_secs": 0.0,
    "jax_persistent_cache_min_entry_size_bytes": -1,
}

_CONFIG: Any = jax.config  # its types are incomplete
_lock = threading.RLock()


@contextmanager
def kept_on_disk() -> Iterator[None]:
    """Let JAX look up in the cache what it compiles inside, and keep it there.

    A surrounding program that has set a cache of its own keeps it: then that one is used.
    """
    with _lock:
        other = not IS_SAFE or _CONFIG.jax_compilation_cache_dir
        directory = None if other else _own_directory()
        if directory is None:
            yield
            return
        settings = {**_SETTINGS, "jax_compilation_cache_dir": str(directory)}
        before = {name: getattr(_CONFIG, name) for name in settings}
        _apply(settings)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a damaged file, which is compiled again
                yield
        finally:
            _apply(before)
            _trim(directory)


def _apply(settings: dict[str, object]) -> None:
    for name, value in settings.items():
        _CONFIG.update(name, value)
    compilation_cache.reset_cache()


def _own_directory() -> Path | None:
    """Return the directory for this version of JAX on this processor; None if it can't be had."""
    nst = user_cache_directory()
    directory = nst / "jax" / f"{jax.__version__}-{_processor()}"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        stranger = next((one for one in (nst, nst / "jax", directory) if not _is_own(one)), None)
    except OSError:  # a home that can't be written to
        return None
    if stranger is not None:
        message = (
            f"what JAX compiles is not kept: others can write to {display_path(stranger)}, or it "
            "is theirs"
        )
        warnings.warn(message, NstWarning, stacklevel=2)
        return None
    return directory


def _is_own(directory: Path) -> bool:
    """Whether nobody but this user and root can have written to a directory."""
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode):
        return False
    if not hasattr(os, "geteuid"):  # Windows: it is in the user's own profile
        return True
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _processor() -> str:
    """Return a name of the kind of processor: a home may be shared by machines of several kinds."""
    lines = set()
    with suppress(OSError):
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        lines = {one for one in text.splitlines() if one.startswith(("flags", "model name"))}
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:12]


def _trim(directory: Path) -> None:
    """Remove what was unused longest until the rest is within ``MOST_BYTES``."""
    found = []
    for path in directory.parent.rglob("*"):
        with suppress(OSError):  # removed by another process
            if path.is_file():
                about = path.stat()
                found.append((max(about.st_atime, about.st_mtime), about.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= MOST_BYTES:
            return
        with suppress(OSError):
            path.unlink()
        total -= size
