"""``nst presets``."""

from __future__ import annotations

from collections.abc import Mapping

import click
from rich.table import Table

from nst_core.spec import Stage, presets
from nst_core.system import toml
from nst_core.terminal.streams import echo, echo_toml
from nst_core.terminal.tables import new_table, print_table


@click.command("presets")
@click.argument("name", required=False, help="Preset to print.")
@click.option("--diff", nargs=2, metavar="A B", help="Show where two presets differ.")
def command(name: str | None, diff: tuple[str, str] | None) -> None:
    """List the presets; with NAME, print that preset as TOML, to be edited and used as a config."""
    if diff is not None:
        if name is not None:
            raise click.UsageError("--diff takes two presets: name none besides")
        pairs = presets.differences(*diff)
        if pairs:
            print_table(_differences(*diff, pairs))
        else:
            echo(f"{diff[0]} and {diff[1]} compute the same")
    elif name is not None:
        echo_toml(toml.dumps(presets.load(name).to_table()))
    else:
        print_table(_listing())


def _listing() -> Table:
    rows = []
    for preset in presets.names():
        spec = presets.load(preset)
        sizes = ", ".join(_size(stage) for stage in spec.stages)
        steps = ", ".join(str(stage.steps) for stage in spec.stages)
        rows.append((preset, sizes, steps, spec.source))
    return new_table(("preset", "sizes", "steps", "from"), rows)


def _size(stage: Stage) -> str:
    return f"{stage.size} (cpu: {stage.size_on_cpu})" if stage.size_on_cpu else stage.size


def _differences(first: str, second: str, pairs: Mapping[str, tuple[str, str]]) -> Table:
    return new_table(("", first, second), ((field, *pair) for field, pair in pairs.items()))
