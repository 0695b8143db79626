"""Files in object stores: everything that is done to a URL, through fsspec.

Ordinary paths never come here; fsspec is imported when the first URL is used. Credentials are those
that the store's own library finds. A URL that holds some is refused, for URLs are written into
recipes, tables and messages.

An operation that fails for a reason that may pass (a timeout, an overloaded server) is tried again.
"""

from __future__ import annotations

import io
import random
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, TypeVar
from urllib.parse import urlsplit

from typing_extensions import override

from nst_core.errors import NstError
from nst_core.system.names import StrPath, display_path

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

T = TypeVar("T")

# A drive letter of Windows is no scheme.
_URL = re.compile(r"[a-z][a-z0-9+.-]+://")
_FILE = "file://"

# An object appears in these when its upload is complete, and not before.
_OBJECT_STORES = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "memory")
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs"}
_BLOCK = 2**14
"""Bytes of one request while the head of a picture is read."""

_TRIES = 6
_PAUSE = 0.2
"""Seconds before the second try; each further pause is twice as long."""


class StorageError(NstError):
    """A file in an object store can't be read or written."""


class Status(NamedTuple):
    """What a store says of an object.

    Attributes:
        size: Its bytes.
        version: Changes when its content changes, e.g. the ETag; None if the store has none.
    """

    size: int
    version: str | None


def is_url(path: StrPath) -> bool:
    """Whether a path is the URL of a file in an object store; ``file://`` is none."""
    text = str(path)
    return _URL.match(text) is not None and not text.startswith(_FILE)


def local(path: str) -> str:
    """Return a ``file://`` URL as a path, and everything else unchanged."""
    return path.removeprefix(_FILE) if path.startswith(_FILE) else path


def join(directory: str, *names: str) -> str:
    """Return the URL of a file below a directory."""
    parts = [name.replace("\\", "/").strip("/") for name in names]
    return "/".join([directory.rstrip("/"), *(part for part in parts if part not in ("", "."))])


def check_writable(url: str) -> None:
    """Check that an output may be written to a URL. Nothing is asked of the store.

    Raises:
        StorageError: one line: it is no object store, its package is missing, or the URL holds
            credentials.
    """
    scheme = url.partition(":")[0]
    if scheme not in _OBJECT_STORES:
        raise StorageError(
            f"can't write {display_path(url)}: an output on {scheme}:// would not appear whole or "
            f"not at all; name a path, or one of {', '.join(_OBJECT_STORES[:-1])}"
        )
    _filesystem(url)


def probe(directory: str) -> None:
    """Check that a directory can be written, by an object that is removed again.

    Raises:
        StorageError: if not; one line.
    """
    check_writable(directory)
    url = join(directory, f".nst-{random.getrandbits(64):016x}")
    _do("write", url, lambda fs, path: fs.pipe_file(path, b"nst"))
    remove(url)


def status(url: str) -> Status | None:
    """Return what the store says of an object; None if there is none."""
    try:
        info = _do("read", url, lambda fs, path: fs.info(path), expected=FileNotFoundError)
    except FileNotFoundError:
        return None
    if info["type"] == "directory":
        return None
    names = ("ETag", "etag", "md5Hash", "content_settings", "created", "mtime")
    version = next((str(info[name]) for name in names if info.get(name)), None)
    return Status(int(info["size"]), version)


def read_bytes(url: str) -> bytes | None:
    """Return the content of an object; None if there is none."""
    try:
        return bytes(
            _do("read", url, lambda fs, path: fs.cat_file(path), expected=FileNotFoundError)
        )
    except FileNotFoundError:
        return None


def fetch(url: str, path: Path) -> None:
    """Copy an object to a local file.

    Raises:
        StorageError: one line.
    """
    _do("read", url, lambda fs, remote: fs.get_file(remote, str(path)))


def open_head(url: str) -> BinaryIO:
    """Open an object for reading at any place. Only the parts that are read are asked for.

    Raises:
        StorageError: one line.
    """
    info = _do("read", url, lambda fs, path: fs.info(path))
    return io.BufferedReader(_Object(url, int(info["size"])), _BLOCK)


class _Object(io.RawIOBase):
    """An object as a file; each read is one request."""

    def __init__(self, url: str, size: int) -> None:
        self._url, self._size, self._place = url, size, 0

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def seek(self, offset: int, whence: int = 0) -> int:
        self._place = offset + (0, self._place, self._size)[whence]
        return self._place

    @override
    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        start, end = self._place, min(self._place + len(view), self._size)
        if start >= end:
            return 0
        content = _do("read", self._url, lambda fs, path: fs.cat_file(path, start=start, end=end))
        view[: len(content)] = content
        self._place += len(content)
        return len(content)


@contextmanager
def uploaded(url: str) -> Iterator[Path]:
    """Yield a temporary local file, which becomes the object when the block ends without an error.

    Raises:
        StorageError: one line. The object is then as it was.
    """
    check_writable(url)
    with tempfile.TemporaryDirectory(prefix="nst-") as directory:
        file = Path(directory, "upload").with_suffix(Path(url).suffix)
        file.touch()
        yield file
        _do("write", url, lambda fs, path: fs.put_file(str(file), path))


