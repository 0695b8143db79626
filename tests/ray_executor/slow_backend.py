"""A backend without a framework that takes its time, for tests and benchmarks of clusters.

Each step takes ``NST_SLOW_SECONDS``. A run that takes its last step, number ``NST_SLOW_STEPS``,
adds a line to the file ``NST_SLOW_LOG``. A content whose first pixel is red ends the process.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np

from nst_core.backend import AdamState, Device, Evaluation, Losses, StyleTargets


class Session:
    """An image that fades, differently at every step; its losses count the steps."""

    def __init__(self, problem):
        self.value = problem.start.copy()
        self.content = problem.content.copy()
        self.steps = 0

    def features(self, *, image):
        return {}

    def evaluate(self, *, image):
        return Evaluation(losses=self.losses(), gradient=np.zeros_like(image))

    def step(self, *, learning_rate):
        if tuple(self.content[0, 0]) == (1.0, 0.0, 0.0):
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(float(os.environ.get("NST_SLOW_SECONDS", "0.05")))
        self.steps += 1
        self.value = np.float32(0.97) * self.value + np.float32(0.03 * (self.steps % 2))
        if self.steps == int(os.environ.get("NST_SLOW_STEPS", "0")):
            with Path(os.environ["NST_SLOW_LOG"]).open("a") as log:
                log.write(f"{self.content.sum():.6f}\n")

    def losses(self):
        return Losses(content={}, style={}, total_variation=0.25, total=float(self.steps))

    def image(self):
        return self.value

    def style_targets(self):
        return StyleTargets(statistics={})

    def state(self):
        return AdamState(
            step=self.steps, image=self.value, first_moment=self.value, second_moment=self.value
        )

    def restore(self, *, state):
        self.steps, self.value = state.step, state.image.copy()


class Backend:
    name = "slow"
    version = "1.0"

    def devices(self):
        return [Device("cpu", "slow")]

    def start(self, problem, **_):
        return Session(problem)

    def pretrained(self):
        return {}


BACKEND = Backend()


def install(directory: Path) -> None:
    """Make an installed distribution of this module in a directory of ``sys.path``."""
    info = directory / "nst_slow-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nst-slow\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[nst.backends]\nslow = slow_backend:BACKEND\n")
    (directory / "slow_backend.py").write_text(Path(__file__).read_text())
