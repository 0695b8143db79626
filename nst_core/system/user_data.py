"""Where the data of a user goes: what was fetched for good, and what can be computed again."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def user_data_directory() -> Path:
    """Return nst's own directory, which may not exist yet.

    ``$XDG_DATA_HOME/nst`` where that is set, on every system. Otherwise the system's own place:
    ``~/.local/share/nst`` (XDG Base Directory Specification), on macOS ``~/Library/Application
    Support/nst``, on Windows ``%LOCALAPPDATA%/nst``.
    """
    # The specification ignores relative paths.
    if (xdg := Path(os.environ.get("XDG_DATA_HOME", ""))).is_absolute():
        return xdg / "nst"
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises if there is none
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "nst"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else home / "AppData" / "Local") / "nst"
    return home / ".local" / "share" / "nst"


def user_cache_directory() -> Path:
    """Return nst's directory for what can be computed again; it may not exist yet.

    ``$NST_CACHE_HOME`` where that is set, otherwise ``$XDG_CACHE_HOME/nst``, on every system. Then
    the system's own place: ``~/.cache/nst``, on macOS ``~/Library/Caches/nst``, on Windows
    ``%LOCALAPPDATA%/nst/cache``.
    """
    if (own := Path(os.environ.get("NST_CACHE_HOME", ""))).is_absolute():
        return own
    if (xdg := Path(os.environ.get("XDG_CACHE_HOME", ""))).is_absolute():
        return xdg / "nst"
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises if there is none
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "nst"
    if sys.platform == "win32":
        return user_data_directory() / "cache"
    return home / ".cache" / "nst"
