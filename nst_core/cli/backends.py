"""``nst backends``."""

from __future__ import annotations

import click

from nst_core.backend import registry
from nst_core.cli.streams import say
from nst_core.errors import BackendError


@click.command("backends")
def command() -> None:
    """List each backend: its version and devices, or why it can't be used."""
    for name in registry.names():
        try:
            backend = registry.load(name)
        except BackendError as error:
            say(f"{name}: {error}")
            continue
        devices = ", ".join(f"{one.name} ({one.description})" for one in backend.devices())
        say(f"{name} {backend.version}: {devices}")
