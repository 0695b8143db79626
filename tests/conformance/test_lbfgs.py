"""L-BFGS of the core on the backend under test, compared with the same on the oracle."""

from dataclasses import replace

import numpy as np
import oracle
import oracle_pyramid
import pytest
from conformance.cases import COUNTED, D2L, SMALL
from conformance.compare import assert_within, deviation

from nst_core.optimisers import LBFGS
from nst_core.run.lbfgs_stepper import LBFGSStepper
from nst_core.spec import optimisers

STEPS = 12


def start(subject, case, dtype, *, levels=0, **settings):
    problem = case.problem(dtype)
    return LBFGSStepper(
        subject.start(problem, dtype),
        start=problem.start,
        settings=optimisers.LBFGS(**settings),
        dtype=dtype,
        levels=levels,
    )


@pytest.mark.parametrize("case", [SMALL, COUNTED, D2L], ids=lambda case: case.name)
def test_twelve_steps(subject, case):
    session = start(subject, case, "float64")
    transfer = case.oracle()
    plain = LBFGS(oracle.normalise(case.start_image))

    def evaluate(x):
        losses, gradient = transfer.evaluate(x)
        return losses.total, gradient

    for step in range(STEPS):
        session.step(learning_rate=1.0)
        plain.step(evaluate)
        measured = deviation(session.image(), oracle.denormalise(plain.x), scale=1.0)
        assert_within(subject, "L-BFGS image float64", measured, f"image after step {step}")


def test_twelve_steps_on_a_laplacian_pyramid(subject):
    # Without total variation, whose kinks are where neighbours are equal at the start.
    case = replace(SMALL, total_variation=0.0)
    session = start(subject, case, "float64", levels=3)
    transfer = case.oracle()
    sides = oracle_pyramid.sizes(*case.size, 3)
    x = oracle.normalise(case.start_image)
    plain = LBFGS(oracle_pyramid.flatten(oracle_pyramid.decompose(x, 3)))

    def evaluate(z):
        image = oracle_pyramid.compose(oracle_pyramid.unflatten(z, sides))
        losses, gradient = transfer.evaluate(image)
        return losses.total, oracle_pyramid.flatten(oracle_pyramid.compose_adjoint(gradient, 3))

    for step in range(STEPS):
        session.step(learning_rate=1.0)
        plain.step(evaluate)
        image = oracle_pyramid.compose(oracle_pyramid.unflatten(plain.x, sides))
        measured = deviation(session.image(), oracle.denormalise(image), scale=1.0)
        assert_within(subject, "L-BFGS image float64", measured, f"image after step {step}")


def test_line_search_only_descends(subject):
    # Rounding decides where a line search stops, so images diverge although both are correct.
    session = start(subject, SMALL, "float64", line_search="strong_wolfe")
    totals = []
    for _ in range(STEPS):
        session.step(learning_rate=1.0)
        totals.append(session.losses().total)
    assert totals == sorted(totals, reverse=True)
    assert totals[-1] < totals[0]


def test_works_in_float32(subject):
    session = start(subject, D2L, "float32")
    totals = []
    for _ in range(STEPS):
        session.step(learning_rate=1.0)
        totals.append(session.losses().total)
    assert totals[-1] < 0.5 * totals[0]
    assert session.best().dtype == np.float32
