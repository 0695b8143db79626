"""Ctrl-C, ``kill`` and a closed terminal: the step is finished, the picture saved."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from types import FrameType

from nst_core.run.observers import Observer, Step

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
_LINE = "nst: stopping after this step, to save the picture; Ctrl-C again ends at once\n"
_TOGETHER = 0.3  # seconds: what comes closer than a person's second Ctrl-C is the first one's echo
_SHOW_CURSOR = "\x1b[?25h"


class Stopped(KeyboardInterrupt):
    """A signal came before there was anything to save; ``status`` is the exit status."""

    def __init__(self, status: int) -> None:
        super().__init__("interrupted")
        self.status = status


class Signals:
    """While it is entered, the first INT, TERM or HUP asks to stop; ``stopping`` says whether.

    Before ``begun`` is called there is nothing to save, so a signal raises ``Stopped`` at once.
    Afterwards the step that runs is finished first: interrupted in the middle of one, the
    optimiser's state would be neither the old nor the new, and no checkpoint could be kept. A
    second Ctrl-C ends the process at once, even from within a long computation, until ``saving``
    is called: from then on signals are left alone. One that was ignored from the start, as by
    ``nohup``, stays so.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._begun = self._saving = False
        self._when = 0.0
        self._before: dict[int, object] = {}
        self._wakeup: tuple[int, int] | None = None

    @property
    def status(self) -> int:
        """The exit status that tells of the signal: 130 for INT, 143 for TERM, 129 for HUP."""
        return 128 + (self.received or signal.SIGINT)

    def stopping(self) -> bool:
        """Whether to end after this step."""
        return self.received is not None

    def begun(self) -> None:
        """Say that a step is done, so that there is something to save."""
        self._begun = True

    def saving(self) -> None:
        """Say that what was reached is being written."""
        self._saving = True

    def __enter__(self) -> Signals:
        numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
        for number in numbers:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                self._before[number] = signal.signal(number, self._handle)
        self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        if self._wakeup:
            writer, before = self._wakeup
            signal.set_wakeup_fd(before)
            os.close(writer)  # the thread sees the end and closes the other
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal() returned

    def _handle(self, number: int, _: FrameType | None) -> None:
        """Run by Python between two of its instructions, in the main thread."""
        if self.received is not None or self._saving:
            return
        self.received = number
        if not self._begun:
            raise Stopped(self.status)
        with suppress(OSError):  # the terminal may be gone
            os.write(2, _LINE.encode())

    def _listen(self) -> None:
        """Watch for a second Ctrl-C in a thread: a long call into a framework can't."""
        if threading.current_thread() is not threading.main_thread():
            return
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        self._wakeup = writer, before
        threading.Thread(target=self._watch, args=(reader,), daemon=True).start()

    def _watch(self, reader: int) -> None:
        first: float | None = None
        with open(reader, "rb", buffering=0) as stream:
            while got := stream.read(1):
                now = time.monotonic()
                if got[0] not in self._before:
                    continue
                if first is None:
                    first = now
                elif got[0] == signal.SIGINT and now - first > _TOGETHER and not self._saving:
                    _end(128 + signal.SIGINT)


class Begun(Observer):
    """Tells ``Signals`` of the first step that is done."""

    def __init__(self, signals: Signals) -> None:
        self._signals = signals

    def stepped(self, step: Step) -> None:  # noqa: ARG002
        """Tell."""
        self._signals.begun()


def _end(status: int) -> None:
    with suppress(OSError, ValueError):
        if sys.stderr.isatty():
            os.write(2, _SHOW_CURSOR.encode())  # a progress bar hides it
        os.write(2, b"nst: ended at once; nothing was saved\n")
    os._exit(status)
