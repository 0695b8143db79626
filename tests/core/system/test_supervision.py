"""A child that dies, ends, or is asked to stop, as the process that waits for it sees it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only used on Linux")

CODE = """
import ctypes, os, signal, sys, time
from nst_core.system import supervision

def on_death(death):
    print("told:", death.reason, "|", death.note, flush=True)
    sys.exit(2)

note = supervision.continue_in_child(on_death)
assert supervision.in_child()
note("first")
note("last")
"""


def run(rest, **options):
    return subprocess.run([sys.executable, "-c", CODE + rest], check=False, capture_output=True,
                          text=True, timeout=60, **options)  # fmt: skip


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        ("ctypes.string_at(0)", "ended by SIGSEGV"),
        ("os.abort()", "ended by SIGABRT"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "ended by SIGKILL"),
        (
            "os.write(2, b'libgomp: Thread creation failed: ...'); os._exit(1)",
            "ended because a thread could not be started",
        ),
    ],
)
def test_a_death_is_told_with_the_last_note_and_without_its_noise(end, reason):
    done = run(f"os.write(2, b'noise\\n')\n{end}")
    assert (done.returncode, done.stdout, done.stderr) == (2, f"told: {reason} | last\n", "")


@pytest.mark.parametrize("status", [0, 1, 2, 130])
def test_the_status_and_all_that_is_printed_are_those_of_the_child(status):
    done = run(
        "os.write(2, b'of a library\\n')\nprint('of nst', file=sys.stderr)\nprint('out')\n"
        f"sys.exit({status})"
    )
    assert (done.returncode, done.stdout) == (status, "out\n")
    assert sorted(done.stderr.splitlines()) == ["of a library", "of nst"]


WAITS = """
def stop(number, _):
    print("stopped by", number, flush=True)
    sys.exit(128 + number)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, stop)
print(os.getpid(), flush=True)
time.sleep(60)
"""


def started():
    process = subprocess.Popen([sys.executable, "-c", CODE + WAITS], stdout=subprocess.PIPE,
                               text=True)  # fmt: skip
    return process, int(process.stdout.readline())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_passed_on(number):
    process, child = started()
    assert child != process.pid
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (128 + number, f"stopped by {int(number)}\n")


def test_the_child_dies_with_the_process_that_waits():
    process, child = started()
    process.kill()
    process.communicate(timeout=30)
    for _ in range(100):
        try:
            if Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except FileNotFoundError:
            return
        time.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the child outlived it")


WORKER = """
import ctypes, os, resource, sys
from nst_core.system import supervision
limit = 4_000_000_000
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

def main():
    assert supervision.in_child()
    print("answer")
    {end}

supervision.run_worker(main)
"""


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("return 3", 3),
        ("os.write(2, b'noise'); ctypes.string_at(0)", -signal.SIGSEGV),
    ],
)
def test_a_worker_dies_by_the_signal_of_its_child(end, status):
    done = subprocess.run([sys.executable, "-c", WORKER.format(end=end)], check=False,
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.returncode == status
    assert "noise" not in done.stderr
