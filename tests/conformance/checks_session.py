"""The contract of a session besides its numbers: no side effects, order, exact resumption."""

from dataclasses import fields

import numpy as np
import oracle_pyramid
import pytest
from conformance.cases import Case
from conformance.checks_values import compare_losses
from conformance.compare import assert_within, deviation
from conformance.reference import Subject

from nst_core.backend import AdamState, Evaluation


def assert_same_state(actual: AdamState, expected: AdamState) -> None:
    """Fail unless all arrays are equal bit for bit."""
    for field in fields(AdamState):
        one, other = getattr(actual, field.name), getattr(expected, field.name)
        assert np.array_equal(one, other), f"state().{field.name} differs"


def assert_same_evaluation(actual: Evaluation, expected: Evaluation) -> None:
    """Fail unless losses and gradient are equal bit for bit."""
    assert actual.losses == expected.losses
    assert np.array_equal(actual.gradient, expected.gradient), "gradient differs"


def take_steps(session, count: int, *, first: int = 0) -> None:
    for step in range(first, first + count):
        session.step(learning_rate=0.2 / (step + 1))


def check_evaluate_is_pure(subject: Subject, case: Case, dtype: str) -> None:
    session = subject.start(case.problem(dtype), dtype)
    take_steps(session, 2)
    state, losses = session.state(), session.losses()
    probe = case.probe_image.astype(dtype)
    once = session.evaluate(image=probe)
    session.features(image=probe)
    again = session.evaluate(image=probe)
    assert_same_evaluation(again, once)
    assert_same_state(session.state(), state)
    assert session.losses() == losses, "evaluate() changed losses()"


def check_losses_are_those_before_the_update(subject: Subject, case: Case, dtype: str) -> None:
    session = subject.start(case.problem(dtype), dtype)
    for _ in range(3):
        wanted = session.evaluate(image=session.image()).losses
        session.step(learning_rate=0.3)
        compare_losses(subject, session.losses(), wanted, dtype)


def check_losses_need_a_step(subject: Subject, case: Case, dtype: str) -> None:
    session = subject.start(case.problem(dtype), dtype)
    session.evaluate(image=case.probe_image.astype(dtype))
    with pytest.raises(RuntimeError):
        session.losses()


def check_image_is_not_clipped(subject: Subject, case: Case, dtype: str) -> None:
    start = case.start_image
    assert start.min() < -0.1, "the case should start outside [0, 1]"
    assert start.max() > 1.1, "the case should start outside [0, 1]"
    session = subject.start(case.problem(dtype), dtype)
    assert_within(
        subject, f"image {dtype}", deviation(session.image(), start, scale=1.0), "image()"
    )
    assert session.state().step == 0
    for moment in (session.state().first_moment, session.state().second_moment):
        assert not moment.any(), "moments should be zero before the first step"


def check_restore_continues_exactly(subject: Subject, case: Case, dtype: str) -> None:
    """Continuing from a state is bit for bit the same as never having stopped."""
    session = subject.start(case.problem(dtype), dtype)
    take_steps(session, 3)
    middle, copy = session.state(), session.state()
    take_steps(session, 3, first=3)
    end, losses = session.state(), session.losses()
    assert_same_state(middle, copy)

    fresh = subject.start(case.problem(dtype), dtype)
    for resumed in (fresh, session):  # a new session, and the same session going back
        resumed.restore(state=middle)
        assert_same_state(resumed.state(), middle)
        take_steps(resumed, 3, first=3)
        assert_same_state(resumed.state(), end)
        assert resumed.losses() == losses
    assert_same_state(middle, copy)


def check_state_holds_the_normalised_image(subject: Subject, case: Case, dtype: str) -> None:
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    session = subject.start(case.problem(dtype), dtype)
    take_steps(session, 1)
    wanted = (np.asarray(session.image(), np.float64) - mean) / std
    held = session.state().image
    if case.laplacian_levels:
        sizes = oracle_pyramid.sizes(*case.size, case.laplacian_levels)
        levels = oracle_pyramid.unflatten(np.asarray(held, np.float64), sizes)
        held = oracle_pyramid.compose(levels).transpose(1, 2, 0)
    assert_within(subject, f"image {dtype}", deviation(held, wanted, scale=1.0), "state().image")
