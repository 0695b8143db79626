"""The options of ``nst run`` that replace a value of the spec or of the ``[run]`` table."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from nst_core.errors import SpecError

F = TypeVar("F", bound=Callable[..., Any])


def _flag(text: str) -> dict[str, Any]:
    # None where it isn't given, so that a config's value stands.
    return {"is_flag": True, "default": None, "help": text}


_OPTIONS: Sequence[tuple[str, dict[str, Any]]] = (
    ("--backend", {"metavar": "NAME", "help": "pytorch (the default) or another installed one."}),
    ("--weights", {"metavar": "SOURCE", "help": "bundled (the default); see `nst weights list`."}),
    ("--size", {"metavar": "SIZE[,...]", "help": "HxW, N (longest side), short:N; one a stage."}),
    ("--steps", {"metavar": "N[,...]", "help": "Steps of each stage."}),
    ("--pyramid", {"metavar": "FROM:TO[:FACTOR]", "help": "Stages from small to large: 128:512."}),
    ("--average", {"type": float, "metavar": "X", "help": "Result: images averaged, as by 0.99."}),
    (
        "--carry-state/--no-carry-state",
        {"default": None, "help": "Whether a stage's Adam goes on where the last one's ended."},
    ),
    ("--device", {"metavar": "auto|cpu|cuda[:N]|mps", "help": "Where to compute."}),
    ("--dtype", {"metavar": "float32|float64", "help": "In what to compute."}),
    ("--conv", {"metavar": "auto|direct|winograd", "help": "The convolutions' algorithm."}),
    ("--precision", {"metavar": "auto|float32|tf32|bf16", "help": "Of the convolutions."}),
    (
        "--checkpointing/--no-checkpointing",
        {"default": None, "help": "Less memory, more time: compute activations again."},
    ),
    ("--seed", {"type": int, "help": "Of the noise that --init noise starts from."}),
    ("--content-weight", {"type": float, "metavar": "X"}),
    ("--style-weight", {"type": float, "metavar": "X"}),
    ("--tv-weight", {"type": float, "metavar": "X", "help": "Of the total variation loss."}),
    ("--content-layers", {"metavar": "TAP[=X],...", "help": "As relu4_2 or conv4_2=0.5,25."}),
    ("--style-layers", {"metavar": "TAP[=X],...", "help": "As relu1_1,relu2_1=0.2,conv5_1."}),
    ("--colors", {"metavar": "style|content|match", "help": "Whose colours it gets."}),
    ("--optimiser", {"metavar": "adam|lbfgs", "help": "With its defaults, if another's were set."}),
    ("--lr", {"type": float, "metavar": "X", "help": "Learning rate of the first step."}),
    ("--content-distance", {"metavar": "mse|scaled"}),
    ("--style-distance", {"metavar": "mse|scaled", "help": "scaled: alike at any size."}),
    ("--statistics", {"metavar": "gram|wasserstein", "help": "What is compared of the style."}),
    ("--pooling", {"metavar": "max|average", "help": "Of the network."}),
    ("--padding", {"metavar": "zero|replicate", "help": "Beyond the picture's edge."}),
    ("--style-blend", {"metavar": "X,...", "help": "Weights of several styles; else equal."}),
    ("--content-mask", {"metavar": "FILE", "help": "Label picture: a flat colour a region."}),
    (
        "--style-mask",
        {"metavar": "FILE", "multiple": True, "help": "The same of a style; once for each."},
    ),
    ("--style-scale", {"type": float, "metavar": "X", "help": "Style's size over content's."}),
    ("--style-size", {"metavar": "SIZE", "help": "Of the style pictures; else as --size."}),
    (
        "--init",
        {"metavar": "content|noise|style-colours|FILE", "help": "What to start from."},
    ),
    ("--init-noise", {"type": float, "metavar": "X", "help": "Part of noise in it, 0 to 1."}),
)


_OUTPUT: Sequence[tuple[str, dict[str, Any]]] = (
    ("--bits", {"type": int, "metavar": "8|16", "help": "Of each channel; 16 for PNG and TIFF."}),
    ("--dpi", {"type": float, "metavar": "N", "help": "Dots per inch, written into the file."}),
    ("--keep-alpha", _flag("Keep the content's transparency (PNG, WebP, TIFF).")),
    ("--keep-exif", _flag("Keep the content's date, camera, artist and copyright.")),
)

_PYRAMID = re.compile(
    r"(?P<from>[0-9]{1,9}):(?P<to>(?:short:)?[0-9x]+)(?::(?P<factor>[0-9]+(?:\.[0-9]+)?))?"
)

_RUN = (
    "backend", "weights", "device", "dtype", "conv", "precision", "checkpointing",
    "bits", "dpi", "keep_alpha", "keep_exif",
)  # fmt: skip


def output_options(function: F) -> F:
    """Decorate a command with those options that say what goes into the picture's file."""
    return _decorated(function, _OUTPUT)


