"""The specs that ship with nst: one TOML file per preset, with its source.

To add a preset, add ``NAME.toml`` here; there is no list to register it in. It needs

- ``source``: where the algorithm is published. A preset of nst itself begins with "nst's own";
- ``description``: how it differs from d2l, with the words "from d2l";
- the tables of a ``Spec``; copy those of another preset.

``tests/core/spec/test_presets.py`` and ``tests/documents`` hold every preset against its document,
except those whose source begins with "nst's own".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

from nst_core.errors import SpecError
from nst_core.spec import Spec
from nst_core.system import toml

DEFAULT = "best"
"""The preset that is used if none is named."""

REFERENCE = "d2l"
"""The preset for comparing backends: one stage, whose last image is the result."""


def names() -> tuple[str, ...]:
    """Return the names of all presets, sorted."""
    files = resources.files(__name__).iterdir()
    return tuple(sorted(file.name[:-5] for file in files if file.name.endswith(".toml")))


def table(name: str) -> dict[str, Any]:
    """Return a preset as the table that its TOML file holds, with its name.

    Raises:
        SpecError: if there is no preset of that name.
    """
    if name not in names():
        raise SpecError(f"unknown preset {name!r}: known are {', '.join(names())}")
    text = (resources.files(__name__) / f"{name}.toml").read_text(encoding="utf-8")
    return {"name": name, **toml.loads(text, origin=f"preset {name}")}


def load(name: str) -> Spec:
    """Return a preset as a spec.

    Raises:
        SpecError: if there is no preset of that name.
    """
    return Spec.from_table(table(name))


def differences(first: str, second: str) -> dict[str, tuple[str, str]]:
    """Return the fields in which two presets differ, as ``spec_differences`` does.

    Raises:
        SpecError: if there is no preset of one of the names.
    """
    return spec_differences(load(first), load(second))


def spec_differences(first: Spec, second: Spec) -> dict[str, tuple[str, str]]:
    """Return the fields in which two specs differ: field -> its two values as text.

    A field is named as in ``stages.0.size``. A value is ``-`` if the spec has no such field. Name,
    source and description are not compared, because they do not change what is computed.
    """
    left, right = (dict(_flattened(_computed(spec))) for spec in (first, second))
    pairs = {
        field: (left.get(field, "-"), right.get(field, "-"))
        for field in dict.fromkeys((*left, *right))
    }
    return {field: pair for field, pair in pairs.items() if pair[0] != pair[1]}


def _computed(spec: Spec) -> dict[str, Any]:
    return spec.model_dump(mode="json", exclude={"name", "source", "description"})


def _flattened(value: object, field: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        items = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        items = [(str(index), item) for index, item in enumerate(value)]
    elif isinstance(value, list):
        yield field, ", ".join(str(item) for item in value)
        return
    else:
        short = f"{value:g}" if isinstance(value, float) else str(value)
        is_exact = not isinstance(value, float) or float(short) == value
        yield field, short if is_exact else str(value)
        return
    for key, item in items:
        yield from _flattened(item, f"{field}.{key}" if field else key)
