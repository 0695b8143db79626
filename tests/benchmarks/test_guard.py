"""The time of the check for non-finite numbers."""

import json


def test_the_guard_is_measured_in_turn(script, tmp_path):
    done = script(
        "guard.py", "nst-mxnet", "--size", "16x24", "--steps", 1, "--rounds", 2,
        "--output", tmp_path / "guard",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (one,) = json.loads((tmp_path / "guard.json").read_text())["found"]
    assert len(one["without"]) == len(one["guarded"]) == 2
    assert all(0 < seconds < 60 for seconds in (*one["without"], *one["guarded"]))
