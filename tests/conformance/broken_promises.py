"""The example backend, breaking its promises one at a time; see `broken_numbers`."""

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
    """state() hands out the session's own arrays."""

    def state(self):
        views = (array.transpose(1, 2, 0) for array in (self._x, self._first, self._second))
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
    """evaluate() leaves its image behind in the session."""

    def evaluate(self, *, image):
        self._x = self._normalised(image)
        return super().evaluate(image=image)


class KeepsInput(NumpySession):
    """Normalises the caller's own array, and optimises in it."""

    def __init__(self, problem, *, dtype):
        super().__init__(problem, dtype=dtype)
        problem.start.flags.writeable = True  # a framework's view of it doesn't ask either
        problem.start[...] = self._x.transpose(1, 2, 0)
        self._x = problem.start.transpose(2, 0, 1)


class KeepsDType(NumpySession):
    """Computes in the dtype that the picture happens to have."""

    def _normalised(self, image):
        return oracle.normalise(np.array(image))


class WrongDType(NumpySession):
    def image(self):
        return super().image().astype(np.float64)


class LossesFromTheStart(NumpySession):
    """losses() answers before there was a step."""

    def __init__(self, problem, *, dtype):
        super().__init__(problem, dtype=dtype)
        self._losses = self._evaluate(self._x)[0]


class FindsStyleTargetsAnew(NumpySession):
    """Looks at the styles, whatever is given."""

    def __init__(self, problem, *, dtype):
        super().__init__(replace(problem, style_targets=None), dtype=dtype)


class TargetsOfFirstStyle(NumpySession):
    """style_targets() leaves the blend's other styles out."""

    def style_targets(self):
        return self._targets

    def __init__(self, problem, *, dtype):
        super().__init__(problem, dtype=dtype)
        self._targets = self._find_style_targets(replace(problem, styles=problem.styles[:1]))


class TargetsAreTheSessions(NumpySession):
    """style_targets() hands out the session's own arrays."""

    def style_targets(self):
        return self._style_targets


class AnyDevice(NumpyBackend):
    """Takes any device for the CPU."""

    def start(self, problem, *, device, dtype, execution=AUTOMATIC):
        return super().start(problem, device="cpu", dtype=dtype, execution=execution)


def backend_of(session: type[NumpySession]) -> NumpyBackend:
    """The example backend with another session."""
    backend = NumpyBackend()
    backend.session = session
    return backend
