"""How contestants are named: a program, and modes after an @."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from nst_core.backend import Conv, Execution, Precision
from nst_core.errors import SpecError
from nst_core.recipe import checked_run

PROGRAMS: Mapping[str, str] = MappingProxyType(
    {
        "nst-pytorch": "nst, PyTorch",
        "nst-mxnet": "nst, MXNet",
        "d2l-torch": "d2l's PyTorch loop",
        "d2l-mxnet": "d2l's MXNet loop",
        "pastiche": "pastiche",
    }
)
"""Name -> what tables call it."""

_RUN_MODES = ("conv", "precision", "checkpointing", "dtype")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A contestant: ``nst-pytorch``, or ``nst-pytorch@conv=direct,preset=gala``.

    Attributes:
        name: As it was written.
        program: One of ``PROGRAMS``.
        preset: The algorithm, for nst; the documents' loops have their own.
        dtype: In what it computes.
        conv: See ``nst_core.backend.Execution``, as the next two.
        precision: Likewise.
        checkpointing: Likewise.
    """

    name: str
    program: str
    preset: str
    dtype: str
    conv: Conv
    precision: Precision
    checkpointing: bool

    @classmethod
    def parse(cls, text: str) -> Entry:
        """Read a name.

        Raises:
            SpecError: one line, for what is not there.
        """
        program, _, rest = text.partition("@")
        if program not in PROGRAMS:
            raise SpecError(f"contestant {program!r}: known are {', '.join(PROGRAMS)}")
        modes = dict(part.split("=", 1) for part in rest.split(",") if "=" in part)
        own = "d2l-mxnet" if program == "d2l-mxnet" else "d2l"
        preset = modes.pop("preset", "pastiche" if program == "pastiche" else own)
        if rest and (not program.startswith("nst-") or set(modes) - set(_RUN_MODES)):
            raise SpecError(
                f"contestant {text!r}: modes are preset, {', '.join(_RUN_MODES)}, of nst's own"
            )
        given: dict[str, object] = dict(modes)
        if "checkpointing" in modes:
            given["checkpointing"] = modes["checkpointing"] == "true"
        run = checked_run(given)
        return cls(
            name=text,
            program=program,
            preset=preset,
            dtype=run.dtype,
            conv=run.conv,
            precision=run.precision,
            checkpointing=run.checkpointing,
        )

    @property
    def execution(self) -> Execution:
        """How nst computes."""
        return Execution(conv=self.conv, precision=self.precision, checkpointing=self.checkpointing)

    @property
    def comparable(self) -> bool:
        """Whether its losses mean the same as the others'; pastiche has an objective of its own."""
        return self.program != "pastiche"

    @property
    def label(self) -> str:
        """What tables call it."""
        modes = self.name.partition("@")[2].replace("preset=", "").replace(",", ", ")
        return PROGRAMS[self.program] + (f", {modes}" if modes else "")
