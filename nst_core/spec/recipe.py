"""The recipe of a picture: a TOML file of the spec and everything else that made the picture.

A recipe has the tables of a config file, so ``nst run --config`` accepts it: those of the spec,
``[run]`` (pictures, backend, source of weights, dtype, execution) and ``[made_with]`` (versions,
device, command). ``[made_with]`` is documentation and changes nothing.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
)

from nst_core.backend import Conv, Device, Execution, Precision
from nst_core.errors import SpecError
from nst_core.images import Output
from nst_core.images.output import Bits
from nst_core.spec import Spec, describe, merging, presets
from nst_core.spec.fields import File
from nst_core.spec.stage_overrides import with_stages
from nst_core.system import names, toml

NonEmptyStr = Annotated[str, Field(strict=True, min_length=1)]


# The keys of a config file that are no part of a spec.
_OTHER_KEYS = ("preset", "run", "made_with")


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _one_or_list(value: tuple[str, ...]) -> str | list[str]:
    texts = [names.to_text(name) for name in value]
    return texts[0] if len(texts) == 1 else texts


Files = Annotated[tuple[File, ...], BeforeValidator(_as_list), PlainSerializer(_one_or_list)]
"""Paths of several files. A single one is written without a list: ``style = "b.jpg"``."""


class Run(BaseModel):
    """The ``[run]`` table: everything that a run needs besides the spec.

    Attributes:
        content: The path of the content picture.
        style: The paths of the style pictures; a single one may be given without a list.
        style_blend: The weights of the styles in the blend; equal weights if it is empty.
        content_mask: The path of the content's label picture.
        style_mask: The paths of the styles' label pictures, one for each style.
        backend: The name of a backend.
        weights: A source of VGG-19 weights: see ``nst_core.weights.load``.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``: see
            ``nst_core.backend.registry.choose_device``.
        dtype: The type that everything is computed in.
        conv: As in ``nst_core.backend.Execution``.
        precision: As in ``nst_core.backend.Execution``.
        checkpointing: As in ``nst_core.backend.Execution``.
        bits: As in ``nst_core.images.Output``.
        dpi: As in ``nst_core.images.Output``, above 0 and at most 100000.
        keep_alpha: As in ``nst_core.images.Output``.
        keep_exif: As in ``nst_core.images.Output``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    content: File | None = None
    style: Files = ()
    style_blend: tuple[Annotated[float, Field(strict=True)], ...] = ()
    content_mask: File | None = None
    style_mask: Files = ()
    backend: NonEmptyStr = "pytorch"
    weights: File = "bundled"
    device: NonEmptyStr = "auto"
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
    def _omit_unset(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Fields that are not set are not written.
        return {key: value for key, value in dump(self).items() if value not in (None, [], ())}

    @property
    def output(self) -> Output:
        """What the picture's file is to hold besides the pixels."""
        return Output(
            bits=self.bits,
            dpi=self.dpi,
            keep_alpha=self.keep_alpha,
            keep_exif=self.keep_exif,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A config file that was read.

    Attributes:
        spec: The algorithm.
        run: The ``[run]`` table.
        made_with: The ``[made_with]`` table of a recipe; otherwise empty.
    """

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
    """Merge a preset, a config file's table and options.

    Args:
        table: A config file's content; empty if there is none. It may name its own ``preset``.
        preset: The name of the preset. If it is None: the preset that the table names; else none
            if the table is a whole spec; else the default preset.
        over: Options, in the form of a config file's table. They take precedence over the table.
        sizes: The sizes of the stages: see ``stage_overrides.with_stages``.
        steps: The steps of the stages: see ``stage_overrides.with_stages``.
        pyramid: A pyramid in place of the stages: see ``stage_overrides.with_stages``.

    Raises:
        SpecError: if a field is wrong; one line with the field, its value and what is allowed.
    """
    everything = merging.merged(table, over)
    named, run, made_with = (everything.get(key) for key in _OTHER_KEYS)
    if named is not None and not isinstance(named, str):
        raise SpecError(f"preset = {named!r}: should be the name of a preset")
    default = None if _is_whole(table) else presets.DEFAULT
    chosen = [name for name in (preset, named, default) if name is not None]
    base = presets.table(chosen[0]) if chosen else {}
    # Two merges, in this order: whether an option changes the optimiser's name depends on both.
    spec = Spec.from_table(
        merging.merged(merging.merged(base, _spec_table(table)), _spec_table(over))
    )
    return Config(
        spec=with_stages(spec, sizes=sizes, steps=steps, pyramid=pyramid),
        run=checked_run({} if run is None else run),
        made_with=made_with if isinstance(made_with, Mapping) else {},
    )


def _is_whole(table: Mapping[str, Any]) -> bool:
    """Whether a file holds a whole spec, as a recipe and a printed preset do.

    The fields that such a file leaves out have the defaults of ``Spec``, not those of a preset.
    """
    tables = {"content", "style", "total_variation", "optimiser"}
    return tables <= table.keys() and ("stages" in table or "pyramid" in table)


def split(table: Mapping[str, Any]) -> tuple[Spec, dict[str, Any]]:
    """Return the spec of a recipe's table, and the recipe's other tables.

    Raises:
        SpecError: if the spec is wrong; one line.
    """
    spec = Spec.from_table(_spec_table(table))
    return spec, {key: value for key, value in table.items() if key in _OTHER_KEYS}


def _spec_table(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in _OTHER_KEYS}


def checked_run(table: object) -> Run:
    """Validate a ``[run]`` table.

    Raises:
        SpecError: if a field is wrong; one line with the field, its value and what is allowed.
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
    checksums: Mapping[str, str | Sequence[str]] = MappingProxyType({}),
) -> str:
    """Return the recipe as TOML.

    Args:
        spec: The algorithm.
        run: The ``[run]`` table. Its device is left out, because a recipe is for all machines.
        backend_version: The framework's version.
        device: The device that computed the picture.
        weights_checksum: ``Weights.checksum``.
        command: The command line, or the name of the Python function that was called.
        checksums: The SHA-256 of the files that were read: ``content_sha256`` and so on.
    """
    table = spec.to_table()
    table["run"] = run.model_dump(mode="json", exclude={"device"})
    table["made_with"] = {
        "nst": version("nst"),
        "command": names.as_unicode(command),
        "backend_version": backend_version,
        "device": f"{device.name} ({device.description})",
        "weights_sha256": weights_checksum,
        **checksums,
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "pillow": version("pillow"),
    }
    return toml.dumps(table)
