"""Specs that ship with nst, one TOML file each, saying where it comes from."""

from __future__ import annotations

from importlib import resources
from typing import Any

from nst_core import toml
from nst_core.errors import SpecError
from nst_core.spec import Spec

DEFAULT = "d2l"


def names() -> tuple[str, ...]:
    """Return the names of all presets, sorted."""
    files = resources.files(__name__).iterdir()
    return tuple(sorted(file.name[:-5] for file in files if file.name.endswith(".toml")))


def table(name: str) -> dict[str, Any]:
    """Return a preset as plain data.

    Raises:
        SpecError: if there is none of that name.
    """
    if name not in names():
        raise SpecError(f"unknown preset {name!r}: known are {', '.join(names())}")
    text = (resources.files(__name__) / f"{name}.toml").read_text(encoding="utf-8")
    return {"name": name, **toml.loads(text, origin=f"preset {name}")}


def load(name: str) -> Spec:
    """Return a preset as a spec."""
    return Spec.from_table(table(name))
