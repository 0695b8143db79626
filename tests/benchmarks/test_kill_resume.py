"""Runs that are killed and resumed."""

import json


def test_a_killed_run_ends_as_an_uninterrupted_one(script, tmp_path):
    output = tmp_path / "found.json"
    done = script(
        "kill_resume.py", "--kills", 2, "--backends", "mxnet", "--optimisers", "adam",
        "--output", output,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (case,) = json.loads(output.read_text())["cases"]
    assert case["equal"]
    assert case["kills"] == len(case["killed_after_steps"]) >= 2
