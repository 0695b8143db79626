"""The types of a spec's fields, and how a wrong value is reported."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationError,
)

from nst_core.errors import SpecError
from nst_core.spec.sizes import Size
from nst_core.system import names
from nst_core.vgg19 import tap_name

Colours = Literal["style", "content", "match", "oklab"]
Alpha = Literal["over-white", "leave-out"]
Layers = tuple[tuple[str, float], ...]


def _parse_layers(value: object) -> Layers:
    """Read ``["relu1_1", 5]`` or ``{relu1_1 = 0.5}`` into taps with weights."""
    if isinstance(value, Mapping):
        pairs = list(value.items())
    elif isinstance(value, list | tuple):
        pairs = [item if isinstance(item, tuple) else (item, 1.0) for item in value]
    else:
        raise ValueError("should be a list of taps or a table of tap = weight")
    layers = []
    for tap, weight in pairs:
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise ValueError(f"weight of {tap} should be a number")
        if not 0 <= weight < float("inf"):
            raise ValueError(f"weight of {tap} should be a finite number, 0 or more")
        layers.append((_canonical_tap(tap), float(weight)))
    names = [tap for tap, _ in layers]
    if len(set(names)) < len(names):
        raise ValueError("should name every tap once")
    return tuple(layers)


def _canonical_tap(tap: object) -> str:
    try:
        return tap_name(str(tap))
    except SpecError as error:
        raise ValueError(str(error)) from None


def _dump_layers(layers: Layers) -> list[str] | dict[str, float]:
    if all(weight == 1 for _, weight in layers):
        return [tap for tap, _ in layers]
    return dict(layers)


def _file_name(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("should be a valid string")
    if not value:
        raise ValueError("String should have at least 1 character")
    return names.from_text(value)


def _canonical_size(text: str) -> str:
    try:
        return str(Size.parse(text))
    except SpecError as error:
        raise ValueError(str(error).partition(": ")[2]) from None


def _size_text(value: object) -> object:
    # In TOML, people write `size = 512` for the longest side.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


# Far above every useful value, and far below 3e38, where float32 ends and frameworks raise.
_MAX_VALUE = 1e20

Weight = Annotated[float, Field(strict=True, ge=0, le=_MAX_VALUE, allow_inf_nan=False)]
Positive = Annotated[float, Field(strict=True, gt=0, le=_MAX_VALUE, allow_inf_nan=False)]
Beta = Annotated[float, Field(strict=True, ge=0, lt=1)]
TapWeights = Annotated[Layers, BeforeValidator(_parse_layers), PlainSerializer(_dump_layers)]
SizeRule = Annotated[str, BeforeValidator(_size_text), AfterValidator(_canonical_size)]

# pydantic's own string must be Unicode, but a file's name may be any bytes.
File = Annotated[str, PlainValidator(_file_name), PlainSerializer(names.to_text)]
"""A path, as Python names it. TOML and JSON hold it as ``nst_core.system.names.to_text``."""


class SpecTable(BaseModel):
    """A table of a spec: it is frozen and refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def without_defaults(source: SpecTable, table: dict[str, Any], fields: Set[str]) -> dict[str, Any]:
    """Return ``table`` without those of ``fields`` that have their default values.

    TOML has no null, and files are shorter without rarely used fields.

    Args:
        source: A table of a spec.
        table: What ``source`` is serialised as.
        fields: The names of the fields that are left out at their defaults.
    """
    known = type(source).model_fields
    return {
        key: value
        for key, value in table.items()
        if key not in fields or getattr(source, key) != known[key].default
    }


def describe(error: ValidationError) -> str:
    """Return pydantic's error as one line: the field, its value and what is allowed."""
    first = error.errors()[0]
    field = _field(first["loc"])
    message = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    match first["type"]:
        case "missing":
            return f"{field}: is missing"
        case "extra_forbidden":
            return f"{field}: no such field"
        case "model_type" | "dict_type":
            message = "should be a table"
        case "tuple_type":
            message = "should be a list"
        case "union_tag_invalid":
            known = first["ctx"]["expected_tags"].replace(", ", " or ")
            return f"{field}.name = {first['ctx']['tag']!r}: should be {known}"
        case "too_short":
            message = f"should have at least {first['ctx']['min_length']} entry"
    if not field:
        return message
    value = repr(first["input"]).replace("\n", " ")
    text = value if len(value) <= 80 else value[:77] + "..."
    return f"{field} = {text}: {message}"


def _field(location: tuple[int | str, ...]) -> str:
    """Return the field's name as in TOML: without the tag that pydantic adds to unions."""
    names = location[:1] + location[2:] if location[:1] == ("optimiser",) else location
    return ".".join(str(name) for name in names)
