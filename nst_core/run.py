"""The whole way from pictures and spec to a result, for Python and for the command line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from nst_core import colour, images, loop, presets, recipe, regions, registry, start, toml
from nst_core import weights as weights_room
from nst_core.backend import AUTOMATIC, Backend, Execution
from nst_core.checkpoint import Checkpoint
from nst_core.checkpoint import read as read_checkpoint
from nst_core.errors import SpecError
from nst_core.files import StrPath
from nst_core.images import PLAIN, Finish, Output, Source
from nst_core.keeping import Keep
from nst_core.labels import Mask
from nst_core.observers import Observer, Plan
from nst_core.recipe import Run
from nst_core.result import Interrupted, Result
from nst_core.sizes import LARGEST, Size
from nst_core.spec import Spec
from nst_core.styles import StylePicture, size_rule, weighted
from nst_core.targets import TargetCache
from nst_core.vgg19 import TAPS, smallest_side
from nst_core.weights import Weights
from nst_core.work import Safety, StageSize, Work, never

Picture: TypeAlias = str | Path | PIL.Image.Image | NDArray[Any]


def transfer(
    content: Picture,
    style: Picture | Sequence[Picture],
    *,
    style_blend: Sequence[float] = (),
    content_mask: Picture | None = None,
    style_mask: Picture | Sequence[Picture] = (),
    preset: str = presets.DEFAULT,
    spec: Spec | None = None,
    overrides: Mapping[str, Any] | None = None,
    backend: str | Backend = "pytorch",
    weights: str | Weights = "bundled",
    device: str = "auto",
    dtype: str = "float32",
    execution: Execution = AUTOMATIC,
    output: Output = PLAIN,
    observers: Iterable[Observer] = (),
    log_every: int = 10,
    max_pixels: int = images.MAX_PIXELS,
    command: str = "nst_core.transfer",
    checkpoint: StrPath | Keep | None = None,
    resume: StrPath | Checkpoint | None = None,
    stop: Callable[[], bool] | None = None,
    targets: TargetCache | None = None,
    consider: Callable[[Work], None] | None = None,
) -> Result:
    """Paint ``content`` in the style of ``style``.

    Args:
        content: A path, a Pillow image, or an array (H, W, 3): uint8, or float in [0, 1].
        style: Likewise; or a list of several, whose statistics are blended.
        style_blend: Their weights in the blend, one for each; equal where it is empty.
        content_mask: A label picture, one flat colour for each region; of any size.
        style_mask: One for each style, where a region has the colour that it has in the content's;
            or none, and the first style is for the darkest region, the last for the lightest.
        preset: The name of a preset; not looked at when ``spec`` is given.
        spec: The whole algorithm.
        overrides: Values that replace those of the preset or spec, as in a config file:
            ``{"style": {"weight": 2e4}}``.
        backend: The name of a registered backend, or a backend.
        weights: A source, see ``nst_core.weights.load``, or weights that are loaded already.
        device: ``auto`` (the backend's best), ``cpu``, ``cuda``, ``cuda:N``, ``mps``.
        dtype: ``float32`` or ``float64``.
        execution: How it is computed.
        output: What ``Result.save`` puts into a file besides the pixels, and in how many bits.
        observers: Told of every step.
        log_every: Which steps get a row in the history, besides each stage's first and last.
        max_pixels: Pictures of more pixels are refused.
        command: What the recipe says that the picture was made by.
        checkpoint: A file to keep checkpoints in, every 100 steps; or a ``Keep`` that says more.
        resume: A checkpoint, or its file, to go on from; all else is given as at first. On a CPU
            the result is then bit for bit that of a run that was never interrupted.
        stop: Asked after every step; as soon as it says True a checkpoint is kept, if any are,
            and ``Interrupted`` raised.
        targets: What earlier calls have found of styles, and this one leaves for later ones; the
            result is the same to the bit.
        consider: Called with all that is prepared before the first stage begins; from it
            ``nst_core.estimate`` tells what the run will take. What it raises ends the run.

    Raises:
        NstError: for anything wrong with what was given; one line. ``CheckpointError``: what
            ``resume`` names is damaged or of another run. ``NumbersError``: a loss or gradient was
            not finite before there was a picture; later the result's ``note`` says so.
        Interrupted: on Ctrl-C, with the result reached so far.
    """
    point = _point(resume)
    keep = Keep(path=checkpoint) if isinstance(checkpoint, str | os.PathLike) else checkpoint
    if keep:
        keep.check()
    table = presets.table(preset) if spec is None else spec.to_table()
    several = _several(style)
    if not several:
        raise SpecError("style = []: give at least one style picture")
    masks = _several(style_mask)
    request = recipe.checked_run(
        {
            "content": _path(content),
            "style": _paths(several),
            "style_blend": tuple(map(float, style_blend)),
            "content_mask": None if content_mask is None else _path(content_mask),
            "style_mask": _paths(masks),
            "backend": backend if isinstance(backend, str) else backend.name,
            "weights": weights if isinstance(weights, str) else weights.source,
            "device": device,
            "dtype": dtype,
            **asdict(execution),
            **asdict(output),
        }
    )
    algorithm = Spec.from_table(toml.merged(table, overrides or {}))
    # In the order of what a user waits for: pictures take no time, frameworks take seconds.
    source = _opened(content, max_pixels=max_pixels)
    painted, styles = colour.prepared(
        algorithm.colours,
        content=source.picture,
        styles=[_opened(one, max_pixels=max_pixels).picture for one in several],
    )
    work = _prepare(
        algorithm,
        request,
        content=replace(source, picture=painted),
        styles=weighted(
            styles,
            request.style_blend,
            [_opened(one, max_pixels=max_pixels).picture for one in masks],
        ),
        mask=_mask(content_mask, max_pixels=max_pixels),
        backend=backend,
        weights=weights,
        max_pixels=max_pixels,
        command=command,
        targets=targets or TargetCache(),
    )
    if consider:
        consider(work)
    safety = Safety(keep=keep, resume=point, stop=stop or never)
    watchers = list(observers)
    if algorithm.colours == "content":
        watchers = [colour.Recolouring(watchers, source.picture)]
    try:
        result = loop.run(work, observers=watchers, log_every=log_every, safety=safety)
    except Interrupted as interruption:
        raise Interrupted(_coloured(interruption.result, source.picture)) from None
    return _coloured(result, source.picture)


def stage_sizes(
    spec: Spec, *, content: PIL.Image.Image, styles: Sequence[PIL.Image.Image]
) -> tuple[StageSize, ...]:
    """Return the sizes that the pictures get, stage by stage, where not on a CPU.

    Raises:
        SpecError: if a side is too small for the deepest tap, or larger than any picture's.
    """
    least = smallest_side(spec.taps())

    def resolved(rule: Size, role: str, picture: PIL.Image.Image) -> tuple[int, int]:
        height, width = rule.resolve(height=picture.height, width=picture.width)
        if min(height, width) < least:
            raise SpecError(
                f"size = {str(rule)!r} makes the {role} picture {height}x{width}, which is too "
                f"small for the deepest tap: both sides need at least {least} pixels"
            )
        if max(height, width) > LARGEST:
            raise SpecError(
                f"size = {str(rule)!r} makes the {role} picture {height}x{width}: sides may have "
                f"up to {LARGEST} pixels"
            )
        return height, width

    contents = [resolved(Size.parse(stage.size), "content", content) for stage in spec.stages]
    rules = [
        size_rule(spec, number, ratio=max(size) / max(contents[-1]))
        for number, size in enumerate(contents)
    ]
    return tuple(
        StageSize(size, tuple(resolved(rule, "style", style) for style in styles))
        for size, rule in zip(contents, rules, strict=True)
    )


def _prepare(
    spec: Spec,
    request: Run,
    *,
    content: Source,
    styles: Sequence[StylePicture],
    mask: Mask | None,
    backend: str | Backend,
    weights: str | Weights,
    max_pixels: int,
    command: str,
    targets: TargetCache,
) -> Work:
    regions.check(mask, styles)
    pictures = [style.picture for style in styles]
    if not spec.depends_on_device():
        # Refused before a framework is loaded.
        stage_sizes(spec, content=content.picture, styles=pictures)
    begin = start.opened(spec.start, max_pixels=max_pixels)
    if isinstance(weights, str):
        weights_room.check(weights)
    found = registry.load(backend) if isinstance(backend, str) else backend
    device = registry.choose_device(found, request.device)
    # From here on, and in the recipe, the sizes are this device's: the picture's.
    spec = spec.on(device.name)
    sizes = stage_sizes(spec, content=content.picture, styles=pictures)
    _check_regions(spec, sizes, mask, styles)
    loaded = weights_room.load(weights) if isinstance(weights, str) else weights
    text = recipe.write(
        spec,
        request,
        backend_version=found.version,
        device=device,
        weights_checksum=loaded.checksum,
        command=command,
    )
    plan = Plan(
        spec=spec,
        sizes=tuple(size.content for size in sizes),
        backend=f"{found.name} {found.version}",
        device=device,
        weights=request.weights,
        weights_checksum=loaded.checksum,
        recipe=text,
        finish=Finish.of(request.output, content),
    )
    return Work(
        plan=plan,
        sizes=sizes,
        backend=found,
        weights=loaded,
        dtype=request.dtype,
        execution=request.execution,
        content=content.picture,
        styles=styles,
        start=begin,
        content_mask=mask,
        targets=targets,
    )


def _check_regions(
    spec: Spec,
    sizes: Sequence[StageSize],
    mask: Mask | None,
    styles: Sequence[StylePicture],
) -> None:
    """Find out whether every region has a style at every size, down to the deepest tap."""
    if mask is None or not spec.style.layers:
        return
    deepest = max((tap for tap, _ in spec.style.layers), key=TAPS.index)
    for size in sizes:
        guides = regions.style_guides(mask, styles, sizes=size.styles)
        regions.check_depth(
            regions.content_guides(mask, size=size.content),
            [(own, style.weight) for own, style in zip(guides, styles, strict=True)],
            tap=deepest,
            size=f"{size.content[0]}x{size.content[1]}",
        )


def _coloured(result: Result, content: PIL.Image.Image) -> Result:
    """Return the result with the content's colours, if that is what its spec asks for."""
    if result.plan.spec.colours != "content":
        return result
    return replace(result, image=colour.with_colours_of(content, result.image))


def _several(style: Picture | Sequence[Picture]) -> list[Picture]:
    # A path is a sequence too, of letters; and an array one of rows.
    if isinstance(style, str | Path | PIL.Image.Image | np.ndarray):
        return [style]
    return list(style)


def _point(resume: StrPath | Checkpoint | None) -> Checkpoint | None:
    if resume is None or isinstance(resume, Checkpoint):
        return resume
    return read_checkpoint(resume)


def _paths(pictures: Sequence[Picture]) -> list[str]:
    # A recipe that named only some of them would mean another picture.
    paths = [path for path in map(_path, pictures) if path is not None]
    return paths if len(paths) == len(pictures) else []


def _mask(picture: Picture | None, *, max_pixels: int) -> Mask | None:
    if picture is None:
        return None
    return Mask(_opened(picture, max_pixels=max_pixels).picture, "content mask")


def _path(picture: Picture) -> str | None:
    return str(picture) if isinstance(picture, str | Path) else None


def _opened(picture: Picture, *, max_pixels: int) -> Source:
    if isinstance(picture, PIL.Image.Image):
        return images.source(picture)
    if isinstance(picture, np.ndarray):
        return Source(picture=images.from_array(picture))
    return images.read_source(picture, max_pixels=max_pixels)
