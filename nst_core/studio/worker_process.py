"""The server's side of the worker: starts it, sends it commands and passes on its events."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

_LONGEST_LINE = 1 << 22
_END_SECONDS = 60.0
"""So long a step and the writing of the picture may take at the end of the studio."""


class WorkerProcess:
    """One worker at a time, in the directory of the studio.

    Args:
        directory: The working directory of the worker.
        on_event: Called with each event.
        on_exit: Called with the exit status of a worker that was not asked to end.
        lock: A descriptor that the worker holds too, so that the directory is locked while it runs.
    """

    def __init__(
        self,
        directory: Path,
        *,
        on_event: Callable[[Mapping[str, Any]], None],
        on_exit: Callable[[int], None],
        lock: int | None,
    ) -> None:
        self._directory, self._lock = directory, lock
        self._sending = asyncio.Lock()
        self._on_event, self._on_exit = on_event, on_exit
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ending = False

    @property
    def pid(self) -> int | None:
        """The process's number; None if there is none."""
        return None if self._process is None else self._process.pid

    async def send(self, command: Mapping[str, Any]) -> None:
        """Send a command; a worker is started if there is none."""
        async with self._sending:  # commands keep their order, and only one worker is started
            if self._process is None:
                await self._start()
            process = self._process
            if process is None or process.stdin is None:
                return
            with suppress(ConnectionError):  # it died; the reader notices
                process.stdin.write(json.dumps(command).encode() + b"\n")
                await process.stdin.drain()

    async def close(self, *, paints: bool) -> None:
        """End the worker.

        Args:
            paints: Whether it has something to keep: it then stops the painting and keeps it.
        """
        self._ending = True
        process = self._process
        if process is None:
            return
        assert process.stdin is not None, "it was started with a pipe"
        process.stdin.close()
        if not paints:
            with suppress(ProcessLookupError):
                process.kill()
        try:
            await asyncio.wait_for(process.wait(), _END_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
        if self._reader is not None:
            await self._reader

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            # -P: never import from the working directory.
            *(sys.executable, "-P", "-m", "nst_core.studio.worker"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=self._directory,
            limit=_LONGEST_LINE,
            pass_fds=() if self._lock is None else (self._lock,),
            # Ctrl-C is for the studio, which then ends the worker.
            start_new_session=True,
        )
        self._reader = asyncio.create_task(self._read(self._process))

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None, "it was started with a pipe"
        with suppress(ConnectionError):
            async for line in process.stdout:
                self._on_event(json.loads(line))
        status = await process.wait()
        self._process = None
        if not self._ending:
            self._on_exit(status)
