"""A busy machine, the time to a picture and rounded products, each at a tiny size."""

import json

import pytest


@pytest.mark.parametrize("options", [(), ("--unpinned",)])
def test_a_step_beside_busy_processes(script, tmp_path, options):
    done = script(
        "busy.py", "nst-pytorch", "--size", "16x24", "--rounds", 1, "--seconds", 0.1,
        "--output", tmp_path / "busy", *options,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (found,) = json.loads((tmp_path / "busy.json").read_text())["found"]
    assert found["pinned"] is not bool(options)
    assert len(found["quiet"]) >= 2
    assert len(found["busy"]) >= 2


def test_the_parts_of_a_run_are_the_whole(script, tmp_path):
    done = script(
        "time_to_picture.py", "--size", "16x24", "--preset", "d2l", "--rounds", 1,
        "--argument=--steps=1", "--output", tmp_path / "time",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (run,) = json.loads((tmp_path / "time.json").read_text())["runs"]
    assert list(run["parts"]) == [
        "Python", "command line", "pictures", "framework", "preparation", "steps", "file", "end",
    ]  # fmt: skip
    assert sum(run["parts"].values()) == pytest.approx(run["whole"])


def test_final_losses_are_evaluated_in_float32(script, tmp_path):
    options = ("--presets", "d2l", "--size", "16x24", "--steps", 1, "--output", tmp_path / "p")
    done = script("precision.py", "demo", *options)
    if "needs a processor" in done.stderr:
        pytest.skip("this processor does not multiply bfloat16")
    assert done.returncode == 0, done.stderr
    assert script("precision.py", "demo", "--append", *options).returncode == 0
    painted = json.loads((tmp_path / "p.json").read_text())["painted"]
    assert [one["precision"] for one in painted] == ["float32", "bf16"] * 2
    assert painted[0]["losses"] == painted[2]["losses"]
