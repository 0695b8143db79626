"""A backend without a framework whose steps take a while: the worker loads it as ``slow``.

Each step moves the image towards grey, so that it can be seen, and repeated to the bit.
"""

import os
import time

import numpy as np
from fakes import FakeSession

from nst_core.backend import AUTOMATIC, Device

SECONDS = float(os.environ.get("NST_TEST_STEP_SECONDS", "0.02"))


class SlowSession(FakeSession):
    def step(self, *, learning_rate):
        time.sleep(SECONDS)
        self.steps += 1
        self.value = self.value + np.float32(0.02) * (np.float32(0.5) - self.value)


class SlowBackend:
    name = "slow"
    version = "1.0"

    def devices(self):
        return [Device("cpu", "one thread")]

    def start(self, problem, *, device, dtype, execution=AUTOMATIC):
        return SlowSession(problem, [])

    def pretrained(self):
        raise NotImplementedError


BACKEND = SlowBackend()
