"""Turns the values of options into the table of a config file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from nst_core.errors import SpecError
from nst_core.system import names

_RUN_OPTIONS = (
    "backend", "device", "dtype", "conv", "precision", "checkpointing",
    "bits", "dpi", "keep_alpha", "keep_exif",
)  # fmt: skip

_PYRAMID = re.compile(
    r"(?P<from>[0-9]{1,9}):(?P<to>(?:short:)?[0-9x]+|original|[0-9.]+%)(?::(?P<factor>[0-9]+(?:\.[0-9]+)?))?"
)


def from_options(
    *, content: str | None, style: Sequence[str], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the options that were given, as the table of a config file.

    Args:
        content: Path of the content picture; None if it was not given.
        style: Paths of the style pictures.
        options: Values of the options in ``spec_options``; None if an option was not given.

    Raises:
        SpecError: one line: numbers or layers can't be read.
    """
    tables = {
        "run": _run(content, style, options),
        "content": {
            "weight": options["content_weight"],
            "layers": _layers(options["content_layers"]),
            "distance": options["content_distance"],
        },
        "style": {
            "weight": options["style_weight"],
            "layers": _layers(options["style_layers"]),
            "distance": _style_distance(options),
            "statistics": options["statistics"],
            "scale": options["style_scale"],
            "size": options["style_size"],
        },
        "neighbours": {
            "weight": options["neighbours_weight"],
            "layers": _layers(options["neighbours_layers"]),
        },
        "network": {key: options[key] for key in ("pooling", "padding")},
        "total_variation": {"weight": options["tv_weight"]},
        "optimiser": {
            "name": options["optimiser"],
            "learning_rate": options["lr"],
            "carry_state": options["carry_state"],
        },
        "variables": {"kind": options["variables"]},
        "start": {
            "image": _text(options["init"]),
            "seed": options["seed"],
            "noise": options["init_noise"],
        },
    }
    scalars = {
        "strength": options["strength"],
        "colours": options["colors"],
        "alpha": options["alpha"],
        "average": options["average"],
    }
    given = {name: _without_none(table) for name, table in tables.items()}
    return {**_without_none(scalars), **{name: table for name, table in given.items() if table}}


def _run(content: str | None, style: Sequence[str], options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{key: options.get(key) for key in _RUN_OPTIONS},
        "content": _text(content),
        "style": [names.to_text(one) for one in style] or None,
        "style_blend": _numbers("style_blend", options.get("style_blend")),
        "content_mask": _text(options["content_mask"]),
        "style_mask": [names.to_text(one) for one in options["style_mask"]] or None,
        "weights": _text(options.get("weights")),
    }


def _text(path: str | None) -> str | None:
    """Return a path as TOML holds it; an empty one, which the spec refuses, stays empty."""
    return names.to_text(path) if path else path


def _without_none(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}


def _style_distance(options: Mapping[str, Any]) -> str | None:
    # A preset may have chosen a distance for Gram matrices; other statistics have only "mse".
    only_mse = options["style_distance"] is None and options["statistics"] not in (None, "gram")
    return "mse" if only_mse else options["style_distance"]


def sizes(options: Mapping[str, Any]) -> list[str]:
    """Return the sizes of ``--size``, one per stage; empty if it was not given."""
    return _split(options["size"])


def steps(options: Mapping[str, Any]) -> list[int]:
    """Return the steps of ``--steps``, one number per stage; empty if it was not given.

    Raises:
        SpecError: one line.
    """
    try:
        return [int(text) for text in _split(options["steps"])]
    except ValueError:
        raise SpecError(
            f"steps = {options['steps']!r}: allowed are whole numbers, with commas between stages"
        ) from None


def pyramid(options: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return ``--pyramid`` as the table of a config file; None if it was not given.

    Raises:
        SpecError: one line.
    """
    text = options["pyramid"]
    if text is None:
        return None
    match = _PYRAMID.fullmatch(text.strip())
    if match is None:
        raise SpecError(
            f"pyramid = {text!r}: allowed is FROM:TO or FROM:TO:FACTOR, FROM in pixels, TO a size "
            "as 512, short:512, 300x450, original or 50%"
        )
    factor = {} if match["factor"] is None else {"factor": float(match["factor"])}
    return {"from": int(match["from"]), "to": match["to"], **factor}


def _split(text: str | None) -> list[str]:
    return [] if text is None else [part.strip() for part in text.split(",")]


def _numbers(name: str, text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(part) for part in _split(text)]
    except ValueError:
        raise SpecError(f"{name} = {text!r}: should be numbers with commas between them") from None


def _layers(text: str | None) -> dict[str, float] | None:
    if text is None:
        return None
    layers = {}
    for part in _split(text):
        tap, equals, weight = part.partition("=")
        try:
            layers[tap] = float(weight) if equals else 1.0
        except ValueError:
            raise SpecError(f"weight of {tap} = {weight!r}: should be a number") from None
    return layers
