"""A backend without a framework, for tests of the code around backends; it records its calls."""

from __future__ import annotations

import numpy as np

from nst_core.backend import AUTOMATIC, AdamState, Device, Evaluation, Losses, StyleTargets
from nst_core.weights.canonical import SHAPES, Weights


def tiny_weights() -> Weights:
    """Return canonical weights of zeros: they are valid, and made quickly."""
    return Weights(
        {name: np.zeros(shape, np.float32) for name, shape in SHAPES.items()}, source="zeros"
    )


class FakeSession:
    """Adds the learning rate to every pixel at each step; its losses count the steps."""

    def __init__(self, problem, calls):
        self.problem = problem
        self.calls = calls
        self.value = problem.start.copy()
        self.steps = 0

    def features(self, *, image):
        return {}

    def evaluate(self, *, image):
        return Evaluation(losses=self._losses(), gradient=np.zeros_like(image))

    def match(self, *, query):
        self.calls.append(("match", query))

    def step(self, *, learning_rate):
        self.calls.append(("step", learning_rate))
        if self.calls.stop_at == len(self.calls.steps()):
            raise KeyboardInterrupt
        self.steps += 1
        self.value = self.value + np.float32(learning_rate)

    def losses(self):
        self.calls.append(("losses", self.steps))
        return self._losses()

    def _losses(self):
        return Losses(
            content={"relu4_4": float(self.steps)},
            style={"relu1_1": 10.0 * self.steps, "relu2_1": 0.5},
            total_variation=0.25,
            total=11.0 * self.steps + 0.75,
        )

    def image(self):
        return self.value

    def style_targets(self):
        return StyleTargets(statistics={"relu1_1": {0: (np.eye(2),)}})

    def state(self):
        return AdamState(
            step=self.steps, image=self.value, first_moment=self.value, second_moment=self.value
        )

    def restore(self, *, state):
        self.steps, self.value = state.step, state.image.copy()


class Diary(list):
    """The calls of a fake backend; ``stop_at`` is the step at which Ctrl-C is simulated."""

    stop_at: int | None = None

    def steps(self):
        return [entry for entry in self if entry[0] == "step"]


class FakeBackend:
    """Starts sessions that record their calls in ``calls``."""

    name = "fake"
    version = "1.0"

    def __init__(self, *, stop_at: int | None = None):
        self.calls = Diary()
        self.calls.stop_at = stop_at
        self.problems = []
        self.executions = []

    def devices(self):
        return [Device("cuda:0", "imagined"), Device("cpu", "2 threads")]

    def start(self, problem, *, device, dtype, execution=AUTOMATIC):
        self.calls.append(("start", device, dtype))
        self.executions.append(execution)
        self.problems.append(problem)
        return FakeSession(problem, self.calls)

    def pretrained(self):
        return tiny_weights()
