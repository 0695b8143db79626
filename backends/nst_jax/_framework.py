"""What differs between versions of JAX, and the state of the process that JAX would change.

Every other module takes these from here. Nothing is set for the whole process: float64 is switched
on within the methods of a session only, and what JAX reads from the environment as it finds its
devices is set for that moment only.
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ParamSpec, TypeAlias, TypeVar

import jax

from nst_core.system import threads

P = ParamSpec("P")
R = TypeVar("R")

Tensor: TypeAlias = Any
"""A ``jax.Array``, or what stands for one while a function is traced."""

VERSION = tuple(int(part) for part in jax.__version__.split(".")[:2])
"""The version of JAX, as far as it matters here: (0, 4), (0, 12)."""


def _x64() -> AbstractContextManager[Any]:
    if hasattr(jax, "enable_x64"):
        context: AbstractContextManager[Any] = jax.enable_x64(True)
        return context
    from jax.experimental import enable_x64  # noqa: PLC0415  # gone from newer versions

    return enable_x64(True)


def with_float64(function: Callable[P, R]) -> Callable[P, R]:
    """Let ``function`` use float64, without which JAX rounds every array to float32.

    The switch applies to this thread, and only while the function runs.
    """

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        with _x64():
            return function(*args, **kwargs)

    return wrapped


@contextmanager
def _default_environment(**values: str) -> Iterator[None]:
    """Set variables of the environment in this context, unless the user has set them."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


@contextmanager
def _without_log_lines() -> Iterator[None]:
    """Silence JAX's logger, which says for example that a GPU is there that it can't use."""
    logger = logging.getLogger("jax")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _user_threads() -> dict[str, str]:
    """Return the number of threads that the user has set, under the name that XLA reads."""
    environment = dict(os.environ)
    threads.corrected(environment)
    number = environment.get("OMP_NUM_THREADS")
    return {} if number is None else {"NPROC": number}


def cpu_threads() -> int:
    """Return the number of threads that XLA computes with on the CPU."""
    given = os.environ.get("NPROC") or _user_threads().get("NPROC")
    if given is not None and given.isdecimal():
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache
def all_devices() -> Sequence[Any]:
    """Return the devices of JAX, the fastest kind first, and the CPU last.

    JAX prepares its devices here, unless the surrounding program has used them before. A GPU's
    memory is taken as it is needed then, not three quarters of it at once.
    """
    environment = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", **_user_threads()}
    with _default_environment(**environment), _without_log_lines():
        found = list(jax.devices())
        return (*(one for one in found if one.platform != "cpu"), *jax.devices("cpu")[:1])
