"""The recipe of a picture: the spec and everything else that made it, as TOML.

Its tables are those of a config file, so ``nst run --config`` takes a recipe as it is: the spec,
``[run]`` (pictures, backend, weights source, dtype, execution) and ``[made_with]``, which is a
record and changes nothing.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from nst_core.backend import Conv, Device, Execution, Precision
from nst_core.errors import SpecError
from nst_core.images import Output
from nst_core.images.output import Bits
from nst_core.spec import Spec, describe, merging, presets
from nst_core.spec.stage_overrides import with_stages
from nst_core.system import files, toml

Text = Annotated[str, Field(strict=True, min_length=1)]


def _file(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("should be a valid string")
    if not value:
        raise ValueError("String should have at least 1 character")
    return value


# Not pydantic's own string, which is Unicode: a file's name may be any bytes.
File = Annotated[str, PlainValidator(_file), PlainSerializer(files.as_unicode)]

# What a config file holds besides a spec.
_BESIDES = ("preset", "run", "made_with")


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _alone(value: tuple[str, ...]) -> str | list[str]:
    names = [files.as_unicode(name) for name in value]
    return names[0] if len(names) == 1 else names


Files = Annotated[tuple[File, ...], BeforeValidator(_as_list), PlainSerializer(_alone)]
"""Several files, of which a single one is written as it is: ``style = "b.jpg"``."""


class Run(BaseModel):
    """The ``[run]`` table: all that a run needs besides the spec. What is None is the default.

    Attributes:
        content: Path of the content picture.
        style: Paths of the style pictures; one alone may be written without a list.
        style_blend: Their weights in the blend; equal where it is empty.
        content_mask: Path of the content's label picture.
        style_mask: Paths of the styles' label pictures, one for each style.
        backend: The name of a backend.
        weights: A source of VGG-19 weights.
        device: As ``registry.choose_device`` takes it.
        dtype: What everything is computed in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    content: File | None = None
    style: Files = ()
    style_blend: tuple[Annotated[float, Field(strict=True)], ...] = ()
    content_mask: File | None = None
    style_mask: Files = ()
    backend: Text = "pytorch"
    weights: File = "bundled"
    device: Text = "auto"
    dtype: Literal["float32", "float64"] = "float32"
    conv: Conv = "auto"
    precision: Precision = "auto"
    checkpointing: Annotated[bool, Field(strict=True)] = False

    bits: Bits = 8
    dpi: Annotated[float, Field(strict=True, gt=0, le=100_000)] | None = None
    keep_alpha: Annotated[bool, Field(strict=True)] = False
    keep_exif: Annotated[bool, Field(strict=True)] = False

    @property
    def execution(self) -> Execution:
        """How it is computed."""
        return Execution(conv=self.conv, precision=self.precision, checkpointing=self.checkpointing)

    @model_serializer(mode="wrap")
    def _plain(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # What is not set is not written.
        return {key: value for key, value in dump(self).items() if value not in (None, [], ())}

    @property
    def output(self) -> Output:
        """What the picture's file is asked to hold."""
        return Output(
            bits=self.bits,
            dpi=self.dpi,
            keep_alpha=self.keep_alpha,
            keep_exif=self.keep_exif,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A config file, read: the spec, the run, and the record of who made it, if it is a recipe."""

    spec: Spec
    run: Run
    made_with: Mapping[str, Any]


def resolve(
    table: Mapping[str, Any],
    *,
    preset: str | None,
    over: Mapping[str, Any],
    sizes: Sequence[str] = (),
    steps: Sequence[int] = (),
    pyramid: Mapping[str, Any] | None = None,
) -> Config:
    """Put together a preset, a config file's table and options.

    Args:
        table: A config file's content; empty if there is none. It may name its own ``preset``.
        preset: The preset that was asked for, or None for the table's own; for a table that is no
            whole spec and names none, the default.
        over: Options, in the form of a config file's table; they win.
        sizes: Sizes of the stages, see ``stages.with_stages``.
        steps: Steps of the stages, likewise.
        pyramid: ``from``, ``to`` and perhaps ``factor`` of one, likewise.

    Raises:
        SpecError: one line naming the field, its value and what is allowed.
    """
    filled = merging.merged(table, over)
    named, run, made_with = (filled.get(key) for key in _BESIDES)
    if named is not None and not isinstance(named, str):
        raise SpecError(f"preset = {named!r}: should be the name of a preset")
    default = None if _is_whole(table) else presets.DEFAULT
    chosen = [name for name in (preset, named, default) if name is not None]
    base = presets.table(chosen[0]) if chosen else {}
    # One after the other: which optimiser an option means depends on the preset's.
    spec = Spec.from_table(merging.merged(merging.merged(base, _spec(table)), _spec(over)))
    return Config(
        spec=with_stages(spec, sizes=sizes, steps=steps, pyramid=pyramid),
        run=checked_run({} if run is None else run),
        made_with=made_with if isinstance(made_with, Mapping) else {},
    )


def _is_whole(table: Mapping[str, Any]) -> bool:
    """Whether a file says all that a spec needs, as a recipe does and a preset that was printed.

    What it leaves out then is left at the spec's defaults, whatever another preset has there.
    """
    tables = {"content", "style", "total_variation", "optimiser"}
    return tables <= table.keys() and ("stages" in table or "pyramid" in table)


def split(table: Mapping[str, Any]) -> tuple[Spec, dict[str, Any]]:
    """Return the spec of a recipe's table, and the tables besides.

    Raises:
        SpecError: if the spec is not one.
    """
    spec = Spec.from_table(_spec(table))
    return spec, {key: value for key, value in table.items() if key in _BESIDES}


def _spec(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in _BESIDES}


def checked_run(table: object) -> Run:
    """Validate a ``[run]`` table.

    Raises:
        SpecError: one line naming the field, its value and what is allowed.
    """
    try:
        return Run.model_validate(table)
    except ValidationError as error:
        raise SpecError(f"run.{describe(error)}") from None


def write(
    spec: Spec,
    run: Run,
    *,
    backend_version: str,
    device: Device,
    weights_checksum: str,
    command: str,
) -> str:
    """Return the recipe as TOML.

    Args:
        spec: The algorithm.
        run: What was asked for; its device is left out, since a recipe goes to other machines.
        backend_version: The framework's version.
        device: Where it was computed.
        weights_checksum: ``Weights.checksum``.
        command: The command line, or how it was called.
    """
    table = spec.to_table()
    table["run"] = run.model_dump(mode="json", exclude={"device"})
    table["made_with"] = {
        "nst": version("nst"),
        "command": files.as_unicode(command),
        "backend_version": backend_version,
        "device": f"{device.name} ({device.description})",
        "weights_sha256": weights_checksum,
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "pillow": version("pillow"),
    }
    return toml.dumps(table)
