"""One measurement in one process."""

import json
import os
import subprocess
import sys


def test_one_measurement_is_one_record(script):
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


def test_the_documents_mxnet_loop_runs_on_the_threads_that_mxnet_takes_by_itself(benchmarks):
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import iterations as i; "
        "record = i.measure(i.VariantSpec.parse('d2l-mxnet'), size='16x24', steps=1, warm_up=0, "
        "device='cpu'); print(record.threads, 'nst_mxnet' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(benchmarks)],
        capture_output=True, text=True, timeout=300, check=False,
        env={name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"},
    )  # fmt: skip
    # nst_mxnet, imported first, would give it all processors; half of them are MXNet's default.
    assert (done.stdout, done.stderr) == (f"{max(1, (os.cpu_count() or 1) // 2)} False\n", "")


def test_threads_that_a_variant_is_told_to_take(script):
    done = script("iterations.py", "nst-mxnet@threads=1", "--size", "16x24", "--steps", 1)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["threads"] == 1
