"""Signals, and streams that nobody reads. Each test runs a process of its own."""

import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are a thing of POSIX")

SCRIPT = """
import hashlib, os, signal, sys, time
from nst_core.cli.signals import Signals, Stopped
signal.signal(signal.SIGINT, signal.default_int_handler)
ignored = {ignored}
if ignored:
    signal.signal(ignored, signal.SIG_IGN)
with Signals() as signals:
    try:
        {code}
    except Stopped as stopped:
        print("stopped", stopped.status)
print(signals.stopping(), signals.status)
"""
STEP_DONE = "signals.first_step_done(); "
INT, TERM, HUP = signal.SIGINT, signal.SIGTERM, signal.SIGHUP


def script(code, *, ignored=0):
    text = SCRIPT.format(code=code, ignored=int(ignored))
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout.split(), done.stderr


def kill(number):
    return f"os.kill(os.getpid(), {int(number)}); "


@pytest.mark.parametrize(("number", "status"), [(INT, "130"), (TERM, "143"), (HUP, "129")])
def test_a_signal_asks_to_stop(number, status):
    assert script(kill(number))[1] == ["stopped", status, "True", status]
    code, out, err = script(f"{STEP_DONE}{kill(number)}")
    assert (code, out) == (0, ["True", status])
    assert err.startswith("nst: stopping after this step")


def test_a_second_ctrl_c_ends_at_once_even_in_a_long_call():
    # Python handles no signal while it hashes; a hash of 10^8 rounds takes a minute.
    long = "hashlib.pbkdf2_hmac('sha256', b'', b'', 10**8)"
    text = SCRIPT.format(ignored=0, code=f"{STEP_DONE}print(1, flush=True); {long}")
    parent = subprocess.Popen(
        [sys.executable, "-c", text],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with parent:
        try:
            parent.stdout.readline()
            parent.send_signal(INT)
            time.sleep(0.05)
            parent.send_signal(INT)  # an echo, as a launcher's
            time.sleep(0.6)
            assert parent.poll() is None
            parent.send_signal(INT)
            assert parent.wait(timeout=5) == 130
            assert b"nothing was saved" in parent.stderr.read()
        finally:
            parent.kill()


def test_while_saving_signals_are_left_alone():
    code = f"{STEP_DONE}{kill(INT)} signals.saving(); time.sleep(.5); {kill(INT)} {kill(TERM)}"
    assert script(code + "time.sleep(.3)")[:2] == (0, ["True", "130"])
    assert script(f"{STEP_DONE}signals.saving(); {kill(TERM)}")[:2] == (
        0,
        ["False", "130"],
    )


def test_what_nohup_ignores_stays_ignored():
    assert script(f"{STEP_DONE}{kill(HUP)}", ignored=HUP)[:2] == (
        0,
        ["False", "130"],
    )


def test_nobody_reads_there_is_no_home_and_no_stdin(pair, tmp_path):
    environment = {key: value for key, value in os.environ.items() if key != "HOME"}
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run(
        [sys.executable, "-m", "nst_core.cli", "run", *pair, "--size", "16x24", "--steps", "2",
         "--weights", "random", "-o", "out.png", "--plot", "p.png"],
        cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, stdout=writer, stderr=writer,
        timeout=120, check=False,
    )  # fmt: skip
    os.close(writer)
    assert run.returncode == 0
    assert (tmp_path / "out.png").exists()
    assert (tmp_path / "p.png").exists()


def test_a_list_cut_short_is_no_error(tmp_path):
    shell = f"set -o pipefail; {sys.executable} -m nst_core.cli presets d2l | true"
    run = subprocess.run(
        ["bash", "-c", shell], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.stderr == ""
    assert run.returncode in (0, 1)  # 0 where all was written before the reader left
    closed = f"exec >&- 2>&-; {sys.executable} -m nst_core.cli presets"
    assert subprocess.run(["bash", "-c", closed], cwd=tmp_path, check=False).returncode == 0
