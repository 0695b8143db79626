"""Notices reach whoever listens, and nobody else."""

from nst_core.backend.notices import listening, notify


def test_only_the_innermost_listener_hears():
    outer, inner = [], []
    notify("nobody")
    with listening(outer.append):
        notify("one")
        with listening(inner.append):
            notify("two")
        notify("three")
    notify("nobody")
    assert (outer, inner) == (["one", "three"], ["two"])
