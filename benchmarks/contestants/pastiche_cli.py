"""The command line of ``pastiche``, as it is installed: nothing of the package is changed.

It has its own objective and L-BFGS, of one evaluation a step; it prints no time of a step, so it
is run twice, for few steps and for more, and the difference is what the further steps took.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from contestants import About, Pictures
from nst_core import images
from nst_core.errors import SpecError

SHORT = 1
"""Steps of the shorter run."""


class CommandLine:
    """``pastiche`` on these pictures, from start to end as a person would run it.

    Args:
        pictures: Written as files for it; of the weights it brings its own.
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
    def about(self) -> About:
        """What it is."""
        return About(objective="pastiche", device=self._device, device_description="", threads=None)

    def run(self, steps: int) -> tuple[float, float]:
        """Run it, and return its wall-clock seconds and the last loss that it printed.

        Raises:
            SpecError: with its last line, if it failed.
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
) -> tuple[About, list[float], list[float], list[float]]:
    """Return what it is, the short runs' seconds, seconds a step of each pair, and last losses."""
    with tempfile.TemporaryDirectory() as folder:
        program = CommandLine(pictures, device=device, folder=Path(folder))
        short, each, losses = [], [], []
        for _ in range(rounds):
            before, _ = program.run(SHORT)
            after, loss = program.run(SHORT + steps)
            short.append(before)
            each.append((after - before) / steps)
            losses.append(loss)
        return program.about, short, each, losses


def children_peak_mb() -> float:
    """Return the most main memory that one of the runs held, in 10^6 bytes."""
    import resource  # noqa: PLC0415  # Windows has none

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit / 1e6
