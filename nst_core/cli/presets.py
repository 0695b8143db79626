"""``nst presets``."""

from __future__ import annotations

from collections.abc import Mapping

import click
from rich.console import Console
from rich.table import Table

from nst_core.cli.streams import say
from nst_core.spec import Stage, presets
from nst_core.system import toml


@click.command("presets")
@click.argument("name", required=False)
@click.option("--diff", nargs=2, metavar="A B", help="Show where two presets differ.")
def command(name: str | None, diff: tuple[str, str] | None) -> None:
    """List the presets; with NAME, print that one as TOML, to be changed and used as a config."""
    if diff is not None:
        if name is not None:
            raise click.UsageError("--diff takes two presets: name none besides")
        pairs = presets.differences(*diff)
        if pairs:
            _print(_differences(*diff, pairs))
        else:
            say(f"{diff[0]} and {diff[1]} compute the same")
    elif name is not None:
        say(toml.dumps(presets.load(name).to_table()), nl=False)
    else:
        _print(_listing())


def _print(table: Table) -> None:
    console = Console()
    if not console.is_terminal:
        # Into a file or a pipe nothing is broken over lines.
        console = Console(width=10_000)
    console.print(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _listing() -> Table:
    table = _table("preset", "sizes", "steps", "from")
    for preset in presets.names():
        spec = presets.load(preset)
        sizes = ", ".join(_size(stage) for stage in spec.stages)
        steps = ", ".join(str(stage.steps) for stage in spec.stages)
        table.add_row(preset, sizes, steps, spec.source)
    return table


def _size(stage: Stage) -> str:
    return f"{stage.size} (cpu: {stage.size_on_cpu})" if stage.size_on_cpu else stage.size


def _differences(first: str, second: str, pairs: Mapping[str, tuple[str, str]]) -> Table:
    table = _table("", first, second)
    for field, pair in pairs.items():
        table.add_row(field, *pair)
    return table
