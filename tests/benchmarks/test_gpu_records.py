"""The records of a GPU, made on a CPU at a tiny size, and what happens to a part that fails."""

import json
import time

import pytest


@pytest.fixture
def gpu_records(modules):
    import gpu_records

    return gpu_records


@pytest.fixture
def several(modules):
    from measuring import parts

    return parts


def test_a_part_that_fails_or_hangs_does_not_stop_the_others(several, tmp_path, monkeypatch):
    scripts = {
        "fails.py": "raise SystemExit(3)",
        "hangs.py": "import time; time.sleep(60)",
        "works.py": (
            "import pathlib, sys; "
            "pathlib.Path(sys.argv[-1] + '.json').write_text(' '.join(sys.argv[1:-1]))"
        ),
    }
    for name, text in scripts.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(several, "SCRIPTS", tmp_path)
    parts = [
        several.Part("a", 60, ("fails.py",)),
        several.Part("b", 0.2, ("hangs.py",)),
        several.Part("c", 60, ("works.py", "--steps", "1")),
        several.Part("d", 60, ("works.py",), alone=False),
        several.Part("e", 60, ("hangs.py",), alone=False),
    ]
    began = time.monotonic()
    failures = several.make(parts, output=tmp_path, device="cuda", budget=3)
    assert time.monotonic() - began < 20
    assert [line.partition(" after")[0] for line in failures] == [
        "a: exit status 3", "b: stopped", "e: stopped",
    ]  # fmt: skip
    assert (tmp_path / "c.json").read_text() == "--steps 1 --device cuda --output"
    assert (tmp_path / "d.json").exists()


def test_every_part_names_a_script_that_is_there(gpu_records, benchmarks):
    import cpu_records

    for part in (*gpu_records.PARTS, *cpu_records.records("before")):
        assert (benchmarks / part.command[0]).exists()


def test_steps_are_records_of_compare(script, tmp_path):
    variants = ("nst-pytorch", "nst-pytorch@conv=direct")
    done = script(
        "gpu_steps.py", *variants, "--device", "cpu", "--size", "16x24", "--steps", 1,
        "--warm-up", 0, "--rounds", 2, "--output", tmp_path / "steps",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "steps.json").read_text())
    assert record["kind"] == "compare"
    assert [run["round"] for run in record["runs"]] == [0, 0, 1, 1]
    assert [run["record"]["variant"] for run in record["runs"]] == [*variants, *variants]


def test_a_round_without_all_variants_is_left_out(modules):
    import gpu_steps

    class Fake:
        def __init__(self, size, number):
            self.record, self.round = type("Record", (), {"size": size}), number

    whole = [Fake("a", 0), Fake("a", 0), Fake("b", 0), Fake("b", 0)]
    assert gpu_steps._whole_rounds([*whole, Fake("b", 1)]) == tuple(whole)


def test_the_layers_are_profiled(script, tmp_path):
    done = script(
        "profile_cuda.py", "--device", "cpu", "--size", "16x24", "--variants", "nst-pytorch",
        "--output", tmp_path / "profile",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (found,) = json.loads((tmp_path / "profile.json").read_text())["found"]
    assert [row["layer"] for row in found["rows"]][::4] == [
        "conv1_1",
        "conv3_1",
        "conv4_1",
        "conv5_1",
    ]
    assert {*found["rows"][0]["kinds"]} == {"forward", "backward", "ReLU, masks", "losses"}
