"""``nst studio``: serves the page until Ctrl-C."""

from __future__ import annotations

import asyncio
import socket
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override

from nst_core.errors import NstError
from nst_core.studio.app import create_app
from nst_core.studio.events import Hub
from nst_core.studio.guard import Access, is_loopback
from nst_core.studio.store import Store
from nst_core.studio.studio import Studio

MAX_BYTES = 200 << 20
"""Uploads of more bytes are refused."""

MAX_PIXELS = 120_000_000
"""Pictures of more pixels are refused."""

_FIRST_PORT, _PORTS = 8650, 20
_MOST_CONNECTIONS = 512


class ServerError(NstError):
    """The studio can't listen there; one line."""


def serve_studio(
    directory: Path,
    *,
    host: str,
    port: int | None,
    password: str | None,
    opens_browser: bool,
    on_address: Callable[[str], None],
) -> None:
    """Serve a studio until Ctrl-C.

    Args:
        directory: The studio's directory.
        host: The address to listen at.
        port: The port; None for a free one from 8650 on.
        password: What people on other machines log in with; None for none.
        opens_browser: Whether to open the page in the browser of this machine.
        on_address: Called with the address to open.

    Raises:
        NstError: one line: the directory or the port can't be used.
    """
    store = Store(directory)
    try:
        listener = listen(host, port)
    except BaseException:
        store.close()
        raise
    access = Access(host=host, port=listener.getsockname()[1], password=password)

    async def run() -> None:
        studio = Studio(store, max_pixels=MAX_PIXELS)
        app = create_app(studio, access, max_bytes=MAX_BYTES, max_pixels=MAX_PIXELS)
        address = address_of(access)
        on_address(address)
        if opens_browser:
            asyncio.get_running_loop().call_later(0.2, _open, address)
        await server(app, studio.hub).serve(sockets=[listener])

    with suppress(KeyboardInterrupt):
        asyncio.run(run())


class StudioServer(uvicorn.Server):
    """A server that ends its streams before it waits for the connections to end.

    Args:
        config: As for Uvicorn.
        hub: Has the streams.
    """

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._hub.close()
        await super().shutdown(sockets)


def server(app: ASGIApp, hub: Hub) -> StudioServer:
    """Return the server of an application. It has no sockets and no access log.

    Args:
        app: The application.
        hub: The streams that end with the server.
    """
    config = uvicorn.Config(
        app,
        ws="none",
        log_level="error",
        access_log=False,
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=20,
        lifespan="on",
    )
    return StudioServer(config, hub)


def listen(host: str, port: int | None) -> socket.socket:
    """Return a socket that listens.

    Raises:
        ServerError: if that is not possible; one line.
    """
    ports = range(_FIRST_PORT, _FIRST_PORT + _PORTS) if port is None else [port]
    for candidate in [*ports, *([0] if port is None else [])]:
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            return socket.create_server((host, candidate), family=family, backlog=256)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
    raise ServerError(f"can't listen at {host}, port {port}: {reason}; give another --port")


def address_of(access: Access) -> str:
    """Return the address to open, with the token."""
    host = access.host
    if not is_loopback(host):
        host = socket.gethostname() if host in ("0.0.0.0", "::") else host
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{access.port}/?token={access.token}"


def _open(address: str) -> None:
    with suppress(Exception):  # no browser is no reason to end
        webbrowser.open(address)
