"""Arrays that are passed to and from a session: dtypes, shapes, and who owns them."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from conformance.cases import Case
from conformance.checks_session import assert_same_evaluation, assert_same_state, take_steps
from conformance.reference import Subject

from nst_core.backend import AdamState, Evaluation, Session
from nst_core.errors import BackendError
from nst_core.vgg19 import feature_shape


def check_dtypes_and_shapes(subject: Subject, case: Case, dtype: str) -> None:
    session = subject.start(case.problem(dtype), dtype)
    take_steps(session, 1)
    height, width = case.size
    for tap, features in session.features(image=case.probe_image.astype(dtype)).items():
        assert features.shape == feature_shape(tap, height=height, width=width)
    for array in _returned(session, case.probe_image.astype(dtype)):
        assert type(array) is np.ndarray
        assert array.dtype == np.dtype(dtype)
    for picture in _pictures(session, case.probe_image.astype(dtype)):
        assert picture.shape == (height, width, 3)
    for variable in _variables(session):
        assert variable.shape == case.variable_shape
    losses = session.losses()
    for loss in (losses.total_variation, losses.total, losses.content_sum, losses.style_sum):
        assert isinstance(loss, float | int), "losses should be plain numbers"
    assert type(session.state().step) is int


def check_returned_arrays_are_copies(subject: Subject, case: Case, dtype: str) -> None:
    """Changing the arrays that a session has returned changes nothing in the session."""
    session = subject.start(case.problem(dtype), dtype)
    probe = case.probe_image.astype(dtype)
    take_steps(session, 2)
    state, evaluation = session.state(), session.evaluate(image=probe)
    for array in _returned(session, probe):
        array[...] = np.nan
    assert_same_state(session.state(), state)
    assert_same_evaluation(session.evaluate(image=probe), evaluation)


def check_inputs_are_not_changed(subject: Subject, case: Case, dtype: str) -> None:
    """Read-only arrays and strided pictures are accepted, give the same, and are not changed."""
    plain = _exercise(subject.start(case.problem(dtype), dtype), case.probe_image.astype(dtype))
    problem = case.problem(dtype)
    images = {name: _awkward(getattr(problem, name)) for name in ("content", "start")}
    (style,) = problem.styles
    images["style"] = _awkward(style.image)
    weights = {name: _read_only(array.copy()) for name, array in problem.weights.items()}
    copies = {name: array.copy() for name, array in images.items()}
    probe = _awkward(case.probe_image.astype(dtype))
    problem = replace(
        problem,
        content=images["content"],
        start=images["start"],
        styles=(replace(style, image=images["style"]),),
        weights=weights,
    )
    session = subject.start(problem, dtype)
    evaluation, state = _exercise(session, probe)
    assert_same_evaluation(evaluation, plain[0])
    assert_same_state(state, plain[1])
    for name, array in images.items():
        assert np.array_equal(array, copies[name]), f"{name} was changed"


def check_inputs_are_copied(subject: Subject, case: Case, dtype: str) -> None:
    """Changing pictures and states after they were given changes nothing in the session."""
    problem, probe = case.problem(dtype), case.probe_image.astype(dtype)
    session = subject.start(problem, dtype)
    before = session.evaluate(image=probe), session.state()
    for image in (problem.content, problem.styles[0].image, problem.start):
        image[...] = np.nan
    assert_same_evaluation(session.evaluate(image=probe), before[0])
    assert_same_state(session.state(), before[1])

    take_steps(session, 1)
    state = session.state()
    session.restore(state=state)
    kept = session.state()
    for array in (state.image, state.first_moment, state.second_moment):
        array[...] = np.nan
    assert_same_state(session.state(), kept)


def check_dtypes_may_be_mixed(subject: Subject, case: Case, dtype: str) -> None:
    """Everything is computed in the session's dtype, whatever dtype the arrays have."""
    other = {"float64": "float32", "float32": "float64"}[dtype]
    # All values of a case's images are exact in float32, so both dtypes give the same.
    plain = _exercise(subject.start(case.problem(dtype), dtype), case.probe_image.astype(dtype))
    mixed = _exercise(subject.start(case.problem(other), dtype), case.probe_image.astype(other))
    assert mixed[0].gradient.dtype == np.dtype(dtype)
    assert_same_evaluation(mixed[0], plain[0])
    assert_same_state(mixed[1], plain[1])


def check_devices(subject: Subject, case: Case) -> None:
    backend = subject.backend
    assert backend.name
    assert backend.version
    names = [device.name for device in backend.devices()]
    assert "cpu" in names
    assert len(set(names)) == len(names)
    with pytest.raises(BackendError) as caught:
        backend.start(case.problem("float32"), device="nonsense", dtype="float32")
    assert "nonsense" in str(caught.value)
    assert "\n" not in str(caught.value)


def _exercise(session: Session, probe: np.ndarray) -> tuple[Evaluation, AdamState]:
    evaluation = session.evaluate(image=probe)
    take_steps(session, 2)
    return evaluation, session.state()


def _pictures(session: Session, probe: np.ndarray) -> Iterator[np.ndarray]:
    yield session.image()
    yield session.evaluate(image=probe).gradient


def _variables(session: Session) -> Iterator[np.ndarray]:
    state = session.state()
    yield from (state.image, state.first_moment, state.second_moment)


def _returned(session: Session, probe: np.ndarray) -> Iterator[np.ndarray]:
    yield from _pictures(session, probe)
    yield from _variables(session)
    yield from session.features(image=probe).values()


def _awkward(array: np.ndarray) -> np.ndarray:
    """Return the same values as a read-only view: every other row of a reversed array."""
    padded = np.full((2 * len(array), *array.shape[1:]), np.nan, array.dtype)[::-1]
    padded[::2] = array
    return _read_only(padded[::2])


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
