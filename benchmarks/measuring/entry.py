"""How contestants are named: a program, and modes after an @."""

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
        "d2l-torch": "d2l's PyTorch loop",
        "d2l-mxnet": "d2l's MXNet loop",
        "pastiche": "pastiche",
    }
)
"""Name -> what tables call it."""

_RUN_MODES = ("conv", "precision", "checkpointing", "dtype")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A contestant: ``nst-pytorch``, ``nst-mxnet@preset=gala``, ``d2l-mxnet@threads=2``.

    Attributes:
        name: As it was written.
        program: One of ``PROGRAMS``.
        preset: The algorithm, for nst; the documents' loops have their own.
        dtype: In what it computes.
        conv: See ``nst_core.backend.Execution``, as the next two.
        precision: Likewise.
        checkpointing: Likewise.
        threads: With how many to compute on a CPU; None for as many as it takes by itself.
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
    def parse(cls, text: str) -> Entry:
        """Read a name.

        Raises:
            SpecError: one line, for what is not there.
        """
        program, _, rest = text.partition("@")
        if program not in PROGRAMS:
            raise SpecError(f"contestant {program!r}: known are {', '.join(PROGRAMS)}")
        modes = _modes(text, rest, own=program.startswith("nst-"))
        threads = modes.pop("threads", None)
        own = "d2l-mxnet" if program == "d2l-mxnet" else "d2l"
        preset = modes.pop("preset", "pastiche" if program == "pastiche" else own)
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
            threads=None if threads is None else int(threads),
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


def _modes(text: str, rest: str, *, own: bool) -> dict[str, str]:
    known = {"threads", "preset", *_RUN_MODES} if own else {"threads"}
    pairs = [part.partition("=") for part in rest.split(",")] if rest else []
    modes = {name: value for name, _, value in pairs}
    if set(modes) - known:
        raise SpecError(
            f"contestant {text!r}: modes are threads, and of nst's own preset, "
            f"{', '.join(_RUN_MODES)}"
        )
    threads = modes.get("threads", "1")
    if not (threads.isascii() and threads.isdecimal() and int(threads)):
        raise SpecError(f"contestant {text!r}: threads is a whole number from 1")
    return modes
