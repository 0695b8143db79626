"""``nst studio``: from the values of the options to a studio that is served."""

from __future__ import annotations

import ipaddress
import os
from importlib.util import find_spec
from pathlib import Path

import click

from nst_core.errors import NstError, SpecError
from nst_core.terminal.streams import echo, warn

PACKAGES = ("starlette", "uvicorn")


def check_extra(what: str) -> None:
    """Check that the packages of the extra ``studio`` are installed.

    Args:
        what: What needs them, for the message.

    Raises:
        NstError: one line that says what to install.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise NstError(
            f"{what} needs the package {' and '.join(missing)}, which is not installed: "
            "pip install 'nst[studio]'"
        )


def run_studio(
    *,
    directory: Path,
    port: int | None,
    no_browser: bool,
    host: str,
    password: bool,
    i_know: bool,
) -> None:
    """Serve a studio until Ctrl-C.

    Args:
        directory: The studio's directory.
        port: The port; None for a free one.
        no_browser: Whether to open no browser.
        host: The address to listen at.
        password: Whether people on other machines log in with a password.
        i_know: Whether other machines may come in without a password.

    Raises:
        NstError: one line.
    """
    check_extra("nst studio")
    _check_host(host, password=password, i_know=i_know)
    secret = _password() if password else None
    from nst_core.studio.server import serve_studio  # noqa: PLC0415 - the extra

    def on_address(address: str) -> None:
        echo(f"nst studio: {address}")
        echo("Ctrl-C ends it. What is being painted goes on next time.", err=True)

    serve_studio(
        directory,
        host=host,
        port=port,
        password=secret,
        opens_browser=not no_browser,
        on_address=on_address,
    )


def _password() -> str:
    """Return the password, from the environment or the terminal: a command line can be read.

    Raises:
        SpecError: if it is empty.
    """
    text = os.environ.get("NST_STUDIO_PASSWORD")
    if text is None:
        text = str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    if not text.strip():
        raise SpecError("NST_STUDIO_PASSWORD is empty: set a password")
    return text


def _check_host(host: str, *, password: bool, i_know: bool) -> None:
    """Check that other machines are let in only if that is meant.

    Raises:
        SpecError: one line.
    """
    try:
        is_own = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_own = False
    if is_own:
        return
    if not password and not i_know:
        raise SpecError(
            f"--host {host} lets other machines in: add --password, or --i-know if the network is "
            "yours alone"
        )
    warn("the page is not encrypted: others in this network can read along, the password too")
