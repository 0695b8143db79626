"""``nst recipe``."""

from __future__ import annotations

import click

from nst_core import images
from nst_core.terminal.streams import echo_toml


@click.command("recipe")
@click.argument("file", help="Picture that nst has painted.")
def command(file: str) -> None:
    """Print how the picture FILE was made, as TOML that `nst run --config` takes."""
    echo_toml(images.read_recipe(file))
