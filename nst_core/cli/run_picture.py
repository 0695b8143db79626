"""``nst run``: from the values of the options to a saved picture."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from nst_core.cli import checkpoints, config_table, inputs
from nst_core.cli.dry_run import DryRun, check_memory, print_estimate
from nst_core.cli.limited_memory import supervise
from nst_core.cli.outputs import OutputFiles
from nst_core.cli.run_studio import check_extra
from nst_core.cli.signals import FirstStepObserver, Signals
from nst_core.run.checkpoint import Checkpoint
from nst_core.run.observers import Observer
from nst_core.run.prepared import PreparedRun
from nst_core.run.result import Interrupted, Result
from nst_core.run.transfer import transfer_run
from nst_core.spec import recipe
from nst_core.spec.recipe import Config
from nst_core.system import toml
from nst_core.system.names import display_path, shell_quote
from nst_core.terminal.progress import progress_observers
from nst_core.terminal.streams import echo, echo_path, warn


def run_picture(
    *,
    content: str | None,
    style: tuple[str, ...],
    output: Path | None,
    config: Path | None,
    preset: str | None,
    history: Path | None,
    log_every: int,
    plot: Path | None,
    save_every: int | None,
    checkpoint: Path | None,
    checkpoint_every: int,
    resume: Path | None,
    max_pixels: int,
    dry_run: bool,
    quiet: bool,
    live: bool,
    **options: object,
) -> None:
    """Paint one picture.

    Args:
        content: Path of the content picture; None for that of the config or the demo pair.
        style: Paths of the style pictures; likewise if empty.
        output: The picture to write; None for ``CONTENT-STYLE.png``.
        config: A config file or a recipe.
        preset: The name of a preset.
        history: The CSV file of the losses.
        log_every: Steps between two rows of the history.
        plot: The PNG file with the losses.
        save_every: Steps between two snapshots.
        checkpoint: The file of checkpoints.
        checkpoint_every: Steps between two checkpoints.
        resume: The checkpoint to resume from.
        max_pixels: Pictures with more pixels are refused.
        dry_run: Whether to print only an estimate.
        quiet: Whether to print nothing except errors.
        live: Whether to show the picture in the browser as it is painted.
        **options: Values of the options in ``spec_options``; None if an option was not given.

    Raises:
        NstError: one line.
        SystemExit: after a signal, or if the run ended early.
    """
    point = checkpoints.read(resume)
    settings = _settings(
        point, content=content, style=style, config=config, preset=preset, options=options
    )
    stems = "-".join(Path(path).stem for path in inputs.pictures(settings.run))
    values = checkpoints.from_checkpoint(
        point,
        {
            "output": output or Path(f"{stems}.png"),
            "history": history,
            "plot": plot,
            "save_every": save_every,
            "log_every": log_every,
            "max_pixels": max_pixels,
            "checkpoint_every": checkpoint_every,
        },
    )
    files = OutputFiles(
        picture=values["output"],
        history=values["history"],
        plot=values["plot"],
        save_every=values["save_every"],
        checkpoint=checkpoint or resume,
        output=settings.run.output,
    )
    files.check(inputs=inputs.files(settings, config=config))
    if live:
        check_extra("--live")
    stage_notes = supervise(files.picture)
    check = print_estimate if dry_run else check_memory

    def on_prepared(work: PreparedRun) -> None:
        if stage_notes:
            stage_notes.prepared(work)
        check(work)

    run = partial(
        transfer_run,
        settings.spec,
        settings.run,
        log_every=values["log_every"],
        max_pixels=values["max_pixels"],
        command=inputs.command_line(),
        on_prepared=on_prepared,
        checkpoint=checkpoints.writer(files.checkpoint, values=values, run=settings.run),
        resume=point,
    )
    with suppress(DryRun):
        observers = [
            *progress_observers(quiet=quiet, every=values["log_every"]),
            *([stage_notes] if stage_notes else []),
            *(_live_view(stems) if live and not dry_run else []),
        ]
        result = _run_and_save(run, observers, files)
        _warn_if_weights_differ(settings, result.plan.weights_checksum)
        if not quiet:
            echo_path(files.picture)


def _live_view(title: str) -> list[Observer]:
    """Serve a page that shows the run, and print its address."""
    from nst_core.studio.live import LiveView  # noqa: PLC0415 - the extra studio

    view = LiveView(title)
    echo(f"nst: live at {view.address}", err=True)
    return [view]


def _settings(
    point: Checkpoint | None,
    *,
    content: str | None,
    style: Sequence[str],
    config: Path | None,
    preset: str | None,
    options: Mapping[str, Any],
) -> Config:
    """Return spec and run, from the options, the config file or the checkpoint, and the preset."""
    settings = recipe.resolve(
        toml.read(config) if config else checkpoints.config_table(point, preset=preset),
        preset=preset,
        over=config_table.from_options(content=content, style=style, options=options),
        sizes=config_table.sizes(options),
        steps=config_table.steps(options),
        pyramid=config_table.pyramid(options),
    )
    return replace(settings, run=inputs.with_pictures(settings.run))


def _run_and_save(
    run: Callable[..., Result], observers: Sequence[Observer], files: OutputFiles
) -> Result:
    """Run, save the result, and exit here if the run was interrupted or ended early.

    Raises:
        SystemExit: after a signal, or if a loss was not finite or the memory not enough.
    """
    with Signals() as signals:
        try:
            result = run(
                observers=[FirstStepObserver(signals), *observers, *files.observers()],
                stop=signals.stopping,
            )
            interrupted = False
        except Interrupted as interruption:
            result, interrupted = interruption.result, True
        signals.saving()
        files.save(result)
    if interrupted:
        line = f"nst: interrupted; the picture reached so far is {display_path(files.picture)}"
        hint = (
            f"; go on by nst run --resume {shell_quote(files.checkpoint)}"
            if files.checkpoint
            else ""
        )
        echo(line + hint, err=True)
        sys.exit(signals.status)
    if result.note:
        echo(f"nst: error: {result.note}: {display_path(files.picture)}", err=True)
        sys.exit(2)
    return result


def _warn_if_weights_differ(settings: Config, checksum: str) -> None:
    """Warn if a recipe was run again with other weights than it was made with."""
    before = settings.made_with.get("weights_sha256")
    if before is not None and before != checksum:
        warn("the weights are not those that the recipe was made with; expect another picture")
