"""Turns the out-of-memory errors of a framework into nst's own ``OutOfMemoryError``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from nst_core.errors import OutOfMemoryError
from nst_core.system import memory

C = TypeVar("C", bound=type)

_METHODS = (
    "__init__",
    "features",
    "evaluate",
    "match",
    "step",
    "losses",
    "image",
    "style_targets",
    "state",
    "restore",
)


def translates_out_of_memory(
    out_of_memory_message: Callable[[Exception], str | None],
) -> Callable[[C], C]:
    """Decorate a backend's session: a framework's out-of-memory error becomes one line.

    Args:
        out_of_memory_message: Called with every exception of a session. If the exception means
            that the memory was not enough, it returns what was requested and what was available,
            as half a sentence. Otherwise it returns None. Such an exception is a bug, and is
            raised unchanged.

    Returns:
        A decorator for the class. Its constructor and the methods of ``backend.Session`` then
        raise ``OutOfMemoryError`` where the framework, NumPy or Python ran out of memory.
    """

    def decorate(session: C) -> C:
        for name in _METHODS:
            setattr(session, name, _wrap(getattr(session, name), out_of_memory_message))
        return session

    return decorate


def _wrap(
    method: Callable[..., Any], out_of_memory_message: Callable[[Exception], str | None]
) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        except MemoryError as error:  # raised by NumPy, for arrays that go in or come out
            raise OutOfMemoryError(memory.memory_error_message(error)) from error
        except Exception as error:
            message = out_of_memory_message(error)
            if message is None:
                raise
            raise OutOfMemoryError(f"the memory is not enough: {message}") from error

    return wrapped
