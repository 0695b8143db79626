"""Ctrl-C, ``kill`` and a closed terminal: the step is finished and the picture saved.

1. ``Signals`` notes the signal here.
2. ``cli.run_picture`` has given ``Signals.stopping`` to the run. ``run.loop`` asks it after every
   step, and raises ``Interrupted`` with the image reached so far.
3. ``cli.run_picture`` catches ``Interrupted`` and saves the picture.

After the first step, the first Ctrl-C saves the picture; a second Ctrl-C ends at once without
saving.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from types import FrameType

from typing_extensions import override

from nst_core.run.observers import Observer, Step
from nst_core.system.supervision import stderr_descriptor

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
_MESSAGE = "nst: stopping after this step, to save the picture; Ctrl-C again ends at once\n"
_ECHO_SECONDS = 0.3
"""A SIGINT within this time after the first signal is not a second Ctrl-C: a terminal and a parent
process may both send the same one."""
_SHOW_CURSOR = "\x1b[?25h"


class Stopped(KeyboardInterrupt):
    """A signal came before there was anything to save.

    Attributes:
        status: The exit status.
    """

    def __init__(self, status: int) -> None:
        super().__init__("interrupted")
        self.status = status


class Signals:
    """A context in which the first INT, TERM or HUP asks the run to stop.

    - Before ``first_step_done`` is called there is nothing to save, so a signal raises ``Stopped``
      at once.
    - Afterwards the current step is finished first. If a step were interrupted, the optimiser's
      state would be neither the old nor the new one, and no checkpoint could be written.
    - A second Ctrl-C ends the process at once, even during a long computation.
    - After ``saving`` is called, signals are ignored.

    A signal that was ignored before, as under ``nohup``, stays ignored.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._first_step_done = self._saving = False
        self._previous: dict[int, object] = {}
        self._wakeup: tuple[int, int] | None = None

    @property
    def status(self) -> int:
        """The exit status for the signal received: 130 for INT, 143 for TERM, 129 for HUP."""
        return 128 + (self.received or signal.SIGINT)

    def stopping(self) -> bool:
        """Whether to stop after this step."""
        return self.received is not None

    def first_step_done(self) -> None:
        """Note that a step is done, so that there is something to save."""
        self._first_step_done = True

    def saving(self) -> None:
        """Note that the result is being written, so that signals must not interrupt it."""
        self._saving = True

    def __enter__(self) -> Signals:
        numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
        for number in numbers:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                self._previous[number] = signal.signal(number, self._handle)
        self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        if self._wakeup:
            writer, previous = self._wakeup
            signal.set_wakeup_fd(previous)
            os.close(writer)  # the thread reads the end of the pipe and closes its side
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal() returned

    def _handle(self, number: int, _: FrameType | None) -> None:
        """Handle a signal. Python calls this in the main thread, between two instructions."""
        if self.received is not None or self._saving:
            return
        self.received = number
        if not self._first_step_done:
            raise Stopped(self.status)
        with suppress(OSError):  # the terminal may be closed
            os.write(stderr_descriptor(), _MESSAGE.encode())

    def _listen(self) -> None:
        """Watch for a second Ctrl-C in a thread.

        The main thread may be in a long call into a framework, where Python handles no signals.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        previous = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        self._wakeup = writer, previous
        threading.Thread(target=self._watch, args=(reader,), daemon=True).start()

    def _watch(self, reader: int) -> None:
        first: float | None = None
        with open(reader, "rb", buffering=0) as stream:
            while number := stream.read(1):
                now = time.monotonic()
                if number[0] not in self._previous:
                    continue
                if first is None:
                    first = now
                elif (
                    number[0] == signal.SIGINT and now - first > _ECHO_SECONDS and not self._saving
                ):
                    _exit_now(128 + signal.SIGINT)


class FirstStepObserver(Observer):
    """Notes the first finished step in ``Signals``."""

    def __init__(self, signals: Signals) -> None:
        self._signals = signals

    @override
    def stepped(self, step: Step) -> None:
        self._signals.first_step_done()


def _exit_now(status: int) -> None:
    with suppress(OSError, ValueError):
        if sys.stderr.isatty():
            # The progress bar hides the cursor.
            os.write(stderr_descriptor(), _SHOW_CURSOR.encode())
        os.write(stderr_descriptor(), b"nst: ended at once; nothing was saved\n")
    os._exit(status)
