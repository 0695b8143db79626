"""``nst weights``."""

from __future__ import annotations

from pathlib import Path

import click

from nst_core import weights
from nst_core.cli.streams import say
from nst_core.system import files


@click.group("weights")
def command() -> None:
    """List the sources of VGG-19 weights, or export one."""


@command.command("list")
def list_sources() -> None:
    """List where weights can come from, and what is missing for a source to work."""
    for source in weights.sources():
        note = f"  [not here: {source.unavailable_reason}]" if source.unavailable_reason else ""
        say(f"{source.name:<14} {source.description}{note}")


@command.command("export")
@click.option("--weights", "source", default="bundled", show_default=True, metavar="SOURCE")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path))
def export(source: str, output: Path) -> None:
    """Write weights as safetensors: conv1_1.weight, conv1_1.bias, ..., for normalised RGB."""
    files.check_writable(output)
    loaded = weights.load(source)
    weights.save(loaded, output)
    say(f"{output}: {loaded.source}, sha256 {loaded.checksum}")
