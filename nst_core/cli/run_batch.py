"""``nst batch``: from the values of the options to the pictures and their summary."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from nst_core import batch
from nst_core.batch import Job, JobRecord, summary
from nst_core.batch.inputs import find_inputs
from nst_core.batch.job import Naming
from nst_core.cli import config_table
from nst_core.cli.inputs import command_line
from nst_core.spec import recipe
from nst_core.system import toml
from nst_core.system.files import check_writable, display_path, ensure_directory
from nst_core.terminal.streams import echo, warn
from nst_core.terminal.tables import new_table, print_table


def run_batch(
    *,
    contents: tuple[str, ...],
    styles: tuple[str, ...],
    output_dir: Path,
    extension: str,
    jobs: int,
    content_masks: Path | None,
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
        output_dir: The directory of the output.
        extension: Of the pictures' names, without the dot.
        jobs: Number of processes.
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
    inputs = find_inputs(contents, recursive=recursive, output_dir=output_dir)
    planned = batch.plan(
        [one.path for one in inputs],
        [one.path for one in find_inputs(styles)],
        directory=output_dir,
        extension=extension,
        spec=settings.spec,
        run=settings.run,
        max_pixels=max_pixels,
        command=command_line(),
        content_masks=content_masks,
        naming=naming,
        subdirectories={one.path: one.subdirectory for one in reversed(inputs)},
    )
    for directory in dict.fromkeys((output_dir, *(Path(job.output).parent for job in planned))):
        ensure_directory(directory)
    for name in (summary.CSV, summary.JSON):
        check_writable(output_dir / name)
    interrupted, records = _run(planned, workers=jobs, quiet=quiet)
    summary.write(records, output_dir)
    if not quiet:
        _print(records)
    # A run that ended early has a reason too. It left a picture, but it is no success.
    failed = [record for record in records if record.status != "skipped" and record.reason]
    for record in failed:
        echo(f"nst: failed: {display_path(record.output)}: {record.reason}", err=True)
    if interrupted:
        echo(f"nst: interrupted; {len(records)} of {len(planned)} are done", err=True)
    sys.exit(130 if interrupted else 1 if failed else 0)


def _run(jobs: Sequence[Job], *, workers: int, quiet: bool) -> tuple[bool, list[JobRecord]]:
    """Run the jobs and print a line for each; return whether Ctrl-C ended it, and the records."""
    count, said = 0, set[str]()

    def on_record(record: JobRecord) -> None:
        nonlocal count
        count += 1
        style = f"{display_path(record.style)} ", f"{display_path(record.style)}: "
        if not quiet:
            outcome = {
                "done": f"done in {record.seconds:.0f} s",
                "skipped": "was done before",
                "failed": f"failed: {record.reason}",
            }[record.status]
            echo(f"{count}/{len(jobs)}  {display_path(record.output)}: {outcome}", err=True)
        for line in record.warnings:
            # About the style's file: once, not for each content.
            if not line.startswith(style):
                warn(f"{display_path(record.output)}: {line}")
            elif line not in said:
                said.add(line)
                warn(line)

    try:
        return False, batch.run_jobs(jobs, workers=workers, on_record=on_record)
    except batch.BatchInterrupted as interruption:
        return True, interruption.records


def _print(records: Sequence[JobRecord]) -> None:
    """Print one row per picture."""
    columns = ("picture", "", "size", "steps", "content", "style", "tv", "seconds", "note")
    print_table(new_table(columns, map(_row, records)))


def _row(record: JobRecord) -> tuple[str, ...]:
    losses = (record.content_loss, record.style_loss, record.tv_loss)
    return (
        display_path(Path(record.output).name),
        record.status,
        "x".join(map(str, record.size or ())),
        str(record.steps or ""),
        *("" if loss is None else f"{loss:.3g}" for loss in losses),
        f"{record.seconds:.1f}",
        record.reason,
    )
