"""Reading uploads and writing downloads. It runs in a process of its own.

A decoder may crash on a hostile file, and decoding takes time; neither may stop the server or the
painting. The readers are those of ``nst run``.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import threading
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from nst_core import images
from nst_core.errors import NstError, PictureWarning
from nst_core.images import EncodeOptions
from nst_core.images.formats import START, reader
from nst_core.run import checkpoint
from nst_core.spec import recipe
from nst_core.studio.job import CHECKPOINT, IMAGE
from nst_core.studio.recorder import SCREEN, THUMB_SIZE, save_picture
from nst_core.studio.records import Kind, LibraryPicture
from nst_core.studio.store import write_json

SCREEN_FILE, THUMB_FILE = "screen.jpg", "thumb.jpg"

_EXTENSIONS = {"JPEG": "jpg", "TIFF": "tif", "JPEG XL": "jxl"}


def end_with_parent() -> None:
    """Let this process end when its parent has been killed: its pool would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def import_picture(
    source: Path, pictures: Path, *, title: str, kind: Kind, max_pixels: int
) -> LibraryPicture:
    """Read a picture and keep it, with a thumbnail and a picture for the screen.

    Args:
        source: The file that was uploaded; it is moved.
        pictures: The directory of all pictures.
        title: What people call it.
        kind: As in ``LibraryPicture``.
        max_pixels: A picture of more pixels is refused before it is decoded.

    Raises:
        PictureError: one line that names the picture: it can't be read.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", PictureWarning)
        try:
            picture = images.read(source, max_pixels=max_pixels)
        except NstError as error:
            raise type(error)(_named(str(error), source, title)) from None
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    prefix = "sample-" if kind == "sample" else ""
    directory = pictures / f"{prefix}{sha256[:16]}"
    directory.mkdir(exist_ok=True)
    record = LibraryPicture(
        id=directory.name,
        title=title,
        kind=kind,
        file=f"original.{_extension(source)}",
        width=picture.width,
        height=picture.height,
        sha256=sha256,
        recipe=_recipe(source),
        notes=tuple(_named(str(one.message), source, title) for one in caught),
        created=time.time(),
    )
    for name, longest in ((SCREEN_FILE, SCREEN), (THUMB_FILE, THUMB_SIZE)):
        small = picture.copy()
        small.thumbnail((longest, longest), PIL.Image.Resampling.LANCZOS, reducing_gap=2.0)
        small.save(directory / name, "JPEG", quality=88)
    source.replace(directory / record.file)
    write_json(directory / "picture.json", record)
    return record


def write_jpeg(source: Path, target: Path) -> None:
    """Write a painting as JPEG, with its recipe.

    Raises:
        PictureError: one line.
    """
    picture = images.read(source)
    image = images.resize_picture(picture, height=picture.height, width=picture.width)
    images.write(image, target, recipe=_recipe(source))


def write_snapshot(directory: Path, run: dict[str, Any], root: Path) -> None:
    """Write the picture of a snapshot, as the run would have if it had been stopped there.

    Args:
        directory: The snapshot's directory.
        run: The painting's ``[run]`` table.
        root: The studio's directory, which the table's paths are relative to.

    Raises:
        NstError: one line.
    """
    image = np.load(directory / IMAGE, allow_pickle=False)
    settings = recipe.checked_run(run)
    output = settings.output
    finish = EncodeOptions(bits=output.bits, dpi=output.dpi)
    if (output.keep_alpha or output.keep_exif) and settings.content is not None:
        finish = EncodeOptions.of(output, images.read_decoded(root / settings.content))
    text = checkpoint.read(directory / CHECKPOINT).position.recipe
    save_picture(image, text, finish, directory)


def read_recipe(source: Path) -> str | None:
    """Return the recipe of a painting; None if it has none."""
    return _recipe(source)


def _recipe(source: Path) -> str | None:
    with suppress(NstError):
        return images.read_recipe(source)
    return None


def _extension(source: Path) -> str:
    with source.open("rb") as stream:
        found = reader(stream.read(START))
    form = found.form if found else "picture"
    return _EXTENSIONS.get(form, form.lower())


def _named(text: str, source: Path, title: str) -> str:
    """Return a message about a file with the name that people know."""
    return " ".join(text.split()).replace(str(source), title)
