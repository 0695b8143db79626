"""A framework's words for memory that is not enough become one error of nst's own."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from nst_core.errors import OutOfMemoryError
from nst_core.system import memory

C = TypeVar("C", bound=type)

_CALLS = ("__init__", "features", "evaluate", "step", "losses", "image", "state", "restore")


def translates_out_of_memory(lack: Callable[[Exception], str | None]) -> Callable[[C], C]:
    """Decorate a backend's session: its framework's words for no memory become one line.

    Args:
        lack: Says what was asked for and what was there, in half a sentence, if an exception of
            the framework means that; None for any other, which is a bug and stays as it is.

    Returns:
        A decorator for the class. What its constructor and the calls of ``backend.Session`` raise
        for want of memory is an ``OutOfMemoryError`` then.
    """

    def decorate(session: C) -> C:
        for name in _CALLS:
            setattr(session, name, _wrap(getattr(session, name), lack))
        return session

    return decorate


def _wrap(call: Callable[..., Any], lack: Callable[[Exception], str | None]) -> Callable[..., Any]:
    @functools.wraps(call)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except MemoryError as error:  # NumPy's, on the way in or out
            raise OutOfMemoryError(memory.memory_error_message(error)) from error
        except Exception as error:
            what = lack(error)
            if what is None:
                raise
            raise OutOfMemoryError(f"the memory is not enough: {what}") from error

    return wrapped
