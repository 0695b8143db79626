"""Finds the pictures that a batch is given: files, directories and patterns."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from nst_core.errors import SpecError
from nst_core.images import EXTENSIONS
from nst_core.system.files import display_path

READ_EXTENSIONS = frozenset({*EXTENSIONS, ".bmp", ".heic", ".heif", ".avif", ".gif", ".jxl"})
"""How the names of pictures that people may have end, in lower case."""


class Input(NamedTuple):
    """A picture that was found.

    Attributes:
        path: Its path.
        subdirectory: Where it lies below the directory that was given, in ``recursive`` mode;
            otherwise "".
    """

    path: str
    subdirectory: str = ""


def find_inputs(
    arguments: Iterable[str], *, recursive: bool = False, output_dir: Path | None = None
) -> list[Input]:
    """Return the pictures that files, directories and patterns name.

    - A directory stands for the pictures in it, by the extensions of their names, and
      sorted by the bytes of these. Names that begin with a dot are left out.
    - A pattern with ``*``, ``?``, ``[...]`` or ``**`` stands for the paths that match it, sorted in
      the same way. An existing path is no pattern.
    - Anything else is returned as it is, also if there is no such file.

    Args:
        arguments: Paths and patterns.
        recursive: Whether the pictures in the directories below a directory belong to it.
        output_dir: The directory of the output. Its pictures are no inputs.

    Raises:
        SpecError: one line: a directory has no picture or can't be read, a pattern matches nothing,
            or a directory is the directory of the output.
    """
    output = None if output_dir is None else _real(output_dir)
    return [
        one
        for argument in arguments
        for one in _found(argument, recursive=recursive, output=output)
    ]


def _found(argument: str, *, recursive: bool, output: str | None) -> list[Input]:
    if _is_directory(argument):
        inputs = _in_directory(argument, recursive=recursive, output=output)
        if not inputs:
            below = "" if recursive else "; --recursive looks in the directories below it too"
            raise SpecError(f"{display_path(argument)} holds no picture{below}")
        return inputs
    if os.path.lexists(argument) or not glob.has_magic(argument):
        return [Input(argument)]
    # Not Path.glob, which takes no absolute pattern.
    found = glob.glob(argument, recursive=True)  # noqa: PTH207
    matches = sorted(found, key=os.fsencode)
    if not matches:
        raise SpecError(f"no file matches {display_path(argument)}; check the pattern")
    inputs = []
    for match in matches:
        if not _is_directory(match):
            inputs.append(Input(match))
        elif output is None or _real(match) != output:
            inputs += _in_directory(match, recursive=recursive, output=output)
    return inputs


def _in_directory(directory: str, *, recursive: bool, output: str | None) -> list[Input]:
    """Return the pictures in a directory; none if there are none."""
    if output is not None and _real(directory) == output:
        raise SpecError(
            f"{display_path(directory)} is also the output directory, whose pictures would be "
            "painted again: name another --output-dir"
        )
    inputs = []
    for parent, names in _walk(directory, recursive=recursive, output=output):
        below = os.path.relpath(parent, directory)
        inputs += [
            Input(str(Path(parent, name)), "" if below == os.curdir else below)
            for name in sorted(names, key=os.fsencode)
            if Path(name).suffix.lower() in READ_EXTENSIONS and not name.startswith(".")
        ]
    return inputs


def _walk(
    directory: str, *, recursive: bool, output: str | None
) -> Iterator[tuple[str, list[str]]]:
    """Yield a directory, and those below it if ``recursive``, with the names of their files."""
    for parent, directories, names in os.walk(directory, onerror=_refuse):
        yield parent, names
        # os.walk goes on with what is left in this list, in its order.
        directories[:] = [
            name
            for name in sorted(directories, key=os.fsencode)
            if recursive and not name.startswith(".") and _real(Path(parent, name)) != output
        ]


def _refuse(error: OSError) -> None:
    path = display_path(error.filename or "the directory")
    raise SpecError(f"can't look for pictures in {path}: {error.strerror}")


def _is_directory(path: str) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - a path with a NUL is no directory


def _real(path: str | Path) -> str:
    return os.path.realpath(path)
