"""The fields of a spec and of a ``[run]`` table, as data from which the page makes its form.

Nothing is listed here: names, kinds, choices and help come from the classes and their docstrings,
so a new field of the spec is in the page as soon as it exists.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from nst_core.backend import registry
from nst_core.spec import Spec, Start
from nst_core.spec.fields import Layers, SpecTable
from nst_core.spec.recipe import Run
from nst_core.studio.records import Value
from nst_core.weights import catalogue

_BY_OTHER_CONTROLS = frozenset({"name", "source", "description", "stages", "pyramid"})
_PICTURES = frozenset({"content", "style", "style_blend", "content_mask", "style_mask"})
_WORD = re.compile(r"``([a-z][a-z0-9-]*)``")
_SEE = re.compile(r"[:;]? ?\b[Ss]ee ``nst_core[^`]*``\.?")
_SECTION = re.compile(r"^\s*Attributes:\n(.*?)(?:\n\s*\n|\Z)", re.DOTALL | re.MULTILINE)
_ENTRY = re.compile(r"^ *(\w+): (.*?)(?=^ *\w+: |\Z)", re.DOTALL | re.MULTILINE)


class FormField(BaseModel):
    """A field of the form.

    Attributes:
        path: For example ``style.scale``.
        kind: ``number``, ``integer``, ``flag``, ``choice``, ``layers`` or ``text``.
        value: What it is without the user.
        choices: What a choice offers; "" leaves it to nst.
        help: What it means.
    """

    path: str
    kind: Literal["number", "integer", "flag", "choice", "layers", "text"]
    value: Value
    choices: tuple[str, ...] = ()
    help: str = ""


def spec_fields(spec: Spec) -> list[FormField]:
    """Return the fields of a spec, except those that have controls of their own."""
    return [_with_choices(one, "start.image", start_words()) for one in _fields(spec, "")]


def run_fields(run: Run) -> list[FormField]:
    """Return the fields of a ``[run]`` table, except the pictures."""
    fields = [one for one in _fields(run, "run.") if one.path[4:] not in _PICTURES]
    fields = [_with_choices(one, "run.backend", backend_names()) for one in fields]
    return [_with_choices(one, "run.weights", weights_words()) for one in fields]


@cache
def backend_names() -> tuple[str, ...]:
    """Return the names of the backends, looked up once: it means reading what is installed."""
    return registry.names()


@cache
def start_words() -> tuple[str, ...]:
    """Return the words that ``start.image`` may be; everything else names a file."""
    words = _WORD.findall(_sections(Start).get("image", ""))
    return tuple(word for word in dict.fromkeys(words) if Start(image=word).file is None)


@cache
def weights_words() -> tuple[str, ...]:
    """Return the sources of weights that are no files."""
    names = (source.name.partition("[")[0] for source in catalogue.sources())
    return tuple(name for name in names if name.isalpha() and name.islower())


def _with_choices(field: FormField, path: str, choices: tuple[str, ...]) -> FormField:
    """Return a field; the one of this path as a choice."""
    if field.path != path:
        return field
    return field.model_copy(update={"kind": "choice", "choices": choices})


def layers_text(layers: Layers) -> str:
    """Return taps with their weights as ``relu1_1, relu2_1=0.5``."""
    return ", ".join(tap if weight == 1 else f"{tap}={weight:g}" for tap, weight in layers)


def _fields(table: BaseModel, prefix: str) -> Iterator[FormField]:
    helps = _helps(type(table))
    for name, info in type(table).model_fields.items():
        value, path = getattr(table, name), f"{prefix}{name}"
        if name in _BY_OTHER_CONTROLS:
            continue
        if isinstance(value, SpecTable):
            yield from _tags(info.annotation, value, f"{path}.name")
            yield from _fields(value, f"{path}.")
        elif info.annotation == Layers:
            yield FormField(
                path=path, kind="layers", value=layers_text(value), help=helps.get(name, "")
            )
        else:
            kind, choices = _kind(info.annotation)
            if kind is not None:
                shown = "" if value is None else value
                yield FormField(
                    path=path, kind=kind, value=shown, choices=choices, help=helps.get(name, "")
                )


def _tags(annotation: Any, value: SpecTable, path: str) -> Iterator[FormField]:
    """Yield the choice between several tables, such as the optimisers."""
    tables = [one for one in _alternatives(annotation) if isinstance(one, type)]
    names = [
        tag
        for one in tables
        if issubclass(one, BaseModel) and "name" in one.model_fields
        for tag in get_args(one.model_fields["name"].annotation)
    ]
    if len(names) > 1:
        chosen = getattr(value, "name", names[0])
        yield FormField(path=path, kind="choice", value=chosen, choices=tuple(names))


def _kind(annotation: Any) -> tuple[Any, tuple[str, ...]]:
    """Return the kind of a field and its choices; None for a kind that the form doesn't have."""
    alternatives = _alternatives(annotation)
    optional = type(None) in alternatives
    plain = [one for one in alternatives if one is not type(None)]
    if plain and all(get_origin(one) is Literal for one in plain):
        values = [str(value) for one in plain for value in get_args(one)]
        return "choice", (*([""] if optional else []), *values)
    if len(plain) != 1:
        return None, ()
    kinds = {bool: "flag", int: "integer", float: "number", str: "text"}
    kind = kinds.get(plain[0])
    return ("text" if optional and kind in ("integer", "number") else kind), ()


def _alternatives(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        return _alternatives(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [one for part in get_args(annotation) for one in _alternatives(part)]
    return [annotation]


def _helps(table: type[BaseModel]) -> dict[str, str]:
    """Return name -> help. The marks of code say nothing to a painter."""
    return {
        name: _SEE.sub("", text).replace("``", "").strip()
        for name, text in _sections(table).items()
    }


def _sections(table: type[BaseModel]) -> dict[str, str]:
    """Return name -> description, from the sections ``Attributes`` of a class and its parents."""
    found: dict[str, str] = {}
    for one in reversed(table.__mro__):
        section = _SECTION.search(one.__doc__ or "") if issubclass(one, BaseModel) else None
        if section is not None:
            entries = _ENTRY.findall(section[1] + "\n")
            found |= {name: " ".join(text.split()) for name, text in entries}
    return found
