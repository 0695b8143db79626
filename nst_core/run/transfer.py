"""``transfer``: from pictures and a spec to a result.

``transfer`` is what a Python program calls. ``transfer_run`` is the same over a ``Spec`` and a
``[run]`` table, for the command line, for batches and for whoever has read a recipe.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import PIL.Image

from nst_core import images
from nst_core.backend import AUTOMATIC, Backend, Execution
from nst_core.errors import NstWarning, SpecError
from nst_core.images import DEFAULT_OUTPUT, DecodedPicture, Output
from nst_core.problem.style_cache import TargetCache
from nst_core.problem.styles import weighted_styles
from nst_core.problem.visibility import counting_alpha
from nst_core.run import loop
from nst_core.run.checkpoint import Checkpoint, CheckpointWriter
from nst_core.run.checkpoint import read as read_checkpoint
from nst_core.run.control import RunControl
from nst_core.run.observers import Observer
from nst_core.run.pictures import (
    Picture,
    Pictures,
    open_label_picture,
    open_mask,
    open_picture,
    sequence_of,
)
from nst_core.run.prepared import PreparedRun, prepare
from nst_core.run.recoloured_observer import Recolour, Recolouring
from nst_core.run.recolouring import Colouring, colouring
from nst_core.run.result import Interrupted, Result
from nst_core.spec import Spec, merging, presets, recipe
from nst_core.spec.recipe import Run
from nst_core.system import names
from nst_core.system.files import StrPath
from nst_core.weights import Weights


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
    output: Output = DEFAULT_OUTPUT,
    observers: Iterable[Observer] = (),
    log_every: int = 10,
    max_pixels: int = images.MAX_PIXELS,
    command: str = "nst_core.transfer",
    checkpoint: StrPath | CheckpointWriter | None = None,
    resume: StrPath | Checkpoint | None = None,
    stop: Callable[[], bool] | None = None,
    targets: TargetCache | None = None,
    on_prepared: Callable[[PreparedRun], None] | None = None,
) -> Result:
    """Paint ``content`` in the style of ``style``.

    Args:
        content: A path, a Pillow image, or an array (H, W, 3): uint8, or float in [0, 1].
        style: One such picture, or a list of several, whose statistics are blended.
        style_blend: The weight of each style in the blend; equal weights if it is empty.
        content_mask: A label picture of any size, one flat colour for each region.
        style_mask: A label picture for each style. A region takes its style from where the style's
            mask has the region's colour. Without style masks the first style is for the darkest
            region and the last style for the lightest.
        preset: The name of a preset; not used when ``spec`` is given.
        spec: The whole algorithm.
        overrides: Values that replace those of the preset or spec, as in a config file:
            ``{"style": {"weight": 2e4}}``.
        backend: The name of a registered backend, or a backend.
        weights: A source of weights (see ``nst_core.weights.load``), or weights already loaded.
        device: ``auto`` (the backend's fastest), ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        dtype: ``float32`` or ``float64``.
        execution: How it is computed.
        output: What ``Result.save`` writes into a file besides the pixels, and its bit depth.
        observers: Called at every step.
        log_every: Steps between two rows of the history. Each stage's first and last step always
            have one.
        max_pixels: Picture files of more pixels are refused.
        command: What the recipe names as the command that made the picture.
        checkpoint: A file for checkpoints, written every 100 steps; or a ``CheckpointWriter``.
        resume: A checkpoint, or its file, to resume from; all other arguments are as in the first
            call. On a CPU the result equals that of an uninterrupted run, bit for bit.
        stop: Called after every step. When it returns True, a checkpoint is written (if there are
            checkpoints) and ``Interrupted`` is raised, unless this was the last step.
        targets: A cache of style targets, shared by several calls. The result is the same to the
            bit with and without it.
        on_prepared: Called with the prepared run before the first stage begins, e.g. to estimate
            it by ``nst_core.run.estimate``. An exception that it raises ends the run.

    Warns:
        NstWarning: for each line of ``Plan.warnings``, before the first stage begins.

    Raises:
        NstError: for anything wrong with what was given; one line. ``CheckpointError``: the
            checkpoint to resume from is damaged or belongs to another run. ``NonFiniteError``: a
            loss or gradient was not finite before there was a picture; if there is a picture, the
            result's ``note`` says so instead.
        Interrupted: on Ctrl-C, with the result reached so far.
    """
    table = presets.table(preset) if spec is None else spec.to_table()
    pictures = Pictures(
        content=content,
        styles=sequence_of(style),
        content_mask=content_mask,
        style_masks=sequence_of(style_mask),
    )
    run = recipe.checked_run(
        {
            **pictures.paths(),
            "style_blend": tuple(map(float, style_blend)),
            "backend": backend if isinstance(backend, str) else backend.name,
            "weights": names.to_text(weights if isinstance(weights, str) else weights.source),
            "device": device,
            "dtype": dtype,
            **asdict(execution),
            **asdict(output),
        }
    )

    def prepared(work: PreparedRun) -> None:
        for line in work.plan.warnings:
            warnings.warn(line, NstWarning, stacklevel=4)  # where transfer was called
        if on_prepared:
            on_prepared(work)

    return transfer_run(
        Spec.from_table(merging.merged(table, overrides or {})),
        run,
        pictures=pictures,
        backend=backend,
        weights=weights,
        observers=observers,
        log_every=log_every,
        max_pixels=max_pixels,
        command=command,
        checkpoint=checkpoint,
        resume=resume,
        stop=stop,
        targets=targets,
        on_prepared=prepared,
    )


def transfer_run(
    spec: Spec,
    run: Run,
    *,
    pictures: Pictures | None = None,
    backend: str | Backend | None = None,
    weights: str | Weights | None = None,
    observers: Iterable[Observer] = (),
    log_every: int = 10,
    max_pixels: int = images.MAX_PIXELS,
    command: str = "nst_core.transfer_run",
    checkpoint: StrPath | CheckpointWriter | None = None,
    resume: StrPath | Checkpoint | None = None,
    stop: Callable[[], bool] | None = None,
    targets: TargetCache | None = None,
    on_prepared: Callable[[PreparedRun], None] | None = None,
) -> Result:
    """Do the run that ``spec`` and a ``[run]`` table describe.

    Args:
        spec: The algorithm.
        run: Everything else: pictures, backend, weights, device, dtype, execution, output.
        pictures: The pictures, where they are not the files that ``run`` names.
        backend: A backend that is loaded already; otherwise the one that ``run`` names is loaded.
        weights: Weights that are loaded already; otherwise the source that ``run`` names is loaded.
        observers: As in ``transfer``, like all the following arguments.
        log_every: See ``transfer``.
        max_pixels: See ``transfer``.
        command: See ``transfer``.
        checkpoint: See ``transfer``.
        resume: See ``transfer``.
        stop: See ``transfer``.
        targets: See ``transfer``.
        on_prepared: See ``transfer``.

    Raises:
        NstError, Interrupted: as ``transfer``.
    """
    start = read_checkpoint(resume) if isinstance(resume, str | os.PathLike) else resume
    writer = (
        CheckpointWriter(path=checkpoint)
        if isinstance(checkpoint, str | os.PathLike)
        else checkpoint
    )
    if writer:
        writer.check()
    pictures = pictures or Pictures.named_by(run)
    if not pictures.styles:
        raise SpecError("style = []: give at least one style picture")
    checksums = pictures.checksums(spec.start.file)
    # Pictures are read first: they take no time, frameworks take seconds.
    content = open_picture(pictures.content, max_pixels=max_pixels)
    styles = [open_picture(one, max_pixels=max_pixels) for one in pictures.styles]
    style_masks = [open_label_picture(one, max_pixels=max_pixels) for one in pictures.style_masks]
    notes = [note for one in (content, *styles, *style_masks) for note in one.notes]
    content, colours, alphas = _coloured_pictures(spec, run, content, styles)
    prepared = prepare(
        spec,
        run,
        content=replace(content, picture=colours.content),
        styles=weighted_styles(
            colours.styles,
            run.style_blend,
            [one.picture for one in style_masks],
            alphas,
        ),
        mask=open_mask(pictures.content_mask, max_pixels=max_pixels),
        backend=backend or run.backend,
        weights=weights or run.weights,
        max_pixels=max_pixels,
        command=command,
        checksums=checksums,
        targets=targets or TargetCache(),
        warnings=(*notes, *colours.warnings),
    )
    if on_prepared:
        on_prepared(prepared)
    control = RunControl(checkpoints=writer, resume=start, **({"stop": stop} if stop else {}))
    watchers = list(observers)
    recolour = colours.recolour(prepared.styles, prepared.content_mask, alpha=prepared.alpha)
    if recolour is not None:
        watchers = [Recolouring(watchers, recolour)]
    try:
        result = loop.run(prepared, observers=watchers, log_every=log_every, control=control)
    except Interrupted as interruption:
        raise Interrupted(_coloured(interruption.result, recolour)) from None
    return _coloured(result, recolour)


def _coloured_pictures(
    spec: Spec, run: Run, content: DecodedPicture, styles: Sequence[DecodedPicture]
) -> tuple[DecodedPicture, Colouring, list[PIL.Image.Image | None]]:
    """Return the content, the pictures in the colours of the run, and the alphas of the styles."""
    if spec.alpha == "leave-out":
        styles = [style.cut_out() for style in styles]
    if spec.alpha == "leave-out" or run.keep_alpha:
        content = content.cut_out()
    own, *alphas = (counting_alpha(one, alpha=spec.alpha) for one in (content, *styles))
    colours = colouring(
        spec.colours,
        content=content.picture,
        styles=[style.picture for style in styles],
        alphas=(own, *alphas),
    )
    return content, colours, alphas


def _coloured(result: Result, recolour: Recolour | None) -> Result:
    """Return the result in other colours; the result itself if it keeps its own."""
    return result if recolour is None else replace(result, image=recolour(result.image))