def write_bytes(url: str, content: bytes) -> None:
    """Write an object.

    Raises:
        StorageError: one line.
    """
    _do("write", url, lambda fs, path: fs.pipe_file(path, content))


def create(url: str, content: bytes) -> bool:
    """Write an object unless there is one, in one operation; return whether it was written.

    Args:
        url: The object.
        content: Bytes that no other caller writes.
    """

    def written(fs: Any, path: str) -> bool:
        fs.pipe_file(path, content, mode="create")
        return True

    try:
        return _do("write", url, written, expected=FileExistsError)
    except FileExistsError:
        # An earlier try may have written it, though its answer was lost.
        return read_bytes(url) == content


def remove(url: str) -> None:
    """Remove an object, if it is there.

    Raises:
        StorageError: one line.
    """
    try:
        _do("remove", url, lambda fs, path: fs.rm_file(path), expected=FileNotFoundError)
    except FileNotFoundError:
        return


def is_directory(url: str) -> bool:
    """Whether there are objects below a URL and none of this name."""
    return bool(_do("read", url, lambda fs, path: fs.isdir(path)))


def files_below(url: str, *, recursive: bool) -> list[str]:
    """Return the sorted URLs of the objects in a directory, and of those below it if ``recursive``.

    Raises:
        StorageError: one line.
    """

    def found(fs: Any, path: str) -> list[str]:
        depth = None if recursive else 1
        return sorted(_url(url, one) for one in fs.find(path, maxdepth=depth))

    return _do("read", url, found)


def matching(pattern: str) -> list[str]:
    """Return the sorted URLs of the objects that match a pattern.

    Raises:
        StorageError: one line.
    """

    def found(fs: Any, path: str) -> list[str]:
        return sorted(_url(pattern, one) for one in fs.glob(path))

    return _do("read", pattern, found)


def _url(like: str, path: str) -> str:
    """Return the URL of a path in the file system of another URL."""
    return f"{like.partition(':')[0]}://{path.lstrip('/')}"


def _filesystem(url: str) -> tuple[Any, str]:
    """Return the fsspec file system of a URL, and the path in it."""
    scheme = url.partition(":")[0]
    _refuse_credentials(url, scheme)
    try:
        from fsspec.core import url_to_fs  # noqa: PLC0415

        # Listings change while a batch runs.
        fs, path = url_to_fs(url, use_listings_cache=False)
    except ImportError as error:
        extra = _EXTRAS.get(scheme)
        install = (
            f"pip install 'nst[{extra}]'" if extra else f"install fsspec's package for {scheme}"
        )
        raise StorageError(
            f"{scheme}:// needs a package that is not installed "
            f"({' '.join(str(error).split())[:100]}): {install}"
        ) from None
    except ValueError as error:
        raise StorageError(f"{display_path(url)}: {' '.join(str(error).split())}") from None
    return fs, str(path)


def _refuse_credentials(url: str, scheme: str) -> None:
    host = url.partition("://")[2].partition("/")[0]
    # abfs://CONTAINER@ACCOUNT holds none.
    if ("@" in host and not scheme.startswith("abfs")) or (
        scheme in ("http", "https") and urlsplit(url).query
    ):
        place = f"{scheme}://{host.rpartition('@')[2]}"
        raise StorageError(
            f"a URL at {place} holds credentials, which would end up in recipes and tables: leave "
            "them out and give them as the store's own tools expect them"
        )


def _do(
    verb: str,
    url: str,
    action: Callable[[Any, str], T],
    *,
    expected: type[OSError] | None = None,
) -> T:
    """Do something to an object, several times if it fails for a reason that may pass.

    Args:
        verb: For the message.
        url: The object.
        action: Gets the file system and the path.
        expected: A type of error that is raised as it is.

    Raises:
        StorageError: one line.
    """
    fs, path = _filesystem(url)
    pause = _PAUSE
    for last in [False] * (_TRIES - 1) + [True]:
        try:
            return action(fs, path)
        except Exception as error:
            if expected is not None and isinstance(error, expected):
                raise
            if last or _is_final(error):
                reason = _reason(error)
                raise StorageError(f"can't {verb} {display_path(url)}: {reason}") from error
        time.sleep(pause * random.uniform(0.5, 1))
        pause *= 2
    raise AssertionError("the last try returns or raises")


def _is_final(error: Exception) -> bool:
    # The libraries of the stores have types of their own, with no common base but Exception.
    final = (FileNotFoundError, PermissionError, FileExistsError, IsADirectoryError, TypeError)
    return isinstance(error, (*final, NotImplementedError)) or "Credential" in type(error).__name__


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file; check the URL"
    if isinstance(error, PermissionError):
        return "no permission; check the store's credentials"
    if "Credential" in type(error).__name__:
        return "no credentials were found; set them up as the store's own tools expect them"
    text = " ".join(str(error).split())[:200] or type(error).__name__
    return f"{text}; tried {_TRIES} times"
