"""Makes the records of PyTorch on a CPU anew, one after the other, in about six minutes.

    python benchmarks/cpu_records.py --output benchmarks/results --before ../nst-before

The machine must be quiet. Each part has a limit of time of its own, as in ``gpu_records.py``.
``--before`` is another tree of nst, with which the time to a picture is compared.
"""

from __future__ import annotations

import argparse
import sys

from measuring import parts
from measuring.parts import Part

_VARIANTS = ("d2l-torch", "nst-pytorch", "nst-pytorch@precision=bf16")


def records(before: str | None) -> tuple[Part, ...]:
    """Return the parts."""
    tree = ("--tree", f"before={before}") if before else ()
    return (
        Part("step-pytorch", 130, ("compare.py", *_VARIANTS, "--steps", "4", "--rounds", "3")),
        Part(
            "step-pytorch-small",
            70,
            ("compare.py", *_VARIANTS, "--size", "150x225", "--steps", "8", "--rounds", "2"),
        ),
        Part("busy", 70, ("busy.py", "nst-pytorch", "--rounds", "2", "--seconds", "2")),
        Part(
            "busy-d2l",
            40,
            ("busy.py", "d2l-torch", "--size", "96x144", "--rounds", "2", "--seconds", "2"),
        ),
        Part("profile", 40, ("profile_step.py",)),
        # The preset best is another one in older trees, so the same steps of d2l are compared.
        Part(
            "time-to-picture",
            100,
            (
                "time_to_picture.py", "--preset", "d2l", "--argument=--steps=40", "--rounds", "1",
                *tree,
            ),
        ),
        Part("time-to-picture-best", 150, ("time_to_picture.py", "--rounds", "1")),
    )  # fmt: skip


def main() -> None:
    """Read the command line and make the records."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--before")
    options, rest = parser.parse_known_args()
    sys.argv[1:] = rest
    parts.main(__doc__, records(options.before))


if __name__ == "__main__":
    main()
