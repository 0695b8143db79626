"""From what a painter chose to a spec and a ``[run]`` table, by the same rules as the options."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from nst_core.errors import SpecError
from nst_core.problem.styles import check_blend
from nst_core.spec import Spec, Start, presets, recipe
from nst_core.spec.recipe import Config
from nst_core.studio.fields import run_fields, spec_fields, start_words, weights_words
from nst_core.studio.records import LibraryPicture, Settings, Value
from nst_core.studio.store import Store
from nst_core.system import toml

START_PICTURE = "start.png"
"""The copy of the picture that a painting goes on from, in the painting's directory."""


def configure(settings: Settings, store: Store, *, start: str | None = None) -> Config:
    """Return the spec and the ``[run]`` table that settings mean.

    Args:
        settings: What was chosen.
        store: Where the pictures are.
        start: The picture to start from, as recipes name it; None for what the preset says.

    Raises:
        SpecError: one line: a picture is gone, or a value is not allowed.
    """
    base = _base(settings)
    whole = recipe.resolve(base, preset=None if base else settings.preset, over={})
    over = _nested(settings.overrides, whole)
    config = recipe.resolve(
        base,
        preset=None if base else settings.preset,
        over=over,
        sizes=_split(settings.size),
        steps=[_number(text) for text in _split(settings.steps)],
    )
    styles = [_picture(store, choice.picture, "style") for choice in settings.styles]
    blend = tuple(choice.weight for choice in settings.styles)
    uneven = len(set(blend)) > 1 and settings.mask is None
    _refuse_files(config)
    pictures: dict[str, Any] = {
        "content": store.picture_path(_picture(store, settings.content, "content")),
        "style": tuple(store.picture_path(style) for style in styles),
        "style_blend": blend if uneven else (),
        "content_mask": None
        if settings.mask is None
        else store.picture_path(_picture(store, settings.mask, "mask")),
        "style_mask": (),
    }
    check_blend(pictures["style_blend"], styles=len(styles))
    spec = _strengthened(config.spec, settings.strength)
    if start is not None:
        image = spec.start.model_copy(update={"image": start})
        spec = spec.model_copy(update={"start": image})
    return Config(
        spec=spec,
        run=config.run.model_copy(update=pictures),
        made_with={},
    )


def more_steps(config: Config, steps: int) -> Config:
    """Return the same with only the last stage, for a number of steps."""
    table = config.spec.to_table()
    last = config.spec.stages[-1].model_copy(update={"steps": steps, "through_8_bits": False})
    table.pop("pyramid", None)
    table["stages"] = [last.model_dump(mode="json")]
    return Config(spec=Spec.from_table(table), run=config.run, made_with={})


@cache
def describe_preset(name: str) -> dict[str, Any]:
    """Return a preset as the page shows it.

    Raises:
        SpecError: if there is no preset of that name.
    """
    return _described(presets.load(name), recipe.checked_run({}))


def describe_recipe(text: str) -> dict[str, Any]:
    """Return a recipe as the page shows it, like a preset.

    Raises:
        SpecError: if it is no recipe.
    """
    config = recipe.resolve(_recipe_table(text), preset=None, over={})
    start = toml.loads(text, origin="the recipe").get("start")
    other = isinstance(start, Mapping) and _is_file(start.get("image"))
    note = "It started from another picture, which is not in the recipe." if other else ""
    return {**_described(config.spec, config.run), "note": note}


def _described(spec: Spec, run: recipe.Run) -> dict[str, Any]:
    return {
        "name": spec.name,
        "source": spec.source,
        "description": spec.description,
        "sizes": [stage.size for stage in spec.stages],
        "steps": [stage.steps for stage in spec.stages],
        "fields": [
            one.model_dump()
            for one in (*spec_fields(spec), *run_fields(run))
            if one.path != "strength" or _has_strength(spec)
        ],
    }


def _has_strength(spec: Spec) -> bool:
    """Whether the strength may be changed; the documents' presets are what they are."""
    with suppress(SpecError):
        Spec.from_table({**spec.to_table(), "strength": 0.75})
        return True
    return False


def _base(settings: Settings) -> dict[str, Any]:
    return {} if settings.recipe is None else _recipe_table(settings.recipe)


def _recipe_table(text: str) -> dict[str, Any]:
    """Return a recipe's table without its pictures: those of the studio are chosen by hand."""
    table = toml.loads(text, origin="the recipe")
    run = table.get("run")
    kept = dict(run) if isinstance(run, Mapping) else {}
    for name in ("content", "style", "style_blend", "content_mask", "style_mask"):
        kept.pop(name, None)
    start = table.get("start")
    if isinstance(start, Mapping) and _is_file(start.get("image")):
        # A file of another machine, or of a painting that this one went on from.
        table["start"] = {**start, "image": "content"}
    return {**table, "run": kept, "made_with": {}}


def _is_file(image: object) -> bool:
    return isinstance(image, str) and image != "" and Start(image=image).file is not None


def _refuse_files(config: Config) -> None:
    """Check that no field names a file: what a client sends is never used as a path.

    Raises:
        SpecError: one line.
    """
    if config.spec.start.file is not None:
        raise SpecError(f"start.image: allowed are {', '.join(start_words())}")
    weights = config.run.weights
    if weights.partition(":")[0] not in weights_words() or weights.startswith("caffe"):
        raise SpecError(
            f"run.weights = {weights[:60]!r}: in the studio allowed are "
            f"{', '.join(weights_words())}; for a file use nst run --weights"
        )


def _nested(overrides: Mapping[str, Value], base: Config) -> dict[str, Any]:
    """Return the table of a config file for fields such as ``style.scale``.

    Raises:
        SpecError: if a field is not one of the form's.
    """
    kinds = {one.path: one for one in (*spec_fields(base.spec), *run_fields(base.run))}
    table: dict[str, Any] = {}
    for path, value in overrides.items():
        field = kinds.get(path)
        if field is None and not path.startswith("optimiser."):
            raise SpecError(f"{path[:60]}: no such field")
        kind = "" if field is None else field.kind
        if value == "" and kind != "layers":
            continue  # left to nst
        converted: Any = _layers(str(value)) if kind == "layers" else _typed(path, value, kind)
        *parents, name = path.split(".")
        inner = table
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[name] = converted
    return table


def _typed(path: str, value: Value, kind: str) -> Value:
    """Return a value in the type of its field: choices of numbers come as text."""
    if kind in ("choice", "text") and isinstance(value, str) and path.startswith("run."):
        for convert in (int, float):
            try:
                return convert(value)
            except ValueError:
                continue
    return value


def _layers(text: str) -> dict[str, float]:
    layers = {}
    for part in _split(text):
        tap, equals, weight = part.partition("=")
        layers[tap.strip()] = _float(weight) if equals else 1.0
    return layers


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SpecError(f"{text.strip()[:40]!r} should be a number") from None


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise SpecError(f"steps = {text[:40]!r}: allowed are whole numbers") from None


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _picture(store: Store, name: str, role: str) -> LibraryPicture:
    picture = store.pictures.get(name)
    if picture is None:
        raise SpecError(f"the {role} picture is not there any more: choose another")
    return picture


def _strengthened(spec: Spec, strength: float) -> Spec:
    """Return a spec whose style counts ``strength`` times as much."""
    if strength == 1:
        return spec
    style = spec.style.model_copy(update={"weight": spec.style.weight * strength})
    return Spec.from_table(spec.model_copy(update={"style": style}).to_table())
