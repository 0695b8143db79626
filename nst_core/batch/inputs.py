"""Finds the pictures that a batch is given: files, directories and patterns."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from nst_core.errors import SpecError
from nst_core.images import READ_EXTENSIONS
from nst_core.system import storage
from nst_core.system.files import StrPath, display_path


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
    arguments: Iterable[str], *, recursive: bool = False, output_dir: StrPath | None = None
) -> list[Input]:
    """Return the pictures that files, directories and patterns name.

    - A directory stands for the pictures in it, by the extensions of their names, and
      sorted by the bytes of these. Names that begin with a dot are left out.
    - A pattern with ``*``, ``?``, ``[...]`` or ``**`` stands for the paths that match it, sorted in
      the same way. An existing path is no pattern.
    - A URL of an object store stands for the objects below it, or is a pattern, in the same way.
      One with the extension of a picture is taken as that picture; the store isn't asked.
    - Anything else is returned as it is, also if there is no such file.

    Args:
        arguments: Paths and patterns.
        recursive: Whether the pictures in the directories below a directory belong to it.
        output_dir: The directory of the output. Its pictures are no inputs.

    Raises:
        SpecError: one line: a directory has no picture or can't be read, a pattern matches nothing,
            or a directory is the directory of the output.
    """
    output = None
    if output_dir is not None:
        is_url = storage.is_url(output_dir)
        output = str(output_dir).rstrip("/") if is_url else _real(output_dir)
    return [
        one
        for argument in map(storage.local, arguments)
        for one in _found(argument, recursive=recursive, output=output)
    ]


def read_list(path: str) -> list[str]:
    """Return the paths and URLs in a list file: one per line, taken as they are; "-" is stdin.

    Raises:
        SpecError: one line: the file can't be read, or names nothing.
    """
    try:
        if path == "-":
            content = sys.stdin.buffer.read()
        elif storage.is_url(path):
            content = storage.read_bytes(path) or b""
        else:
            content = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SpecError(f"can't read the list {display_path(path)}: {reason}") from None
    lines = [os.fsdecode(line) for line in content.splitlines()]
    found = [storage.local(line) for line in lines if line.strip()]
    if not found:
        raise SpecError(f"the list {display_path(path)} names no picture: one per line")
    return found


def _found_by_url(url: str, *, recursive: bool, output: str | None) -> list[Input]:
    """Return the pictures that a URL names: a directory, a pattern or a picture."""
    is_picture = not url.endswith("/") and Path(url).suffix.lower() in READ_EXTENSIONS
    if is_picture and not glob.has_magic(url):
        return [Input(url)]
    if glob.has_magic(url):
        matches = storage.matching(url)
        if not matches:
            raise SpecError(f"no file matches {display_path(url)}; check the pattern")
        return [Input(one) for one in matches]
    if not url.endswith("/") and not storage.is_directory(url):
        return [Input(url)]
    base = url.rstrip("/")
    if base == output:
        raise SpecError(
            f"{display_path(url)} is also the output directory, whose pictures would be "
            "painted again: name another --output-dir"
        )
    inputs = [
        Input(one, os.path.dirname(below))  # noqa: PTH120 - of a URL's path
        for one in storage.files_below(base, recursive=recursive)
        if _is_picture(below := one.removeprefix(f"{base}/"))
        and not (output is not None and one.startswith(f"{output}/"))
    ]
    if not inputs:
        hint = "" if recursive else "; --recursive looks in the directories below it too"
        raise SpecError(f"{display_path(url)} holds no picture{hint}")
    return inputs


def _is_picture(path: str) -> bool:
    """Whether a path below a directory names a picture, and nothing in it begins with a dot."""
    hidden = any(part.startswith(".") for part in path.split("/"))
    return Path(path).suffix.lower() in READ_EXTENSIONS and not hidden


def _found(argument: str, *, recursive: bool, output: str | None) -> list[Input]:
    if storage.is_url(argument):
        return _found_by_url(argument, recursive=recursive, output=output)
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


def _real(path: StrPath) -> str:
    return os.path.realpath(path)
