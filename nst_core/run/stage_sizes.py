"""The sizes of the pictures in each stage, and the stages that a picture is too narrow for.

A pyramid is made for pictures of ordinary proportions. At its first size a panorama may be lower
than the deepest tap needs. Such a stage is left out. A style picture that is too narrow in a stage
before the last one is made larger there.
"""

from __future__ import annotations

from collections.abc import Sequence

import PIL.Image

from nst_core.backend.footprint import StageSize
from nst_core.errors import SpecError
from nst_core.problem.styles import size_rule
from nst_core.spec import Spec
from nst_core.spec.sizes import LARGEST, Size
from nst_core.vgg19 import smallest_side

Sides = tuple[int, int]
"""(height, width) in pixels."""


def fitting_stages(spec: Spec, *, content: PIL.Image.Image) -> tuple[Spec, tuple[str, ...]]:
    """Leave out the stages, except the last one, in which the content is too small for the taps.

    The first stage that is left takes at least as many steps as the first stage of ``spec``: a
    pyramid gives most steps to its first stage.

    Args:
        spec: The algorithm, for a device.
        content: The content picture.

    Returns:
        The spec with the stages that are computed, listed and in pixels; ``spec`` itself if it was
        like that. And the lines that say what was left out, at most one.
    """
    spec = spec.for_content(height=content.height, width=content.width)
    least = smallest_side(spec.taps())
    sizes = [
        Size.parse(stage.size).resolve(height=content.height, width=content.width)
        for stage in spec.stages
    ]
    last = len(sizes) - 1
    kept = [number for number, size in enumerate(sizes) if number == last or min(size) >= least]
    if len(kept) == len(sizes):
        return spec, ()
    stages = [spec.stages[number] for number in kept]
    stages[0] = stages[0].model_copy(
        update={
            "steps": max(stages[0].steps, spec.stages[0].steps),
            # No stage comes before it, from which it could start.
            "through_8_bits": stages[0].through_8_bits and kept[0] == 0,
        }
    )
    left_out = [number for number in range(len(sizes)) if number not in kept]
    numbers, texts = (
        ", ".join(str(n + 1) for n in left_out),
        ", ".join(_text(sizes[n]) for n in left_out),
    )
    what = f"stage {numbers} is" if len(left_out) == 1 else f"stages {numbers} are"
    line = f"{what} left out: at {texts} the content is too small for the deepest tap ({least})"
    return spec.model_copy(update={"stages": tuple(stages), "pyramid": None}), (line,)


def stage_sizes(
    spec: Spec, *, content: PIL.Image.Image, styles: Sequence[PIL.Image.Image]
) -> tuple[StageSize, ...]:
    """Return the pictures' sizes in each stage, for any device but a CPU.

    Raises:
        SpecError: if a side is too small for the deepest tap, or larger than a picture may be.
    """
    return sizes_and_warnings(spec, content=content, styles=styles)[0]


def sizes_and_warnings(
    spec: Spec, *, content: PIL.Image.Image, styles: Sequence[PIL.Image.Image]
) -> tuple[tuple[StageSize, ...], tuple[str, ...]]:
    """Return the ``stage_sizes``, and a line for each style picture that is larger than its rule.

    Raises:
        SpecError: as ``stage_sizes``.
    """
    spec = spec.for_content(height=content.height, width=content.width)
    least = smallest_side(spec.taps())
    contents = [
        _checked(Size.parse(stage.size), "content", content, least=least) for stage in spec.stages
    ]
    rules = [
        size_rule(spec, number, ratio=max(size) / max(contents[-1]))
        for number, size in enumerate(contents)
    ]
    in_stages: list[list[Sides]] = [[] for _ in rules]
    warnings = []
    for index, style in enumerate(styles):
        enlarged = []
        for number, rule in enumerate(rules):
            size = rule.resolve(height=style.height, width=style.width)
            larger = size if number == len(rules) - 1 else _enlarged(size, style, least=least)
            if larger == size:
                larger = _checked(rule, "style", style, least=least)
            else:
                enlarged.append(f"{_text(larger)} instead of {_text(size)} in stage {number + 1}")
            in_stages[number].append(larger)
        if enlarged:
            which = f" {index + 1}" if len(styles) > 1 else ""
            warnings.append(
                f"the style picture{which} is {', '.join(enlarged)}: the deepest tap needs "
                f"{least} pixels"
            )
    sizes = tuple(
        StageSize(size, tuple(of_styles))
        for size, of_styles in zip(contents, in_stages, strict=True)
    )
    return sizes, tuple(warnings)


def _checked(rule: Size, role: str, picture: PIL.Image.Image, *, least: int) -> Sides:
    """Return the size that a rule gives a picture.

    Raises:
        SpecError: if it is too small or too large.
    """
    size = rule.resolve(height=picture.height, width=picture.width)
    if min(size) < least:
        raise SpecError(
            f"size = {str(rule)!r} makes the {role} picture {_text(size)}, which is too "
            f"small for the deepest tap: both sides need at least {least} pixels"
        )
    if max(size) > LARGEST:
        raise SpecError(
            f"size = {str(rule)!r} makes the {role} picture {_text(size)}: sides may have "
            f"up to {LARGEST} pixels"
        )
    return size


def _enlarged(size: Sides, picture: PIL.Image.Image, *, least: int) -> Sides:
    """Return the size, or the least size in the picture's proportions if it is too small."""
    if min(size) >= least:
        return size
    height, width = Size("shortest", least, least).resolve(
        height=picture.height, width=picture.width
    )
    return min(max(height, size[0]), LARGEST), min(max(width, size[1]), LARGEST)


def _text(size: Sides) -> str:
    return f"{size[0]}x{size[1]}"
