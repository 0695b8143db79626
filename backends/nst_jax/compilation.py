"""Compiled functions: one for each program and each size of its arrays, shared by all sessions."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import jax

from nst_core.backend.notices import notify
from nst_jax.compile_cache import kept_on_disk
from nst_jax.program import Program

MOST = 128
"""The number of compiled functions that a process keeps; the one that was unused longest goes."""

_compiled: OrderedDict[Hashable, Any] = OrderedDict()
_lock = threading.RLock()


def call(
    function: Callable[..., Any], program: Program, *arguments: Any, donated: int | None = None
) -> Any:
    """Return ``function(program, *arguments)``, compiled before its first call.

    Args:
        function: A pure function.
        program: Its static argument.
        arguments: Trees of arrays and of numbers.
        donated: The number of the argument, counted from 0, whose memory the result may take over.
    """
    leaves, tree = jax.tree_util.tree_flatten(arguments)
    key = (function, program, donated, tree, tuple(map(_signature, leaves)))
    with _lock:
        if key not in _compiled:
            _compiled[key] = _compile(function, program, arguments, donated)
            while len(_compiled) > MOST:
                _compiled.popitem(last=False)
        _compiled.move_to_end(key)
        compiled = _compiled[key]
    return compiled(*arguments)


def _compile(
    function: Callable[..., Any], program: Program, arguments: Any, donated: int | None
) -> Any:
    notify(f"JAX compiles {function.__name__.replace('_', ' ')}, which takes some seconds")
    jitted = jax.jit(
        function, static_argnums=0, donate_argnums=() if donated is None else donated + 1
    )
    lowered = jitted.lower(program, *arguments)
    with kept_on_disk():
        return lowered.compile()


def _signature(leaf: Any) -> Hashable:
    if isinstance(leaf, float):
        return float
    return leaf.shape, str(leaf.dtype), leaf.sharding
