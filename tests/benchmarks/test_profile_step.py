"""The time of a step by layer and kind of work."""

import json

import pytest


def test_a_steps_profile(script, tmp_path):
    done = script(
        "profile_step.py", "--size", "32x48", "--steps", 1, "--output", tmp_path / "profile"
    )
    assert done.returncode == 0, done.stderr
    profile = json.loads((tmp_path / "profile.json").read_text())
    rows = {(row["layer"], row["which"]): row for row in profile["rows"]}
    assert len(rows) == 2 * 12  # conv1_1 is part of conv1_2
    for row in rows.values():
        assert sum(row["kinds"].values()) == pytest.approx(row["seconds"])
    inner, first = rows["conv3_2", "backward"], rows["conv1_2", "forward"]
    assert inner["gflop"] == pytest.approx(2 * 9 * 256 * 256 * 8 * 12 / 1e9)
    for kind in ("products", "transforms"):
        assert inner["kinds"][kind] > 0
    assert first["kinds"]["conv1_1"] > 0 == inner["kinds"]["conv1_1"]
    assert rows["conv2_1", "forward"]["kinds"]["losses"] == 0
    assert rows["conv2_2", "backward"]["kinds"]["losses"] > 0  # those at relu2_1
