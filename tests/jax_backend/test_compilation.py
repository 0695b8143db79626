"""Functions are compiled once for each program and size, and the user is told."""

from dataclasses import replace

import pytest
from conformance.cases import SMALL

from nst_core.backend.notices import listening


@pytest.fixture
def told():
    lines = []
    with listening(lines.append):
        yield lines


def start(backend, case):
    return backend.start(case.problem("float32"), device="cpu", dtype="float32")


def test_sessions_of_one_size_share_what_is_compiled(backend, told):
    case = replace(SMALL, size=(9, 8))
    start(backend, case).step(learning_rate=0.1)
    assert "JAX compiles adam step, which takes some seconds" in told
    told.clear()
    start(backend, replace(case, total_variation=0.3)).step(learning_rate=0.2)
    assert not told
    start(backend, replace(case, size=(8, 9))).step(learning_rate=0.1)
    assert told


def test_the_oldest_is_dropped(backend, told, monkeypatch):
    from nst_jax import compilation

    monkeypatch.setattr(compilation, "MOST", 1)
    session = start(backend, replace(SMALL, size=(8, 8)))
    assert len(compilation._compiled) == 1
    session.step(learning_rate=0.1)
    told.clear()
    session.step(learning_rate=0.1)
    assert not told
    session.evaluate(image=SMALL.content_image[:8, :8])
    assert told
