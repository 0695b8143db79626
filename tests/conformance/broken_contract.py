"""The example backend with one violation of the session's contract each; see `broken_numbers`."""

from dataclasses import replace

import numpy as np
import oracle
from conformance.numpy_backend import NumpyBackend, NumpySession

from nst_core.backend import AUTOMATIC


class LossesAfterUpdate(NumpySession):
    def step(self, *, learning_rate):
        super().step(learning_rate=learning_rate)
        self._losses = self._evaluate(self._x)[0]


class Clipped(NumpySession):
    def image(self):
        return np.clip(super().image(), 0, 1)


class ForgetsStep(NumpySession):
    """Restores image and moments, but not the number of steps."""

    def restore(self, *, state):
        super().restore(state=replace(state, step=0))


class StateIsAView(NumpySession):
    """state() returns the session's own arrays."""

    def state(self):
        views = (np.moveaxis(array, 0, -1) for array in (self._x, self._first, self._second))
        image, first, second = views
        return replace(super().state(), image=image, first_moment=first, second_moment=second)


class StateIsTheImage(NumpySession):
    """state() holds the image in [0, 1] instead of the normalised one."""

    def state(self):
        return replace(super().state(), image=self.image())

    def restore(self, *, state):
        super().restore(state=state)
        self._x = self._normalised(state.image)


class EvaluateMoves(NumpySession):
    """evaluate() changes the image of the session."""

    def evaluate(self, *, image):
        self._x = self._normalised(image)
        return super().evaluate(image=image)


class KeepsInput(NumpySession):
    """Normalises the caller's own array in place, and optimises it."""

    def __init__(self, problem, *, dtype):
        super().__init__(problem, dtype=dtype)
        problem.start.flags.writeable = True  # a framework's view of the array ignores the flag too
        problem.start[...] = self._x.transpose(1, 2, 0)
        self._x = problem.start.transpose(2, 0, 1)


class KeepsDType(NumpySession):
    """Computes in the dtype of the picture, not of the session."""

    def _normalised(self, image):
        return oracle.normalise(np.array(image))


class WrongDType(NumpySession):
    def image(self):
        return super().image().astype(np.float64)


class LossesFromTheStart(NumpySession):
    """losses() returns losses before the first step."""

    def __init__(self, problem, *, dtype):
        super().__init__(problem, dtype=dtype)
        self._losses = self._evaluate(self._x)[0]


class IgnoresStyleTargets(NumpySession):
    """Computes the style targets from the pictures although they were given."""

    def __init__(self, problem, *, dtype):
        super().__init__(replace(problem, style_targets=None), dtype=dtype)


class TargetsOfFirstStyle(NumpySession):
    """style_targets() returns those of the first style alone, not of the blend."""

    def style_targets(self):
        return self._targets

    def __init__(self, problem, *, dtype):
        super().__init__(problem, dtype=dtype)
        self._targets = self._find_style_targets(replace(problem, styles=problem.styles[:1]))


class TargetsAreAView(NumpySession):
    """style_targets() returns the session's own arrays."""

    def style_targets(self):
        return self._style_targets


class AnyDevice(NumpyBackend):
    """Accepts any device name, and uses the CPU."""

    def start(self, problem, *, device, dtype, execution=AUTOMATIC):
        return super().start(problem, device="cpu", dtype=dtype, execution=execution)


def backend_of(session: type[NumpySession]) -> NumpyBackend:
    """Return the example backend with another class of sessions."""
    backend = NumpyBackend()
    backend.session = session
    return backend
