"""A hook for stopwatches in the CPU engine, used by ``benchmarks/profile_step.py``.

Functions are marked where they are defined. A mark only registers the function, so it costs nothing
while no timer is installed. ``measured_by`` replaces each marked function by one that runs in a
context of the timer. Marked functions of modules must be called through their module
(``reductions.gram_matrix(...)``) or from within it; other references are not replaced.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Protocol, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
_Context = AbstractContextManager[None]
_Enter = Callable[["Timer", tuple[Any, ...]], _Context]

_marked: list[tuple[Callable[..., Any], _Enter]] = []
"""Every marked function, and what enters the timer's context for a call with some arguments."""


class Timer(Protocol):
    """Receives the begin and the end of every marked call, on whichever thread it runs."""

    def section(self, name: str) -> _Context:
        """Return the context of one layer's pass, as ``conv3_1 forward``; on the main thread."""
        ...

    def kernel(self, kind: str, *, collective: bool) -> _Context:
        """Return the context of one piece of work.

        Args:
            kind: The kind of work, as ``products``.
            collective: Whether it is called once and the workers compute for it meanwhile; other
                pieces are called on the workers themselves.
        """
        ...


def section(name: Callable[..., str]) -> Callable[[F], F]:
    """Mark a function as one layer's pass; ``name`` maps its arguments to the section's name."""
    return _mark(lambda timer, arguments: timer.section(name(*arguments)))


def kernel(kind: str, *, collective: bool = False) -> Callable[[F], F]:
    """Mark a function as one kind of work; see ``Timer.kernel``."""
    return _mark(lambda timer, _: timer.kernel(kind, collective=collective))


@contextmanager
def measured_by(timer: Timer) -> Iterator[None]:
    """Let ``timer`` measure all marked calls that are made inside; on one thread at a time."""
    with ExitStack() as stack:
        for function, enter in _marked:
            stack.enter_context(_replaced(function, enter, timer))
        yield


def _mark(enter: _Enter) -> Callable[[F], F]:
    def mark(function: F) -> F:
        _marked.append((function, enter))
        return function

    return mark


@contextmanager
def _replaced(function: Callable[..., Any], enter: _Enter, timer: Timer) -> Iterator[None]:
    *path, name = function.__qualname__.split(".")
    owner = functools.reduce(getattr, path, sys.modules[function.__module__])

    @functools.wraps(function)
    def measured(*arguments: Any, **named: Any) -> Any:
        with enter(timer, arguments):
            return function(*arguments, **named)

    setattr(owner, name, measured)
    try:
        yield
    finally:
        setattr(owner, name, function)
