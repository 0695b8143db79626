"""``nst compare``: backends or presets on the same pictures, each in a process of its own."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from nst_core import demo, images, recipe, registry, toml
from nst_core.cli import overrides
from nst_core.compare import contest, processes
from nst_core.compare.job import Contestant, Setting
from nst_core.compare.tables import markdown
from nst_core.errors import BackendError, SpecError
from nst_core.recipe import Config

_PATH = click.Path(path_type=Path)


@click.command("compare", context_settings={"max_content_width": 100})
@click.argument("content", required=False)
@click.argument("style", required=False)
@click.option("--output-dir", type=_PATH, required=True, metavar="DIR", help="Made if missing.")
@click.option("--backends", metavar="NAME,...", help="All that are usable here, by default.")
@click.option("--presets", metavar="NAME,...", help="Compare these presets; see `nst presets`.")
@click.option("--config", type=_PATH, help="TOML with a spec's tables and [run]; or a recipe.")
@click.option("--preset", metavar="NAME", help="The algorithm; see `nst presets`.")
@overrides.options
@click.option(
    "--log-every",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Steps between two lines of progress.",
)
@click.option(
    "--max-pixels",
    type=click.IntRange(min=1),
    default=images.MAX_PIXELS,
    show_default=True,
    help="Refuse pictures of more pixels.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print the report and errors, no progress.")
def command(
    content: str | None,
    style: str | None,
    output_dir: Path,
    backends: str | None,
    presets: str | None,
    config: Path | None,
    preset: str | None,
    log_every: int,
    max_pixels: int,
    quiet: bool,
    **options: object,
) -> None:
    """Run backends on the pictures CONTENT and STYLE, one after the other, and compare them.

    DIR gets the pictures, sheet.png, losses.png, report.json and report.html; the report is also
    printed as Markdown. Exit status 1 says that backends disagree beyond the tolerances. Results
    of different presets are shown side by side, and not judged. Without pictures, the demo pair
    that comes with nst is used.
    """
    names = _names("presets", presets) if presets is not None else [preset]
    if presets is not None and preset is not None:
        raise SpecError("--preset and --presets: give one of them")
    table = toml.read(config) if config else {}
    over = overrides.table(content=content, style=style, options={**options, "backend": None})
    stages = {"sizes": overrides.sizes(options), "steps": overrides.steps(options)}
    settings = [recipe.resolve(table, preset=name, over=over, **stages) for name in names]
    tell = _silence if quiet else _tell
    with contest.workplace(output_dir) as workplace:
        one = contest.Contest(
            contestants=_contestants(settings, _listed(backends)),
            setting=_setting(settings[0], log_every, max_pixels, quiet),
            directory=output_dir,
        )
        one.check()
        found = _usable(one, explicit=backends is not None, workplace=workplace)
        report = contest.run(found, workplace=workplace, tell=tell)
    click.echo(markdown(report))
    for deviation in report.disagreements:
        click.echo(f"nst: backends disagree: {deviation.line}", err=True)
    sys.exit(1 if report.disagreements else 0)
