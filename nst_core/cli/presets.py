"""``nst presets``."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from nst_core import presets, toml


@click.command("presets")
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List the presets; with NAME, print that one as TOML, to be changed and used as a config."""
    if name is not None:
        click.echo(toml.dumps(presets.load(name).to_table()), nl=False)
        return
    table = Table(box=None, header_style="bold")
    for column in ("preset", "sizes", "steps", "from"):
        table.add_column(column)
    for preset in presets.names():
        spec = presets.load(preset)
        table.add_row(
            preset,
            ", ".join(stage.size for stage in spec.stages),
            ", ".join(str(stage.steps) for stage in spec.stages),
            spec.source,
        )
    Console().print(table)
