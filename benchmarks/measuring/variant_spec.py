"""The names of variants: a program, and its settings after an @."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from nst_core.backend import Conv, Execution, Precision
from nst_core.errors import SpecError
from nst_core.spec.recipe import checked_run

PROGRAMS: Mapping[str, str] = MappingProxyType(
    {
        "nst-pytorch": "nst, PyTorch",
        "nst-mxnet": "nst, MXNet",
        "nst-jax": "nst, JAX",
        "d2l-torch": "d2l's PyTorch loop",
        "d2l-mxnet": "d2l's MXNet loop",
        "d2l-jax": "d2l's loop in plain JAX",
        "pastiche": "pastiche",
    }
)
"""Program -> its label in tables."""

_NST_SETTINGS = ("conv", "precision", "checkpointing", "dtype")


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantSpec:
    """A variant: ``nst-pytorch``, ``nst-mxnet@preset=gala``, ``d2l-mxnet@threads=2``.

    Attributes:
        name: The text that it was parsed from.
        program: One of ``PROGRAMS``.
        preset: The algorithm of nst; the documents' loops have their own.
        dtype: The floating-point type to compute in.
        conv: See ``nst_core.backend.Execution``.
        precision: See ``nst_core.backend.Execution``.
        checkpointing: See ``nst_core.backend.Execution``.
        threads: The number of threads on a CPU; None for the program's default.
    """

    name: str
    program: str
    preset: str
    dtype: str
    conv: Conv
    precision: Precision
    checkpointing: bool
    threads: int | None

    @classmethod
    def parse(cls, text: str) -> VariantSpec:
        """Read a name.

        Raises:
            SpecError: if the program or a setting is unknown; one line.
        """
        program, _, rest = text.partition("@")
        if program not in PROGRAMS:
            raise SpecError(f"variant {program!r}: known are {', '.join(PROGRAMS)}")
        settings = _settings(text, rest, is_nst=program.startswith("nst-"))
        threads = settings.pop("threads", None)
        default = {"d2l-mxnet": "d2l-mxnet", "pastiche": "pastiche"}.get(program, "d2l")
        preset = settings.pop("preset", default)
        given: dict[str, object] = dict(settings)
        if "checkpointing" in settings:
            given["checkpointing"] = settings["checkpointing"] == "true"
        run = checked_run(given)
        return cls(
            name=text,
            program=program,
            preset=preset,
            dtype=run.dtype,
            conv=run.conv,
            precision=run.precision,
            checkpointing=run.checkpointing,
            threads=None if threads is None else int(threads),
        )

    @property
    def is_nst(self) -> bool:
        """Whether it is a backend of nst."""
        return self.program.startswith("nst-")

    @property
    def backend(self) -> str:
        """The backend's name, if it is one of nst."""
        return self.program.removeprefix("nst-")

    @property
    def execution(self) -> Execution:
        """How nst computes."""
        return Execution(conv=self.conv, precision=self.precision, checkpointing=self.checkpointing)

    @property
    def comparable(self) -> bool:
        """Whether its losses mean the same as the others'; pastiche has another objective."""
        return self.program != "pastiche"

    @property
    def label(self) -> str:
        """Its label in tables."""
        settings = self.name.partition("@")[2].replace("preset=", "").replace(",", ", ")
        return PROGRAMS[self.program] + (f", {settings}" if settings else "")


def label(name: str) -> str:
    """Return the label of a variant in tables."""
    return VariantSpec.parse(name).label


def _settings(text: str, rest: str, *, is_nst: bool) -> dict[str, str]:
    known = {"threads", "preset", *_NST_SETTINGS} if is_nst else {"threads"}
    pairs = [part.partition("=") for part in rest.split(",")] if rest else []
    settings = {name: value for name, _, value in pairs}
    if set(settings) - known:
        raise SpecError(
            f"variant {text!r}: settings are threads and, for nst only, preset, "
            f"{', '.join(_NST_SETTINGS)}"
        )
    threads = settings.get("threads", "1")
    if not (threads.isascii() and threads.isdecimal() and int(threads)):
        raise SpecError(f"variant {text!r}: threads is a whole number from 1")
    return settings
