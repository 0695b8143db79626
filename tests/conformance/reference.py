"""What the oracle says of a case and what a backend says, each computed once.

Whole sessions are not kept: one may hold 160 MB of weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import oracle
import oracle_adam
from conformance.cases import Case

from nst_core.backend import Backend, Evaluation, Execution, Problem, Session

DTYPES = ("float64", "float32")
STEPS = 50
# Whatever a device makes of float32 by itself: the tolerances are those of float32.
TRUE_FLOAT32 = Execution(precision="float32")


@dataclass(frozen=True)
class Subject:
    """The backend under test, and the device that it is tested on."""

    name: str
    backend: Backend
    device: str = "cpu"

    def start(self, problem: Problem, dtype: str) -> Session:
        return self.backend.start(problem, device=self.device, dtype=dtype, execution=TRUE_FLOAT32)


@dataclass(frozen=True)
class Expected:
    """The oracle's answer at the case's probe; the gradient with respect to the image."""

    features: Mapping[str, np.ndarray]
    losses: oracle.Losses
    gradient: np.ndarray


@dataclass(frozen=True)
class Point:
    """One step of the oracle's trajectory: losses before it, the image after it."""

    losses: oracle.Losses
    image: np.ndarray


@cache
def expected(case: Case) -> Expected:
    transfer = case.oracle()
    outputs = transfer.outputs(case.probe_image)
    losses, gradient = transfer.evaluate(oracle.normalise(case.probe_image))
    features = {tap: outputs[tap] for tap in transfer.taps}
    return Expected(features, losses, oracle.image_gradient(gradient))


@cache
def observed(subject: Subject, case: Case, dtype: str) -> tuple[Mapping, Evaluation]:
    """The backend's features and evaluation at the case's probe."""
    session = subject.start(case.problem(dtype), dtype)
    image = case.probe_image.astype(dtype)
    return session.features(image=image), session.evaluate(image=image)


@cache
def slopes(case: Case, count: int = 3, width: float = 1e-7) -> list[tuple[np.ndarray, float]]:
    """Directions (H, W, 3) and the slopes of the oracle's total along them.

    Central differences of losses alone, so they share nothing with any backward pass. At a width
    of 1e-6 one of some 10^5 ReLUs and maxima often changes sides within it, and the slope is off
    by 1e-3; at 1e-7 hardly ever, and rounding still costs only 1e-8.
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
    """Step decay that decays several times within `steps`."""
    return [
        oracle_adam.step_decay(step, learning_rate=0.3, factor=0.8, every=10)
        for step in range(steps)
    ]


@cache
def trajectory(case: Case) -> list[Point]:
    points = oracle_adam.trajectory(
        case.oracle(),
        oracle.normalise(case.start_image),
        learning_rates(),
        betas=case.betas,
        epsilon=case.adam.epsilon,
        epsilon_form=case.adam.epsilon_form,
    )
    return [Point(losses, oracle.denormalise(x)) for losses, x in points]
