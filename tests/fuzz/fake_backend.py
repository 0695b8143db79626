"""A backend without a framework, so that a case takes no time. Its runs end after a few steps."""

from __future__ import annotations

import fakes
import numpy as np

from nst_core.backend import Evaluation, Losses

STEPS = 4
"""The step of Adam at which Ctrl-C is raised, because a file may ask for a million steps."""

EVALUATIONS = 30
"""The same in evaluations for L-BFGS, whose line search may evaluate often in one step."""


class Session(fakes.FakeSession):
    """Its loss for L-BFGS is the distance to grey, which has a minimum.

    Args:
        evaluations: Those of the whole run; a file may ask for hundreds of stages.
    """

    def __init__(self, problem, calls, evaluations):
        super().__init__(problem, calls)
        self.evaluations = evaluations

    def evaluate(self, *, image):
        self.evaluations.append(None)
        if len(self.evaluations) > EVALUATIONS:
            raise KeyboardInterrupt
        distance = image - image.dtype.type(0.5)
        loss = float(np.sum(distance**2, dtype=np.float64) / 2)
        losses = Losses(content={"relu4_4": loss}, style={}, total_variation=0.0, total=loss)
        return Evaluation(losses=losses, gradient=distance)


class Backend(fakes.FakeBackend):
    """Starts those sessions."""

    def __init__(self):
        super().__init__(stop_at=STEPS)
        self.evaluations = []

    def start(self, problem, **given):
        super().start(problem, **given)
        self.calls.clear()
        return Session(problem, self.calls, self.evaluations)
