"""Connecting to a cluster, safely.

- Without an address Ray runs on this machine only: its servers listen on the loopback address.
- The dashboard, whose open interface has been used to run foreign code (CVE-2023-48022), is off.
- Token authentication is on. A cluster on this machine gets a token of its own; for another one the
  user has its token where Ray looks for it. ``RAY_AUTH_MODE``, set by the user, holds.
- Nothing is sent to Ray's makers.
- Ray would send the directory of a driver that runs under ``uv run`` to the cluster; that is off.
"""

from __future__ import annotations

import os
import secrets
import socket
from typing import Any

from nst_core.batch.executor import ExecutorError


def connect(address: str | None) -> Any:
    """Connect this process to a cluster and return the module ``ray``.

    Args:
        address: ``HOST:PORT`` of the cluster, or ``auto``: one that runs on this machine. None:
            starts one on this machine, which ends with this process.

    Raises:
        ExecutorError: one line: it can't be reached.
    """
    if address is not None and "://" in address:
        raise ExecutorError(
            f"--on ray:{address}: name the address of the cluster's head, HOST:PORT, or auto"
        )
    if address not in (None, "auto"):
        _check_listens(address)
    _prepare(local=address is None or _is_on_loopback_only(address))
    import ray  # noqa: PLC0415

    if ray.is_initialized():
        return ray
    for tries_left in reversed(range(_TRIES)):
        try:
            if address is None:
                ray.init(address="local", include_dashboard=False, **_OPTIONS)
            else:
                ray.init(address=address, **_OPTIONS)
            return ray
        # Ray raises errors of many types, also plain Exception: another version, another token, no
        # server, no answer.
        except Exception as error:
            # Ray gives a node 30 s to start, which a busy machine may not keep.
            if address is None and tries_left and "timed out during startup" in str(error):
                ray.shutdown()
                continue
            raise ExecutorError(_message(address, error)) from error
    raise AssertionError("the last try returns or raises")


def _message(address: str | None, error: Exception) -> str:
    reason = " ".join(str(error).split())[:300]
    if address is None:
        return f"Ray does not start on this machine: {reason}"
    return (
        f"no Ray cluster at {address}: {reason}; check the address, and that the cluster's token "
        "is in RAY_AUTH_TOKEN or ~/.ray/auth_token"
    )


_TRIES = 3
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_PATIENCE = 5.0

_OPTIONS: dict[str, Any] = {
    "configure_logging": False,
    "log_to_driver": False,
    "namespace": "nst",
}


def _check_listens(address: str) -> None:
    """Check that there is a server, which Ray would wait for during minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()
    except (OSError, ValueError) as error:
        raise ExecutorError(
            f"--on ray:{address}: nothing answers there ({error}); name the address of the "
            "cluster's head, HOST:PORT"
        ) from None


def _is_on_loopback_only(address: str) -> bool:
    """Whether a cluster was started here as ``connect(None)`` starts one.

    Ray would replace the loopback address by the one that other machines see.
    """
    host, _, port = address.rpartition(":")
    if host not in _LOOPBACK:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent; it picks this machine's address
            own = probe.getsockname()[0]
            socket.create_connection((own, int(port)), timeout=_PATIENCE).close()
        except OSError:
            return True
    return False


def _prepare(*, local: bool) -> None:
    """Set the variables that Ray reads when it is imported."""
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
    if local:
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        # Ray's name for: this node has the loopback address, and its servers listen only there.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
