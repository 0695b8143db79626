"""``nst backends``."""

from __future__ import annotations

import click

from nst_core.backend import registry
from nst_core.errors import BackendError, OutOfMemoryError
from nst_core.terminal.streams import echo


@click.command("backends")
def command() -> None:
    """List each backend with its version and devices, or the reason why it can't be used."""
    for name in registry.names():
        try:
            backend = registry.load(name)
        except (BackendError, OutOfMemoryError) as error:
            echo(f"{name}: {error}")
            continue
        devices = ", ".join(f"{one.name} ({one.description})" for one in backend.devices())
        echo(f"{name} {backend.version}: {devices}")
