"""The framework that the campaign pretends, so that a case takes no time: it never goes on long."""

from __future__ import annotations

import fakes
import numpy as np

from nst_core.backend import Evaluation, Losses

STEPS = 4
"""At such a step of Adam comes a Ctrl-C: a file may ask for a million."""

EVALUATIONS = 30
"""The same for L-BFGS, whose line search may look often in one step."""


class Session(fakes.FakeSession):
    """The distance to grey for L-BFGS, so that it gets somewhere.

    Args:
        evaluations: Those of the whole run, of which a file may ask for hundreds of stages.
    """

    def __init__(self, problem, diary, evaluations):
        super().__init__(problem, diary)
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
    """Starts those sessions, on a processor alone."""

    def __init__(self):
        super().__init__(stop_at=STEPS)
        self.evaluations = []

    def start(self, problem, **given):
        super().start(problem, **given)
        self.diary.clear()
        return Session(problem, self.diary, self.evaluations)
