"""``nst batch``: many contents in many styles."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from nst_core import batch
from nst_core.batch import Job, Record, table
from nst_core.cli import inputs, overrides
from nst_core.cli.streams import say
from nst_core.spec import recipe
from nst_core.system import toml
from nst_core.system.files import check_writable, ensure_directory

# What belongs to several styles at once.
_NOT_TAKEN = {"style_blend": None}


@click.command("batch", context_settings={"max_content_width": 100})
@click.argument("contents", nargs=-1, required=True)
@click.option("--style", "styles", multiple=True, required=True, metavar="FILE", help="Repeatable.")
@click.option("--output-dir", type=click.Path(path_type=Path), required=True, metavar="DIR")
@click.option(
    "--format",
    "ending",
    type=click.Choice(["png", "jpg", "webp", "tif"]),
    default="png",
    show_default=True,
)
@click.option(
    "--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes at a time."
)
@inputs.algorithm
@overrides.options
@click.option(
    "--content-masks",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where each content has a mask of its own, of the same name.",
)
@overrides.output_options
@inputs.max_pixels
@click.option("-q", "--quiet", is_flag=True, help="Print errors alone, not what is done.")
def command(
    contents: tuple[str, ...],
    styles: tuple[str, ...],
    output_dir: Path,
    ending: str,
    jobs: int,
    content_masks: Path | None,
    config: Path | None,
    preset: str | None,
    max_pixels: int,
    quiet: bool,
    **options: object,
) -> None:
    """Paint every one of the pictures CONTENTS in every style, into DIR/CONTENT-STYLE.png.

    A picture that fails doesn't stop the others. Run again, the same command skips what is there
    already, made the same way from the same pictures; other options make it anew. DIR also gets
    what became of each, as batch.csv and batch.json. Exit status 1: some failed.
    """
    settings = recipe.resolve(
        toml.read(config) if config else {},
        preset=preset,
        over=overrides.table(content=None, style=(), options={**options, **_NOT_TAKEN}),
        sizes=overrides.sizes(options),
        steps=overrides.steps(options),
        pyramid=overrides.pyramid(options),
    )
    planned = batch.plan(
        contents,
        styles,
        directory=output_dir,
        ending=ending,
        spec=settings.spec,
        run=settings.run,
        max_pixels=max_pixels,
        command=inputs.command_line(),
        content_masks=content_masks,
    )
    ensure_directory(output_dir)
    for name in (table.CSV, table.JSON):
        check_writable(output_dir / name)
    status, records = _run(planned, workers=jobs, quiet=quiet)
    table.write(records, output_dir)
    if not quiet:
        _print(records)
    # A run that its numbers ended has left a picture, and is no success.
    failed = [record for record in records if record.status != "skipped" and record.reason]
    for record in failed:
        say(f"nst: failed: {record.output}: {record.reason}", err=True)
    if status == 130:
        say(f"nst: interrupted; {len(records)} of {len(planned)} are done", err=True)
    sys.exit(status or (1 if failed else 0))


command.params = [param for param in command.params if param.name not in _NOT_TAKEN]


def _run(jobs: Sequence[Job], *, workers: int, quiet: bool) -> tuple[int, list[Record]]:
    """Do the jobs and say so; return the exit status so far, and the records."""
    done = 0

    def tell(record: Record) -> None:
        nonlocal done
        done += 1
        if not quiet:
            what = {
                "done": f"done in {record.seconds:.0f} s",
                "skipped": "was done before",
                "failed": f"failed: {record.reason}",
            }[record.status]
            say(f"{done}/{len(jobs)}  {record.output}: {what}", err=True)

    try:
        return 0, batch.run(jobs, workers=workers, tell=tell)
    except batch.Interrupted as interruption:
        return 130, interruption.records


def _print(records: Sequence[Record]) -> None:
    shown = Table(box=None, header_style="bold")
    for column in ("picture", "", "size", "steps", "content", "style", "tv", "seconds", "note"):
        shown.add_column(column, overflow="fold")
    for record in records:
        losses = (record.content_loss, record.style_loss, record.tv_loss)
        shown.add_row(
            Path(record.output).name,
            record.status,
            "x".join(map(str, record.size or ())),
            str(record.steps or ""),
            *("" if loss is None else f"{loss:.3g}" for loss in losses),
            f"{record.seconds:.1f}",
            record.reason,
        )
    console = Console()
    if not console.is_terminal:
        # Into a file or a pipe nothing is broken over lines.
        console = Console(width=10_000)
    console.print(shown)
