"""The results of the oracle and of a backend for a case, each computed once and cached.

Sessions are not cached: one may hold 160 MB of weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import oracle
import oracle_adam
import oracle_pyramid
import pytest
from conformance.cases import Case

from nst_core.backend import Backend, Evaluation, Execution, Problem, Session
from nst_core.errors import BackendError

DTYPES = ("float64", "float32")
STEPS = 50
# By default a device may round float32 to TF32; the tolerances are those of true float32.
TRUE_FLOAT32 = Execution(precision="float32")


@dataclass(frozen=True)
class Subject:
    """The backend under test, and the device on which it is tested."""

    name: str
    backend: Backend
    device: str = "cpu"

    def start(self, problem: Problem, dtype: str) -> Session:
        try:
            return self.backend.start(
                problem, device=self.device, dtype=dtype, execution=TRUE_FLOAT32
            )
        except BackendError as error:
            if "no nearest neighbours" not in str(error):
                raise
            return pytest.skip(str(error))


@dataclass(frozen=True)
class Expected:
    """The oracle's results at the case's probe; the gradient is with respect to the image."""

    features: Mapping[str, np.ndarray]
    losses: oracle.Losses
    gradient: np.ndarray


@dataclass(frozen=True)
class Point:
    """One step of the oracle's trajectory: the losses before it, the image after it."""

    losses: oracle.Losses
    image: np.ndarray
    variable: np.ndarray  # as `AdamState.image`


@cache
def expected(case: Case) -> Expected:
    transfer = case.oracle()
    outputs = transfer.outputs(case.probe_image)
    losses, gradient = transfer.evaluate(oracle.normalise(case.probe_image))
    features = {tap: outputs[tap] for tap in transfer.taps}
    return Expected(features, losses, oracle.image_gradient(gradient))


@cache
def observed(subject: Subject, case: Case, dtype: str) -> tuple[Mapping, Evaluation]:
    """Return the backend's features and evaluation at the case's probe."""
    session = subject.start(case.problem(dtype), dtype)
    image = case.probe_image.astype(dtype)
    return session.features(image=image), session.evaluate(image=image)


@cache
def slopes(case: Case, count: int = 3, width: float = 1e-7) -> list[tuple[np.ndarray, float]]:
    """Return directions (H, W, 3) and the slopes of the oracle's total along them.

    They are central differences of losses alone, so they share nothing with any backward pass. With
    a width of 1e-6, one of about 10^5 ReLUs and maxima often changes sides within it, and the slope
    is off by 1e-3. With 1e-7 that hardly ever happens, and rounding still costs only 1e-8.
    """
    transfer = case.oracle()
    generator = np.random.default_rng(5)
    found = []
    for _ in range(count):
        direction = generator.standard_normal(case.probe_image.shape)
        ends = [case.probe_image + sign * width * direction for sign in (1, -1)]
        high, low = (transfer.evaluate(oracle.normalise(end))[0].total for end in ends)
        found.append((direction, (high - low) / (2 * width)))
    return found


def learning_rates(steps: int = STEPS) -> list[float]:
    """Return the learning rates of a step decay that decays several times within `steps`."""
    return [
        oracle_adam.step_decay(step, learning_rate=0.3, factor=0.8, every=10)
        for step in range(steps)
    ]


@cache
def trajectory(case: Case) -> list[Point]:
    settings = {
        "betas": case.betas,
        "epsilon": case.adam.epsilon,
        "epsilon_form": case.adam.epsilon_form,
    }
    problem = case.oracle(), oracle.normalise(case.start_image), learning_rates()
    if case.laplacian_levels:
        points = oracle_adam.pyramid_trajectory(*problem, levels=case.laplacian_levels, **settings)
        return [
            Point(losses, oracle.denormalise(x), oracle_pyramid.flatten(levels))
            for losses, x, levels in points
        ]
    return [
        Point(losses, oracle.denormalise(x), x.transpose(1, 2, 0))
        for losses, x in oracle_adam.trajectory(*problem, **settings)
    ]
