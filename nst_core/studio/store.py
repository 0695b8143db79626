"""The directory of a studio: pictures, paintings and what was thrown away.

    studio.json                  the version of the layout
    queue.json                   the paintings that wait, in their order
    pictures/ID/picture.json     a picture to paint from, with its file, thumb.jpg and screen.jpg
    paintings/ID/painting.json   a painting, with painting.png, painting.tif and thumb.jpg,
                                 checkpoint.nst, history.json and snapshots/
    trash/paintings/ID           what was deleted, until the trash is emptied

The index is kept in memory and is built from these files. Names of files and directories are made
here, never by a client: what a client names is looked up in the index.
"""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, TypeVar

from pydantic import BaseModel, ValidationError

from nst_core.errors import NstError
from nst_core.studio.records import LibraryPicture, Painting
from nst_core.system.files import atomic_writer, display_path, ensure_directory

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_LAYOUT = 1
_LOCK_SECONDS = 2.0
"""So long the worker of a studio that was killed may take to stop its painting."""

Record = TypeVar("Record", bound=BaseModel)


class StoreError(NstError):
    """The directory of a studio can't be used; one line."""


class Store:
    """The pictures and paintings of a studio.

    Args:
        directory: Where they are kept; made if necessary.

    Attributes:
        directory: The same, absolute.
        pictures: By their ids.
        paintings: By their ids.
        trash: Deleted paintings, by their ids.

    Raises:
        StoreError: if the directory is that of a newer version, or if another studio works in it.
        FileError: if it can't be made.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
        for name in ("pictures", "paintings", "trash/paintings", "incoming"):
            ensure_directory(self.directory / name)
        self._lock = _locked(self.directory)
        _check_layout(self.directory)
        self.pictures = _read_all(self.directory / "pictures", "picture.json", LibraryPicture)
        self.paintings = _read_all(self.directory / "paintings", "painting.json", Painting)
        self.trash = _read_all(self.directory / "trash" / "paintings", "painting.json", Painting)
        for left in (self.directory / "incoming").iterdir():  # of an upload that was cut off
            with suppress(OSError):
                left.unlink()

    def close(self) -> None:
        """Let another studio work in the directory."""
        if self._lock is not None:
            self._lock.close()

    @property
    def lock(self) -> int | None:
        """The descriptor that holds the lock of the directory; None where there are no locks."""
        return None if self._lock is None else self._lock.fileno()

    def picture_directory(self, picture: LibraryPicture) -> Path:
        """Return where a picture's files are."""
        return self.directory / "pictures" / picture.id

    def picture_path(self, picture: LibraryPicture) -> str:
        """Return a picture's file as recipes name it: relative to the studio's directory."""
        return f"pictures/{picture.id}/{picture.file}"

    def add_picture(self, picture: LibraryPicture) -> None:
        """Keep a picture, whose files are in its directory already."""
        write_json(self.picture_directory(picture) / "picture.json", picture)
        self.pictures[picture.id] = picture

    def remove_picture(self, picture: LibraryPicture) -> None:
        """Remove a picture and its files."""
        shutil.rmtree(self.picture_directory(picture), ignore_errors=True)
        del self.pictures[picture.id]

    def new_painting_id(self) -> str:
        """Return a new id, which begins with the time so that names sort by age."""
        return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"

    def incoming(self) -> Path:
        """Return a new path for an upload."""
        return self.directory / "incoming" / secrets.token_hex(8)

    def painting_directory(self, painting: Painting) -> Path:
        """Return where a painting's files are."""
        return self.directory / "paintings" / painting.id

    def save(self, painting: Painting) -> None:
        """Write the record of a painting, which may be new."""
        directory = self.painting_directory(painting)
        ensure_directory(directory / "snapshots")
        write_json(directory / "painting.json", painting)
        self.paintings[painting.id] = painting

    def throw_away(self, painting: Painting) -> None:
        """Move a painting to the trash."""
        self.painting_directory(painting).replace(self._in_trash(painting))
        self.trash[painting.id] = self.paintings.pop(painting.id)

    def restore(self, painting: Painting) -> None:
        """Bring a painting back from the trash."""
        self._in_trash(painting).replace(self.painting_directory(painting))
        self.paintings[painting.id] = self.trash.pop(painting.id)

    def empty_trash(self) -> None:
        """Remove the files of everything in the trash."""
        for painting in list(self.trash.values()):
            shutil.rmtree(self._in_trash(painting), ignore_errors=True)
            del self.trash[painting.id]

    def _in_trash(self, painting: Painting) -> Path:
        return self.directory / "trash" / "paintings" / painting.id

    def read_queue(self) -> list[str]:
        """Return the ids of the waiting paintings, in their order."""
        known: list[str] = []
        with suppress(OSError, ValueError, TypeError):
            names = json.loads((self.directory / "queue.json").read_text(encoding="utf-8"))
            known = [name for name in dict.fromkeys(names) if self._waits(name)]
        return [*known, *(n for n in sorted(self.paintings) if self._waits(n) and n not in known)]

    def _waits(self, name: object) -> bool:
        painting = self.paintings.get(name) if isinstance(name, str) else None
        return painting is not None and painting.state == "waiting"

    def write_queue(self, names: Sequence[str]) -> None:
        """Keep the order of the waiting paintings."""
        write_json(self.directory / "queue.json", list(names))


def write_json(path: Path, data: BaseModel | Sequence[Any] | Mapping[str, Any]) -> None:
    """Write data as JSON, whole or not at all."""
    text = data.model_dump_json(indent=1) if isinstance(data, BaseModel) else json.dumps(data)
    with atomic_writer(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _read_all(directory: Path, name: str, kind: type[Record]) -> dict[str, Record]:
    """Return the records below a directory, by their ids. What can't be read is left out."""
    records = {}
    for entry in sorted(directory.iterdir()):
        with suppress(OSError, ValueError, ValidationError):
            record = kind.model_validate_json((entry / name).read_bytes())
            if getattr(record, "id", None) == entry.name:
                records[entry.name] = record
    return records


def _check_layout(directory: Path) -> None:
    path = directory / "studio.json"
    if not path.exists():
        write_json(path, {"layout": _LAYOUT})
        return
    with suppress(OSError, ValueError, LookupError, TypeError):
        if json.loads(path.read_text(encoding="utf-8"))["layout"] <= _LAYOUT:
            return
    raise StoreError(
        f"{display_path(directory)} was made by a newer nst, or its studio.json is damaged; "
        "name another directory"
    )


def _locked(directory: Path) -> IO[bytes] | None:
    """Return an open file whose lock says that a studio works here; None where there are none."""
    if fcntl is None:
        return None
    stream = (directory / "studio.lock").open("ab")
    end = time.monotonic() + _LOCK_SECONDS
    while True:
        with suppress(OSError):
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return stream
        if time.monotonic() > end:
            break
        time.sleep(0.1)
    stream.close()
    raise StoreError(
        f"another studio works in {display_path(directory)}, or its worker is just ending: "
        "use that one, or name another directory"
    )
