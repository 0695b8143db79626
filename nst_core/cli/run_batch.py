"""``nst batch``: from the values of the options to the pictures and their summary."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from nst_core import batch
from nst_core.batch import executor
from nst_core.batch.inputs import Input, find_inputs, read_list
from nst_core.batch.plan import Naming
from nst_core.batch.table import Table
from nst_core.cli import config_table
from nst_core.cli.batch_report import Report
from nst_core.cli.inputs import command_line
from nst_core.errors import SpecError
from nst_core.run.checkpoint import DEFAULT_EVERY
from nst_core.spec import recipe
from nst_core.system import storage, toml
from nst_core.system.files import ensure_directory
from nst_core.terminal.streams import echo


def run_batch(
    *,
    contents: tuple[str, ...],
    styles: tuple[str, ...],
    output_dir: str,
    contents_from: str | None,
    extension: str,
    on: str,
    slots: int | None,
    cpus_per_job: float | None,
    gpus_per_job: float | None,
    checkpoint_every: int | None,
    content_masks: str | None,
    recursive: bool,
    naming: Naming,
    config: Path | None,
    preset: str | None,
    max_pixels: int,
    quiet: bool,
    **options: object,
) -> None:
    """Paint every content in every style.

    Args:
        contents: The content pictures: paths, directories and patterns.
        styles: The style pictures, likewise.
        output_dir: The directory of the output, or its URL.
        contents_from: A list of more content pictures.
        extension: Of the pictures' names, without the dot.
        on: Name of the engine, and its address.
        slots: Number of jobs that run at the same time.
        cpus_per_job: CPU cores of a job.
        gpus_per_job: GPUs of a job.
        checkpoint_every: Steps between two checkpoints; 0 for none; None for the engine's default.
        content_masks: A directory with one mask per content.
        recursive: Whether the directories below the directories of contents belong to them.
        naming: How the pictures are named.
        config: A config file or a recipe.
        preset: The name of a preset.
        max_pixels: Pictures with more pixels are refused.
        quiet: Whether to print nothing except errors.
        **options: Values of the options in ``spec_options``; None if an option was not given.

    Raises:
        NstError: one line.
        SystemExit: always. Status 1: some pictures failed. 130: Ctrl-C.
    """
    settings = recipe.resolve(
        toml.read(config) if config else {},
        preset=preset,
        over=config_table.from_options(content=None, style=(), options=options),
        sizes=config_table.sizes(options),
        steps=config_table.steps(options),
        pyramid=config_table.pyramid(options),
    )
    name, address = executor.parse(on)
    resources = executor.Resources(
        address=address, slots=slots, cpus_per_job=cpus_per_job, gpus_per_job=gpus_per_job
    )
    output_dir = storage.local(output_dir)
    inputs = _contents(contents, contents_from, recursive=recursive, output_dir=output_dir)
    planned = batch.plan(
        [one.path for one in inputs],
        [one.path for one in find_inputs(styles)],
        directory=output_dir,
        extension=extension,
        spec=settings.spec,
        run=settings.run,
        max_pixels=max_pixels,
        command=command_line(),
        content_masks=None if content_masks is None else storage.local(content_masks),
        naming=naming,
        subdirectories={one.path: one.subdirectory for one in reversed(inputs)},
        checkpoint_every=_checkpoint_every(checkpoint_every, name=name),
        batch=secrets.token_hex(8),
    )
    engine = executor.load(name)(resources)
    ensure_directory(output_dir or os.curdir)
    if not storage.is_url(output_dir):  # a store has no directories
        for directory in dict.fromkeys(map(os.path.dirname, planned.outputs())):
            ensure_directory(directory or os.curdir)
    table = Table(output_dir)
    table.check()
    report = Report(table, total=len(planned), quiet=quiet)
    interrupted = False
    try:
        batch.run_batch(planned, engine, report)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        table.write()
    report.print_end()
    table.close()
    if interrupted:
        echo(f"nst: interrupted; {report.ended_jobs} of {len(planned)} are done", err=True)
    sys.exit(130 if interrupted else 1 if report.failed else 0)


def _contents(
    arguments: tuple[str, ...], listed: str | None, *, recursive: bool, output_dir: str
) -> list[Input]:
    """Return the content pictures.

    Raises:
        SpecError: one line: there are none, or an argument stands for none.
    """
    found = find_inputs(arguments, recursive=recursive, output_dir=output_dir)
    if listed is not None:
        found += map(Input, read_list(storage.local(listed)))
    if not found:
        raise SpecError("no CONTENTS: name pictures, directories or patterns, or --contents-from")
    return found


def _checkpoint_every(steps: int | None, *, name: str) -> int | None:
    """Return the steps between two checkpoints; None for none."""
    if steps is None:
        return None if name == executor.LOCAL else DEFAULT_EVERY
    return steps or None