def options(function: F) -> F:
    """Decorate a command with those options that say what is computed, and how."""
    return _decorated(function, _OPTIONS)


def _decorated(function: F, options: Sequence[tuple[str, dict[str, Any]]]) -> F:
    for name, attributes in reversed(options):
        function = click.option(name, **attributes)(function)
    return function


def _style_distance(options: Mapping[str, Any]) -> str | None:
    # Only Gram matrices have a choice, which a preset may have made.
    alone = options["style_distance"] is None and options["statistics"] == "wasserstein"
    return "mse" if alone else options["style_distance"]


def table(
    *, content: str | None, style: Sequence[str], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the options that were given, in the form of a config file's table."""
    layers = {name: _layers(options[f"{name}_layers"]) for name in ("content", "style")}
    found = {
        "run": {
            "content": content,
            "style": list(style) or None,
            "style_blend": _numbers("style_blend", options["style_blend"]),
            "content_mask": options["content_mask"],
            "style_mask": list(options["style_mask"]) or None,
            **{key: options.get(key) for key in _RUN},
        },
        "content": {
            "weight": options["content_weight"],
            "layers": layers["content"],
            "distance": options["content_distance"],
        },
        "style": {
            "weight": options["style_weight"],
            "layers": layers["style"],
            "distance": _style_distance(options),
            "statistics": options["statistics"],
            "scale": options["style_scale"],
            "size": options["style_size"],
        },
        "network": {key: options[key] for key in ("pooling", "padding")},
        "total_variation": {"weight": options["tv_weight"]},
        "optimiser": {
            "name": options["optimiser"],
            "learning_rate": options["lr"],
            "carry_state": options["carry_state"],
        },
        "start": {
            "image": options["init"],
            "seed": options["seed"],
            "noise": options["init_noise"],
        },
    }
    given = {
        name: {key: value for key, value in part.items() if value is not None}
        for name, part in found.items()
    }
    tables = {name: part for name, part in given.items() if part}
    scalars = {"colours": options["colors"], "average": options["average"]}
    return {**{name: value for name, value in scalars.items() if value is not None}, **tables}


def sizes(options: Mapping[str, Any]) -> list[str]:
    """Return the sizes that ``--size`` names, one a stage; empty if it wasn't given."""
    return _split(options["size"])


def pyramid(options: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what ``--pyramid`` says, in the form of a config file's table; None without it."""
    text = options["pyramid"]
    if text is None:
        return None
    match = _PYRAMID.fullmatch(text.strip())
    if match is None:
        raise SpecError(
            f"pyramid = {text!r}: allowed is FROM:TO or FROM:TO:FACTOR, FROM in pixels, TO a size "
            "as 512, short:512 or 300x450"
        )
    factor = {} if match["factor"] is None else {"factor": float(match["factor"])}
    return {"from": int(match["from"]), "to": match["to"], **factor}


def steps(options: Mapping[str, Any]) -> list[int]:
    """Return the steps that ``--steps`` names, one a stage; empty if it wasn't given."""
    try:
        return [int(text) for text in _split(options["steps"])]
    except ValueError:
        raise SpecError(
            f"steps = {options['steps']!r}: allowed are whole numbers, with commas between stages"
        ) from None


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
    found = {}
    for part in _split(text):
        tap, equals, weight = part.partition("=")
        try:
            found[tap] = float(weight) if equals else 1.0
        except ValueError:
            raise SpecError(f"weight of {tap} = {weight!r}: should be a number") from None
    return found
