"""The command line of ``pastiche`` as it is installed; nothing of the package is changed.

It has an objective of its own, and L-BFGS with one evaluation per step. It prints no time per
step. It is therefore run twice, for few steps and for more; the difference of the two times is the
time of the additional steps.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from nst_core import images
from nst_core.errors import SpecError
from variants import Pictures, VariantInfo

SHORT = 1
"""Steps of the shorter run."""


class CommandLine:
    """``pastiche`` with two pictures, from start to end as a user would run it.

    Args:
        pictures: The pictures, which are written as files for it. It has its own weights.
        device: ``cpu`` or ``cuda``.
        folder: For its files.
    """

    def __init__(self, pictures: Pictures, *, device: str, folder: Path) -> None:
        self._program = Path(sysconfig.get_path("scripts")) / "pastiche"
        if not self._program.exists():
            raise SpecError("pastiche is not installed: pip install 'nst[pytorch]'")
        height, width, _ = pictures.content.shape
        self._arguments = ["--size", str(max(height, width)), "--device", device]
        for name, image in (("content", pictures.content), ("styles", pictures.style)):
            images.write(image, folder / f"{name}.png")
            self._arguments += [f"--{name}", str(folder / f"{name}.png")]
        self._arguments += ["--output", str(folder / "out.png"), "--seed", "0"]
        self._device = device

    @property
    def info(self) -> VariantInfo:
        """What is known about it."""
        return VariantInfo(
            objective="pastiche", device=self._device, device_description="", threads=None
        )

    def run(self, steps: int) -> tuple[float, float]:
        """Run it, and return its wall-clock seconds and the last loss that it printed.

        Raises:
            SpecError: if it failed, with the last line that it printed.
        """
        command = [str(self._program), *self._arguments, "--num-steps", str(steps)]
        command += ["--info-step", str(steps)]
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - began
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise SpecError(f"pastiche failed with exit status {done.returncode}: {last}")
        return seconds, float(done.stdout.strip().splitlines()[-1].split()[-1])


def differences(
    pictures: Pictures, *, device: str, steps: int, rounds: int
) -> tuple[VariantInfo, list[float], list[float], list[float]]:
    """Run it in pairs, short and long.

    Returns:
        What is known about it; the seconds of the short runs; the seconds per step of each pair;
        the last loss of the long runs.
    """
    with tempfile.TemporaryDirectory() as folder:
        program = CommandLine(pictures, device=device, folder=Path(folder))
        short, per_step, losses = [], [], []
        for _ in range(rounds):
            before, _ = program.run(SHORT)
            after, loss = program.run(SHORT + steps)
            short.append(before)
            per_step.append((after - before) / steps)
            losses.append(loss)
        return program.info, short, per_step, losses


def children_peak_mb() -> float:
    """Return the largest main memory of one of the runs, in 10^6 bytes."""
    import resource  # noqa: PLC0415  # Windows has none

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit / 1e6
