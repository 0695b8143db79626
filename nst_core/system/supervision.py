"""Work in a child process whose death is noticed, where the memory of a process is limited.

With a limit (``ulimit -v``, ``ulimit -d``) or strict overcommit, an allocation can fail anywhere.
Large ones fail with an exception. Some small ones end the process: oneDNN, below MXNet, writes a
compiled kernel to the address 0 if there is no memory for it, in a thread of MXNet's engine. Python
can't catch that, so another process has to tell the user.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, NoReturn

_REQUESTS = frozenset({signal.SIGINT, signal.SIGTERM} | {getattr(signal, "SIGHUP", signal.SIGTERM)})
_PR_SET_PDEATHSIG = 1
_THREADS_FAILED = b"libgomp: Thread creation failed"
_STRICT_OVERCOMMIT = "2"
_LOOK_SECONDS = 2.0
_IDLE_SECONDS = 60.0
"""So long no thread of the child has computed while the first one waits for another.

MXNet's engine can lose an operation whose allocation failed, and then waits for it for ever."""


OUT_OF_MEMORY = 75
"""The exit status of a worker that ran out of memory and gives place to a new one."""

_state = {"in_child": False}


class Death(NamedTuple):
    """How the child died.

    Attributes:
        reason: For example "ended by SIGSEGV".
        note: What the child noted last; empty if it noted nothing.
        signal: The signal that ended it; None if it exited.
    """

    reason: str
    note: str
    signal: int | None = None


def allocations_can_fail() -> bool:
    """Whether the memory of this process is limited so that an allocation fails; Linux only."""
    if sys.platform != "linux":
        return False
    import resource  # noqa: PLC0415  # Windows has none

    limits = (resource.RLIMIT_AS, resource.RLIMIT_DATA)
    if any(resource.getrlimit(limit)[0] != resource.RLIM_INFINITY for limit in limits):
        return True
    with suppress(OSError):
        mode = Path("/proc/sys/vm/overcommit_memory").read_text(encoding="ascii")
        return mode.strip() == _STRICT_OVERCOMMIT
    return False


def in_child() -> bool:
    """Whether ``continue_in_child`` has made this process."""
    return _state["in_child"]


def continue_in_child(on_death: Callable[[Death], NoReturn]) -> Callable[[str], None]:
    """Fork. The child goes on; this process waits for it and exits with its status.

    The child gets the signals INT, TERM and HUP that this process gets, and dies with it. What
    libraries of the child print on standard error comes at its end, and not at all if it dies: it
    is the noise of its death. ``sys.stderr`` is not affected.

    Args:
        on_death: Called in this process if the child dies by a signal that nobody sent to stop it.

    Returns:
        In the child: a function that keeps a note, in the place of the note before.

    Raises:
        SystemExit: in this process, when the child has exited.
    """
    note, noise = os.memfd_create("note"), os.memfd_create("noise")
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    parent = os.getpid()
    waiting = {*_REQUESTS, signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, waiting)
    child = os.fork()
    if child:
        status = _wait(child, waiting)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        _end_as(status, note=_content(note), noise=_content(noise), on_death=on_death)
    _state["in_child"] = True
    _die_with(parent)
    _set_aside_noise(noise)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def keep(text: str) -> None:
        os.ftruncate(note, 0)
        os.pwrite(note, text.encode(), 0)

    return keep


def run_worker(main: Callable[[], int]) -> NoReturn:
    """Run the main function of a worker process and exit with its status.

    Where the memory is limited it runs in a child, and this process dies by the child's signal.
    """
    if allocations_can_fail():
        continue_in_child(_die_likewise)
    status = main()
    if not in_child() and status != OUT_OF_MEMORY:
        sys.exit(status)
    for stream in (sys.__stdout__, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()  # type: ignore[union-attr]  # None: no stream, nothing to do
    os._exit(status)  # without exit handlers, in which MXNet aborts after a failed allocation


def _die_likewise(death: Death) -> NoReturn:
    number = death.signal or signal.SIGABRT
    os.kill(os.getpid(), number)
    os._exit(1)


def stderr_descriptor() -> int:
    """Return the descriptor of ``sys.stderr``; where it has none, 2."""
    try:
        return sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):
        return 2


def _wait(child: int, waiting: set[signal.Signals]) -> int:
    """Pass signals on until the child has ended; return its status as ``waitpid`` gives it.

    A child that has stopped for ever is ended by SIGKILL.
    """
    idle_since, before = time.monotonic(), -1
    while True:
        received = signal.sigtimedwait(waiting, _LOOK_SECONDS)
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        if received is not None and received.si_signo != signal.SIGCHLD and received.si_code <= 0:
            # Sent by a process. What the terminal sends, the whole process group gets.
            with suppress(ProcessLookupError):
                os.kill(child, received.si_signo)
        now = _ticks_if_waiting(child)
        if now is None or now != before:
            idle_since, before = time.monotonic(), -1 if now is None else now
        elif time.monotonic() - idle_since > _IDLE_SECONDS:
            os.kill(child, signal.SIGKILL)


def _ticks_if_waiting(child: int) -> int | None:
    """Return a process's processor time, in ticks; None unless it waits for a thread of its own.

    A process that waits for a terminal, a pipe or a disk is not stopped for ever.
    """
    try:
        if "futex" not in Path(f"/proc/{child}/wchan").read_text(encoding="ascii"):
            return None
        stat = Path(f"/proc/{child}/stat").read_text(encoding="utf-8", errors="replace")
        fields = stat.rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12]) if fields[0] == "S" else None
    except (OSError, ValueError, IndexError):
        return None


def _end_as(
    status: int, *, note: bytes, noise: bytes, on_death: Callable[[Death], NoReturn]
) -> NoReturn:
    """Exit as the child has, or report its death."""
    died = os.WIFSIGNALED(status)
    if died and (number := os.WTERMSIG(status)) not in _REQUESTS:
        on_death(Death(f"ended by {_signal_name(number)}", note.decode(), number))
    if not died and os.WEXITSTATUS(status) and _THREADS_FAILED in noise:
        on_death(Death("ended because a thread could not be started", note.decode()))
    with suppress(OSError):
        os.write(stderr_descriptor(), noise)
    sys.exit(128 + os.WTERMSIG(status) if died else os.WEXITSTATUS(status))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _die_with(parent: int) -> None:
    """Let the kernel end this process when its parent dies."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before
        os._exit(1)


def _set_aside_noise(noise: int) -> None:
    """Let ``sys.stderr`` go on where it goes, and descriptor 2 into a file."""
    if sys.stderr is None or stderr_descriptor() != 2:
        return
    sys.stderr.flush()
    sys.stderr = os.fdopen(  # open until the process ends
        os.dup(2), "w", buffering=1, encoding=sys.stderr.encoding, errors=sys.stderr.errors
    )
    os.dup2(noise, 2)


def _content(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0)
