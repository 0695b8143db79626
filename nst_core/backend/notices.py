"""Notices of a backend: what it is busy with while nothing else tells the user, as compiling.

A backend calls ``notify``. Whoever runs it listens; a program that does not listen sees nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[str], None]

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def notify(text: str) -> None:
    """Tell whoever listens, before work begins that takes seconds.

    Args:
        text: One line without its end, such as ``compiling for 300x450``.
    """
    listener = _listener.get()
    if listener is not None:
        listener(text)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call ``listener`` with each notice inside; on this thread."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
