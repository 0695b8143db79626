"""The pictures to paint from: uploads, samples and masks."""

from __future__ import annotations

import asyncio
import multiprocessing
import shutil
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from nst_core import demo
from nst_core.demo import gallery
from nst_core.errors import NstError, PictureError
from nst_core.studio import picture_tasks
from nst_core.studio.records import Kind, LibraryPicture
from nst_core.studio.store import Store
from nst_core.system import toml
from nst_core.system.checksums import file_checksum

T = TypeVar("T")
_LONGEST_TITLE = 80


class TooLargeError(NstError):
    """An upload has too many bytes."""

    status = 413


class Library:
    """Takes pictures, each read once by the readers of ``nst run`` in a process of its own.

    Args:
        store: Where they are kept.
        max_bytes: Larger uploads are refused.
        max_pixels: Pictures of more pixels are refused.
    """

    def __init__(self, store: Store, *, max_bytes: int, max_pixels: int) -> None:
        self._store, self._max_bytes, self._max_pixels = store, max_bytes, max_pixels
        self._pool: ProcessPoolExecutor | None = None

    def close(self) -> None:
        """End the process."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    async def receive(
        self, parts: AsyncIterator[bytes], *, title: str, length: str | None, kind: Kind
    ) -> LibraryPicture:
        """Keep an upload.

        Args:
            parts: Its bytes.
            title: The name of the file on the client; it is only shown.
            length: How many bytes the client announces.
            kind: ``upload`` or ``mask``.

        Raises:
            TooLargeError: if it has too many bytes; it is not read to its end.
            PictureError: if it can't be read as a picture.
        """
        if length is not None and length.isdigit() and int(length) > self._max_bytes:
            raise self._too_large()
        path = self._store.incoming()
        try:
            with path.open("wb") as stream:
                size = 0
                async for part in parts:
                    size += len(part)
                    if size > self._max_bytes:
                        raise self._too_large()
                    stream.write(part)
            return await self._import(path, title=_title(title), kind=kind)
        finally:
            path.unlink(missing_ok=True)

    async def add_samples(self) -> None:
        """Add the project's own pictures, once."""
        shown = map(gallery.path, (*gallery.CONTENTS, *gallery.STYLES))
        for sample in (Path(demo.landscape()), Path(demo.painting()), *shown):
            checksum = file_checksum(sample) or ""
            if f"sample-{checksum[:16]}" in self._store.pictures:
                continue
            path = self._store.incoming()
            shutil.copyfile(sample, path)
            title = sample.stem.replace("_", " ").replace("-", " ").capitalize()
            await self._import(path, title=title, kind="sample")

    def remove(self, picture: LibraryPicture) -> None:
        """Remove a picture that no painting needs.

        Raises:
            PictureError: if a painting needs it.
        """
        for painting in (*self._store.paintings.values(), *self._store.trash.values()):
            used = painting.settings
            if picture.id in (used.content, used.mask, *(one.picture for one in used.styles)):
                raise PictureError(f"{picture.title} is needed by a painting: delete that first")
        self._store.remove_picture(picture)

    def pictures_of_recipe(self, text: str) -> dict[str, Any]:
        """Return those pictures of a recipe that are here, found by their checksums."""
        table = toml.loads(text, origin="the recipe")
        made_with = table.get("made_with")
        sums = made_with if isinstance(made_with, dict) else {}
        styles = sums.get("style_sha256", [])
        by_sum = {one.sha256: one.id for one in self._store.pictures.values()}
        return {
            "content": by_sum.get(str(sums.get("content_sha256"))),
            "styles": [by_sum.get(str(one)) for one in styles if isinstance(styles, list)],
        }

    async def run(self, task: Callable[..., T], *arguments: Any, **keywords: Any) -> T:
        """Run a task of ``picture_tasks`` in the process for pictures.

        Raises:
            PictureError: as the task; or if the process dies of the picture.
        """
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(
                1, mp_context=context, initializer=picture_tasks.end_with_parent
            )
        pool = self._pool
        try:
            return await asyncio.wrap_future(pool.submit(_call, task, arguments, keywords))
        except BrokenProcessPool:
            if self._pool is pool:
                self._pool = None
            raise PictureError("this picture ended the process that reads it: not taken") from None

    async def _import(self, path: Path, *, title: str, kind: Kind) -> LibraryPicture:
        picture = await self.run(
            picture_tasks.import_picture,
            path,
            self._store.directory / "pictures",
            title=title,
            kind=kind,
            max_pixels=self._max_pixels,
        )
        self._store.add_picture(picture)
        return picture

    def _too_large(self) -> TooLargeError:
        return TooLargeError(f"pictures may have up to {self._max_bytes >> 20} MB")


def _call(task: Callable[..., T], arguments: Any, keywords: Any) -> T:
    return task(*arguments, **keywords)


def _title(name: str) -> str:
    """Return what is shown of a name that a client gives: no path, nothing unprintable."""
    last = name.replace("\\", "/").rpartition("/")[2]
    text = "".join(one for one in last if one.isprintable())
    with suppress(ValueError):
        stem = text.rpartition(".")[0] or text
        return stem[:_LONGEST_TITLE].strip() or "Picture"
    return "Picture"
