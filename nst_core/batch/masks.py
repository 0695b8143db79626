"""Finds the label picture of each picture of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nst_core.errors import SpecError
from nst_core.images import READ_EXTENSIONS
from nst_core.system import storage
from nst_core.system.files import StrPath, display_path


def content_masks(
    contents: Sequence[str], *, common_mask: str | None, directory: StrPath | None
) -> dict[str, str]:
    """Return a mask per content; empty if there are no masks.

    Args:
        contents: Paths.
        common_mask: One mask for all contents.
        directory: A directory with one mask per content, of the content's name with any extension.

    Raises:
        SpecError: one line: both are given, or a content has no mask or several.
    """
    if directory is None:
        return {} if common_mask is None else dict.fromkeys(contents, common_mask)
    if common_mask is not None:
        raise SpecError("content masks: give one for all pictures or a directory of them, not both")
    by_stem: dict[str, list[str]] = {}
    for path in _files(directory):
        if Path(path).suffix.lower() in READ_EXTENSIONS:
            by_stem.setdefault(Path(path).stem, []).append(path)
    return {content: _only_mask(content, by_stem, directory) for content in contents}


def _files(directory: StrPath) -> list[str]:
    if storage.is_url(directory):
        found = storage.files_below(str(directory), recursive=False)
        if not found:
            raise SpecError(f"content masks: there is nothing in {display_path(directory)}")
        return found
    if not Path(directory).is_dir():
        raise SpecError(f"content masks: there is no directory {display_path(directory)}")
    return [str(path) for path in sorted(Path(directory).iterdir())]


def style_masks(styles: Sequence[str], masks: Sequence[str], *, contents: bool) -> dict[str, str]:
    """Return a mask per style; empty if there are no masks.

    Args:
        styles: Paths.
        masks: Paths, one per style.
        contents: Whether the contents have masks.

    Raises:
        SpecError: one line: the numbers differ, or only the contents or only the styles have masks.
    """
    if contents and not masks:
        raise SpecError(
            "a batch paints each picture in one style: with content masks, give a style mask for "
            "each style, in the same order"
        )
    if masks and not contents:
        raise SpecError("a style mask needs content masks: give those too")
    if masks and len(masks) != len(styles):
        raise SpecError(
            f"{len(masks)} style masks for {len(styles)} styles: give one for each, in the same "
            "order"
        )
    found: dict[str, str] = {}
    for style, mask in zip(styles, masks, strict=False):
        if found.setdefault(style, mask) != mask:
            raise SpecError(
                f"style {display_path(style)} is there twice, with two masks: "
                "give a copy for the second"
            )
    return found


def _only_mask(content: str, by_stem: dict[str, list[str]], directory: StrPath) -> str:
    stem = Path(content).stem
    found = by_stem.get(stem, [])
    if not found:
        raise SpecError(
            f"{display_path(content)} has no mask in {display_path(directory)}: "
            f"put a label picture {display_path(stem)}.png there"
        )
    if len(found) > 1:
        names = " and ".join(display_path(Path(path).name) for path in found)
        raise SpecError(
            f"{display_path(content)} has several masks in {display_path(directory)}: {names}"
        )
    return found[0]
