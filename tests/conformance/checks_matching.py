"""Nearest neighbours: targets that are sought again, ties, flat pictures, and whole histories."""

from dataclasses import replace

import numpy as np
import oracle
import oracle_adam
import pytest
from conformance import pictures
from conformance.cases import Case
from conformance.checks_session import assert_same_evaluation, assert_same_state, take_steps
from conformance.checks_values import compare_losses
from conformance.compare import assert_within, deviation
from conformance.reference import Subject

from nst_core.backend import Query

STEPS, EVERY = 30, 10


def check_renewal(subject: Subject, case: Case, dtype: str) -> None:
    """`match` seeks targets at its query, and changes nothing else."""
    problem, probe = case.problem(dtype), case.probe_image.astype(dtype)
    session = subject.start(problem, dtype)
    take_steps(session, 2)
    before = session.state()
    query = _other_query(case, dtype)
    session.match(query=query)
    assert_same_state(session.state(), before)
    found = session.evaluate(image=probe)
    fresh = subject.start(replace(problem, query=query), dtype)
    assert_same_evaluation(found, fresh.evaluate(image=probe))

    transfer = case.oracle()
    transfer.match(query.image, query.seed)
    losses, gradient = transfer.evaluate(oracle.normalise(case.probe_image))
    compare_losses(subject, found.losses, losses, dtype)
    measured = deviation(found.gradient, oracle.image_gradient(gradient))
    assert_within(subject, f"gradient {dtype}", measured, "gradient after match()")


def check_query_is_copied(subject: Subject, case: Case, dtype: str) -> None:
    """Neither a later change of the query nor one of the styles changes what is compared."""
    problem, probe = case.problem(dtype), case.probe_image.astype(dtype)
    query = _other_query(case, dtype)
    session = subject.start(problem, dtype)
    session.match(query=query)
    before = session.evaluate(image=probe)
    first = problem.query.image.copy()
    for image in (problem.query.image, query.image, *(one.image for one in problem.styles)):
        image[...] = np.nan
    assert_same_evaluation(session.evaluate(image=probe), before)
    again = subject.start(case.problem(dtype), dtype).evaluate(image=probe)
    session.match(query=Query(image=first, seed=case.seed))
    assert_same_evaluation(session.evaluate(image=probe), again)


def check_needs_a_query(subject: Subject, case: Case, plain: Case) -> None:
    """Without targets there is an error, and so there is where nothing is to be matched."""
    session = subject.start(replace(case.problem("float32"), query=None), "float32")
    with pytest.raises(RuntimeError):
        session.evaluate(image=session.image())
    session.match(query=_other_query(case, "float32"))
    session.evaluate(image=session.image())
    other = subject.start(replace(plain.problem("float32"), query=None), "float32")
    with pytest.raises(RuntimeError):
        other.match(query=_other_query(plain, "float32"))


def check_history(subject: Subject, case: Case) -> None:
    """Thirty steps of Adam, with targets that are sought again every ten, equal the oracle's."""
    session, transfer = subject.start(case.problem("float64"), "float64"), case.oracle()
    x = oracle.normalise(case.start_image)
    first, second = np.zeros_like(x), np.zeros_like(x)
    for step in range(1, STEPS + 1):
        if step > 1 and step % EVERY == 1:
            mixture = 0.75 * case.content_image + 0.25 * session.image()
            query = Query(image=mixture, seed=(*case.seed[:-1], step // EVERY))
            session.match(query=query)
            transfer.match(0.75 * case.content_image + 0.25 * oracle.denormalise(x), query.seed)
        losses, gradient = transfer.evaluate(x)
        first, second = oracle_adam.moments(gradient, first, second, betas=case.betas)
        x = x - oracle_adam.update(
            first, second, step=step, betas=case.betas, learning_rate=0.05,
            epsilon=case.adam.epsilon,
        )  # fmt: skip
        session.step(learning_rate=0.05)
        compare_losses(subject, session.losses(), losses, "float64", prefix="trajectory ")
        measured = deviation(session.image(), oracle.denormalise(x), scale=1.0)
        assert_within(subject, "trajectory image float64", measured, f"image after step {step}")


def check_ties(subject: Subject, case: Case, dtype: str) -> None:
    """Equally near features, which are twins, give the same to the bit, whichever of them counts.

    Most features of a style that repeats itself have twins. The same style twice has nothing but
    twins, and half of the positions take their target from the second one.
    """
    tiled = np.tile(pictures.picture(5, 16, 16), (3, 3, 1)).astype(dtype)
    problem, probe = case.problem(dtype), case.probe_image.astype(dtype)
    style = replace(problem.styles[0], image=tiled)
    matching = replace(problem.objective.matching, style_samples=0)
    problem = replace(problem, objective=replace(problem.objective, matching=matching))
    once, twice = (
        subject.start(replace(problem, styles=styles), dtype).evaluate(image=probe)
        for styles in ((style,), (style, style))
    )
    assert_same_evaluation(once, twice)


def check_flat_pictures(subject: Subject, case: Case, dtype: str) -> None:
    """Features that equal their mean have no direction: the distance is 1, the gradient 0."""
    problem = case.problem(dtype)
    black = replace(
        problem,
        styles=tuple(
            replace(style, image=np.full_like(style.image, 0.5)) for style in problem.styles
        ),
        objective=replace(problem.objective, content={}, total_variation=0.0),
        weights={
            name: np.zeros_like(array) if name.endswith("bias") else array * 0
            for name, array in problem.weights.items()
        },
    )
    evaluation = subject.start(black, dtype).evaluate(image=case.probe_image.astype(dtype))
    for name, weight in case.objective.style_losses().items():
        assert evaluation.losses.style[name] == pytest.approx(weight, rel=1e-6)
    assert not evaluation.gradient.any()


def _other_query(case: Case, dtype: str) -> Query:
    image = 0.75 * case.content_image + 0.25 * pictures.picture(77, *case.size)
    return Query(image=image.astype(dtype), seed=(*case.seed[:-1], 8))
