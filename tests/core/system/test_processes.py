"""Ending child processes, and what is said of one that ended."""

import subprocess
import sys

import pytest

from nst_core.system import processes

# Says that it is ready, then sleeps; with "deaf" it ignores SIGTERM.
CHILD = """
import signal, sys, time
if sys.argv[1] == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(100)
"""


@pytest.fixture
def child():
    """``child(kind)`` starts a process that sleeps; it is gone when the test is over."""
    running = []

    def start(kind):
        process = subprocess.Popen([sys.executable, "-c", CHILD, kind], stdout=subprocess.PIPE)
        running.append(process)
        assert process.stdout.readline() == b"ready\n"
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(("kind", "status"), [("obedient", -15), ("deaf", -9)])
def test_a_process_is_gone_after_stop(child, monkeypatch, kind, status):
    monkeypatch.setattr(processes, "_TERMINATE_TIMEOUT", 0.5)
    process = child(kind)
    processes.stop(process)
    assert process.returncode == status


def test_a_process_that_has_ended_already_is_no_error(child):
    process = child("obedient")
    process.kill()
    process.wait()
    status = process.returncode
    processes.stop(process)
    assert process.returncode == status


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (1, "its process failed with exit status 1; what it printed is above"),
        (0, "its process failed with exit status 0; what it printed is above"),
        (-11, "its process was ended by SIGSEGV"),
        (-9, "its process was ended by SIGKILL; the memory may not have been enough, "
             "try a smaller --size"),
        (-250, "its process was ended by signal 250"),
    ],
)  # fmt: skip
def test_exit_reason(status, reason):
    assert processes.exit_reason(status) == reason
