"""The pictures of a run as a user gives them, and how they are opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from nst_core import images
from nst_core.errors import SpecError
from nst_core.images import DecodedPicture
from nst_core.images.pillow_pictures import standard_picture
from nst_core.images.reading import open_header
from nst_core.images.to_srgb import colour_and_alpha
from nst_core.problem.label_pictures import class_numbers, on_flat_background
from nst_core.problem.masks import Mask
from nst_core.spec.recipe import Run
from nst_core.system import names
from nst_core.system.checksums import file_checksum

Picture: TypeAlias = str | Path | PIL.Image.Image | NDArray[Any]
"""A path, a Pillow image, or an array (H, W, 3): uint8, or float in [0, 1]."""

CHECKSUMS = (
    "content_sha256",
    "style_sha256",
    "content_mask_sha256",
    "style_mask_sha256",
    "start_sha256",
)
"""The names of the files' checksums in ``[made_with]``."""

VERSIONS = ("content_version", "style_version", "content_mask_version", "style_mask_version")
"""The names of what an object store calls the files' versions; of those that come from a store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """The pictures of a run.

    Attributes:
        content: The content picture.
        styles: The style pictures.
        content_mask: The content's label picture, or None.
        style_masks: The label picture of each style, or none at all.
        versions: By the names of ``VERSIONS``: for ``[made_with]``, beside the checksums.
    """

    content: Picture
    styles: Sequence[Picture]
    content_mask: Picture | None = None
    style_masks: Sequence[Picture] = ()
    versions: Mapping[str, str | list[str]] = field(default_factory=dict)

    @classmethod
    def named_by(cls, run: Run) -> Pictures:
        """Return the pictures whose paths a ``[run]`` table holds.

        Raises:
            SpecError: if it names no content picture.
        """
        if run.content is None:
            raise SpecError("run.content is missing: name a content picture")
        return cls(
            content=run.content,
            styles=run.style,
            content_mask=run.content_mask,
            style_masks=run.style_mask,
        )

    def paths(self) -> dict[str, Any]:
        """Return the keys of a ``[run]`` table for these pictures: only paths can be written."""
        return {
            "content": _path(self.content),
            "style": _paths(self.styles),
            "content_mask": None if self.content_mask is None else _path(self.content_mask),
            "style_mask": _paths(self.style_masks),
        }

    def checksums(self, start: str | None = None) -> dict[str, str | list[str]]:
        """Return the SHA-256 of each file, as a recipe's ``[made_with]`` holds them.

        Pictures that are no files have none. Those of an object store have their versions too.

        Args:
            start: The file that the run starts from, if it starts from a file.
        """
        found = (
            _checksum(self.content),
            [_checksum(style) for style in self.styles],
            _checksum(self.content_mask),
            [_checksum(mask) for mask in self.style_masks],
            _checksum(start),
        )
        known: dict[str, str | list[str]] = {}
        for name, value in zip(CHECKSUMS, found, strict=True):
            if isinstance(value, str):
                known[name] = value
            elif value and all(value):
                known[name] = [one for one in value if one]
        return {**known, **self.versions}


def sequence_of(pictures: Picture | Sequence[Picture]) -> list[Picture]:
    """Return one picture, or several, as a list."""
    # A path is itself a sequence of letters, and an array is a sequence of rows.
    if isinstance(pictures, str | Path | PIL.Image.Image | np.ndarray):
        return [pictures]
    return list(pictures)


def open_picture(picture: Picture, *, max_pixels: int) -> DecodedPicture:
    """Read or convert a user's picture.

    Args:
        picture: The picture.
        max_pixels: Files of more pixels are refused.

    Raises:
        PictureError: if it can't be read.
    """
    if isinstance(picture, PIL.Image.Image):
        return images.decoded(picture)
    if isinstance(picture, np.ndarray):
        return DecodedPicture(picture=images.from_array(picture))
    return images.read_decoded(picture, max_pixels=max_pixels)


def open_mask(picture: Picture | None, *, max_pixels: int) -> Mask | None:
    """Read the content's label picture; None for None."""
    if picture is None:
        return None
    read = open_label_picture(picture, max_pixels=max_pixels)
    return Mask(read.picture, "content mask", notes=read.notes)


def open_label_picture(picture: Picture, *, max_pixels: int) -> DecodedPicture:
    """Read or convert a label picture.

    Its transparent parts become a flat colour that no other part has. Class numbers of 16 bits, or
    of a palette without colours, become grey values.

    Args:
        picture: The picture.
        max_pixels: Files of more pixels are refused.

    Returns:
        The picture, mode ``RGB``, opaque.

    Raises:
        PictureError: if it can't be read.
    """
    decoded = open_picture(picture, max_pixels=max_pixels)
    if isinstance(picture, PIL.Image.Image):
        rgb, alpha = colour_and_alpha(standard_picture(picture)[0])
        numbers = class_numbers(picture)
    else:
        rgb, alpha, numbers = decoded.picture, decoded.alpha, None
        if isinstance(picture, str | Path):
            with open_header(picture) as file:
                numbers = class_numbers(file)
    if numbers is not None:
        rgb, alpha = numbers.convert("RGB"), None
    labels = rgb if alpha is None else on_flat_background(rgb, alpha)
    return DecodedPicture(picture=labels, notes=decoded.notes)


def _checksum(picture: Picture | None) -> str | None:
    return file_checksum(picture) if isinstance(picture, str | Path) else None


def _path(picture: Picture) -> str | None:
    return names.to_text(picture) if isinstance(picture, str | Path) else None


def _paths(pictures: Sequence[Picture]) -> list[str]:
    # A recipe that named only some of the pictures would describe another result.
    paths = [path for path in map(_path, pictures) if path is not None]
    return paths if len(paths) == len(pictures) else []
