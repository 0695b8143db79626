"""How a preset, a config file and command-line options are merged into one table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

# A new table replaces the old one: {relu1_1 = 2} means that tap alone.
_REPLACED_TABLES = frozenset({"layers"})

# A table with another `name` replaces the old one, whose fields may not exist: L-BFGS has no betas.
_TABLES_WITH_NAME = frozenset({"optimiser"})

# Two ways to give the same thing: each replaces the other.
_ALTERNATIVES = MappingProxyType({"stages": "pyramid", "pyramid": "stages"})


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with the values of ``over``; neither argument is changed.

    Tables are merged key by key, except that:

    - A table of layers replaces the old one.
    - An optimiser of another name replaces the old one.
    - A pyramid replaces stages, and stages replace a pyramid.
    """
    result = dict(base)
    for key, value in over.items():
        if key in _ALTERNATIVES and _ALTERNATIVES[key] not in over:
            result.pop(_ALTERNATIVES[key], None)
        old = result.get(key)
        if (
            isinstance(old, Mapping)
            and isinstance(value, Mapping)
            and _merges_into(key, old, value)
        ):
            result[key] = merged(old, value)
        else:
            result[key] = value
    return result


def _merges_into(key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether the table ``new`` is merged into the table ``old``, and does not replace it."""
    if key in _TABLES_WITH_NAME:
        return "name" not in new or new["name"] == old.get("name")
    return key not in _REPLACED_TABLES
