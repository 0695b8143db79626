"""Runs a part of the conformance suite on a GPU, and writes what it says as a record.

    python benchmarks/gpu_tests.py --device cuda --output benchmarks/results/conformance-cuda

``gpu_records.py`` starts it. All of the suite takes minutes; this part has every objective in
float32 and float64, every option of the execution and the trajectories.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from measuring import results, script
from measuring.record import Machine

_ROOT = Path(__file__).parent.parent
_TESTS = ("test_execution.py", "test_values.py", "test_trajectories.py", "test_session.py")
_COUNT = re.compile(r"(\d+) (passed|failed|error|errors|skipped)")
_DEVIATION = re.compile(r"^(\S.*?)\s+allowed (\S+)\s+pytorch (\S+)$", re.M)


def main() -> None:
    """Read the command line, run the tests and write the record."""
    parser = script.parser(__doc__, "output", device="cuda")
    parser.add_argument("--seconds", type=float, default=90, help="no test begins after these")
    options = parser.parse_args()
    began, machine = time.perf_counter(), Machine.here()
    files = [str(_ROOT / "tests/conformance" / name) for name in _TESTS]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--maxfail=9",
        "--deviations",
        "-p",
        "no:cacheprovider",
    ]
    command += ["--backend", "pytorch", "--device", options.device, *files]
    status, output = _run(command, options.seconds)
    lines = output.strip().splitlines()
    results.write_json(
        options.output.with_suffix(".json"),
        {
            "script": "gpu_tests.py",
            "command": results.command_line(),
            "device": options.device,
            "device_description": _device_name(options.device),
            "machine": machine.model_dump(mode="json"),
            "tests": list(_TESTS),
            "counts": {
                what: int(count) for count, what in _COUNT.findall(lines[-1] if lines else "")
            },
            "deviations": {
                name: measured
                for name, _, measured in _DEVIATION.findall(output)
                if measured != "-"
            },
            "complete": status == 0,
            "seconds": time.perf_counter() - began,
            "output": lines[-60:] if status else lines[-1:],
        },
    )
    print("\n".join(lines[-5:]))  # noqa: T201
    raise SystemExit(status)


def _run(command: list[str], seconds: float) -> tuple[int, str]:
    """Run pytest, and interrupt it after some seconds: it then reports what it has done."""
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate()
    return process.returncode, output


def _device_name(device: str) -> str:
    import torch  # noqa: PLC0415

    return str(torch.cuda.get_device_name(device)) if device.startswith("cuda") else "cpu"


if __name__ == "__main__":
    main()
