"""Style targets: their values, and that another session can use them again."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from conformance.cases import Case
from conformance.checks_session import (
    assert_same_evaluation,
    assert_same_state,
    take_steps,
)
from conformance.compare import assert_within, deviation
from conformance.reference import Subject

from nst_core.backend import Problem, StyleTargets


def check_style_targets(subject: Subject, case: Case, dtype: str) -> None:
    """They are Gram matrices in the session's dtype; or in float64 means and second moments, or
    quantiles.
    """
    found = subject.start(case.problem(dtype), dtype).style_targets().statistics
    wanted = case.oracle().style_targets
    assert set(found) == set(wanted)
    for tap, regions in wanted.items():
        assert set(found[tap]) == set(regions), f"regions at {tap}"
        for region, known in regions.items():
            gram = case.style_statistics == "gram"
            expected = known
            if case.style_statistics == "sliced-wasserstein":
                expected = (known,)
            elif gram:
                expected = (known[1] / len(known[1]),)
            arrays = found[tap][region]
            assert len(arrays) == len(expected)
            for array, one in zip(arrays, expected, strict=True):
                assert array.dtype == np.dtype(dtype if gram else "float64")
                measured = deviation(array, one)
                assert_within(subject, f"style targets {dtype}", measured, f"style targets {tap}")


def check_style_targets_can_be_reused(subject: Subject, case: Case, dtype: str) -> None:
    """A session that is given them computes the same to the bit, without the style pictures."""
    problem, probe = case.problem(dtype), case.probe_image.astype(dtype)
    session = subject.start(problem, dtype)
    targets = session.style_targets()
    again = subject.start(_with_targets(problem, targets), dtype)
    assert_same_evaluation(again.evaluate(image=probe), session.evaluate(image=probe))
    for one in (session, again):
        take_steps(one, 3)
    assert_same_state(again.state(), session.state())
    for one, other in zip(_arrays(again.style_targets()), _arrays(targets), strict=True):
        assert np.array_equal(one, other), "style_targets() are not those that were given"


def check_style_targets_are_copies(subject: Subject, case: Case, dtype: str) -> None:
    """Changing the arrays that were returned or given changes nothing in a session."""
    problem, probe = case.problem(dtype), case.probe_image.astype(dtype)
    first = subject.start(problem, dtype)
    targets = first.style_targets()
    second = subject.start(_with_targets(problem, targets), dtype)
    before = first.evaluate(image=probe)
    for array in _arrays(targets):
        array[...] = np.nan
    for session in (first, second):
        assert_same_evaluation(session.evaluate(image=probe), before)
        assert all(np.isfinite(array).all() for array in _arrays(session.style_targets()))


def _with_targets(problem: Problem, targets: StyleTargets) -> Problem:
    """Return the problem with targets, and with style pictures of NaN, which must not be used."""
    styles = tuple(
        replace(style, image=np.full_like(style.image, np.nan)) for style in problem.styles
    )
    return replace(problem, styles=styles, style_targets=targets)


def _arrays(targets: StyleTargets) -> Iterator[np.ndarray]:
    for regions in targets.statistics.values():
        for arrays in regions.values():
            yield from arrays
