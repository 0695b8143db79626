"""Evaluations after a run, at images that all compared backends share."""

import numpy as np
import pytest
from fakes import FakeBackend, tiny_weights

import nst_core as nst
from nst_core.compare.recording_backend import RecordingBackend

GREY = np.full((32, 48, 3), 128, np.uint8)
STAGES = [{"size": "16x24", "steps": 3}]
NEIGHBOURS = {"neighbours": {"layers": ["relu1_1"], "every": 2}}


@pytest.mark.parametrize("over", [{}, NEIGHBOURS], ids=["plain", "neighbours"])
def test_neighbours_are_sought_where_the_losses_are_evaluated(over):
    fake = FakeBackend()
    backend = RecordingBackend(fake, on_session=lambda: None)
    nst.transfer(
        GREY, GREY, backend=backend, weights=tiny_weights(), device="cpu", preset="d2l",
        overrides={"stages": STAGES, "colours": "style", **over},
    )  # fmt: skip
    end = np.full((16, 24, 3), 0.25, np.float32)
    before = len(fake.calls)
    backend.evaluate(end)
    matches = [entry[1] for entry in fake.calls[before:] if entry[0] == "match"]
    assert len(matches) == len(over)
    for query in matches:
        np.testing.assert_array_equal(query.image, end)
    # At the start image a fresh session has the targets of the first query.
    backend.evaluate_start()
    assert len(fake.problems) == 1 + len(over)
