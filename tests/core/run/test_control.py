"""The defaults of how a run is controlled."""

from nst_core.run.control import NO_CHECKPOINTS, RunControl


def test_a_run_without_control_begins_at_the_start_and_stops_at_the_end():
    assert RunControl() == NO_CHECKPOINTS
    assert NO_CHECKPOINTS.checkpoints is None
    assert NO_CHECKPOINTS.resume is None
    assert NO_CHECKPOINTS.stop() is False
