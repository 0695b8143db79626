"""Merging of a preset, a config file and options."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

# Their tables are values, not settings to be filled up: {relu1_1 = 2} means that tap alone.
_WHOLE = frozenset({"layers"})

# Under another `name` the fields mean something else, or nothing: L-BFGS has no betas.
_NAMED = frozenset({"optimiser"})

# Two ways to say the same: the one replaces the other.
_INSTEAD = MappingProxyType({"stages": "pyramid", "pyramid": "stages"})


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with the values of ``over`` in their places; neither is changed.

    A table of taps replaces the old one, and so does an optimiser of another name;
    a pyramid replaces stages, and stages a pyramid.
    """
    result = dict(base)
    for key, value in over.items():
        if key in _INSTEAD and _INSTEAD[key] not in over:
            result.pop(_INSTEAD[key], None)
        old = result.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping) and _fills_up(key, old, value):
            result[key] = merged(old, value)
        else:
            result[key] = value
    return result


def _fills_up(key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    if key in _NAMED:
        return "name" not in new or new["name"] == old.get("name")
    return key not in _WHOLE
