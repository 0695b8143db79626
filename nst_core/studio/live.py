"""The live view of a run that the command line started: ``nst run --live``.

``LiveView`` is in the process that paints. It writes small pictures into a temporary directory and
sends the events of a ``Recorder`` to a process that serves the page, ``python -m
nst_core.studio.live``. The run does not wait for that process, and goes on without it.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from starlette.applications import Starlette
from starlette.middleware import Middleware
from typing_extensions import override

from nst_core.errors import NstError
from nst_core.run.observers import Observer, Plan, Step
from nst_core.studio.api import Api
from nst_core.studio.downloads import Downloads
from nst_core.studio.guard import Access, Guard
from nst_core.studio.library import Library
from nst_core.studio.recorder import Recorder
from nst_core.studio.records import Painting, Settings, StyleChoice
from nst_core.studio.server import address_of, listen, server
from nst_core.studio.store import Store
from nst_core.studio.studio import Studio

NAME = "live"
_GOODBYE_SECONDS = 1.5
"""So long the page gets to fetch the last picture after the run has ended."""


class LiveError(NstError):
    """The page can't be served; one line."""


class LiveView(Observer):
    """Shows a run in the browser.

    Args:
        title: What the page calls the painting.

    Attributes:
        address: The address of the page.

    Raises:
        LiveError: if the page can't be served; one line.
    """

    def __init__(self, title: str) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="nst-live-"))
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "nst_core.studio.live", str(self._directory), title],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the run
        )
        assert self._process.stdout is not None, "it was started with a pipe"
        self.address = self._process.stdout.readline().decode().strip()
        if not self.address.startswith("http://"):
            self._end()
            raise LiveError("--live: the page can't be served; run without --live")
        directory = self._directory / "paintings" / NAME
        self._recorder = Recorder(directory, self._send, name=NAME, snapshots=False)
        self._state = "stopped"

    @override
    def started(self, plan: Plan) -> None:
        self._recorder.started(plan)

    @override
    def stepped(self, step: Step) -> None:
        if step.global_step == self._total(step):
            self._state = "done"
        self._recorder.stepped(step)

    @override
    def closed(self) -> None:
        self._recorder.closed()
        self._send({"event": "finished", "id": NAME, "state": self._state, "note": ""})
        self._end()

    def _total(self, step: Step) -> int:
        return self._recorder.total_steps if step.last else 0

    def _send(self, event: Mapping[str, Any]) -> None:
        stream = self._process.stdin
        with suppress(OSError, ValueError):  # the page is gone; the run goes on
            assert stream is not None, "it was started with a pipe"
            stream.write(json.dumps(event).encode() + b"\n")
            stream.flush()

    def _end(self) -> None:
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GOODBYE_SECONDS + 5)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        shutil.rmtree(self._directory, ignore_errors=True)


async def serve(directory: Path, title: str, events: BinaryIO, output: BinaryIO) -> None:
    """Serve the page of a run until its events end.

    Args:
        directory: Where the pictures are written.
        title: What the page calls the painting.
        events: The events, one line of JSON each.
        output: Gets the address of the page, as one line.
    """
    store = Store(directory)
    # Nothing of a library is shown: the run has its pictures wherever they are.
    settings = Settings(content="none", styles=(StyleChoice(picture="none"),))
    painting = Painting(
        id=NAME, title=title, created=time.time(), settings=settings, spec={}, run={}
    )
    store.save(painting)
    painting.state = "running"
    studio = Studio(store, max_pixels=0, warm=None)
    listener = listen("127.0.0.1", 0)
    access = Access(host="127.0.0.1", port=listener.getsockname()[1])
    running = server(_app(studio, access), studio.hub)
    loop = asyncio.get_running_loop()

    def read() -> None:
        for line in events:
            loop.call_soon_threadsafe(studio.on_event, json.loads(line))
        loop.call_soon_threadsafe(_end_soon)

    def _end_soon() -> None:
        loop.call_later(_GOODBYE_SECONDS, setattr, running, "should_exit", True)

    output.write(address_of(access).encode() + b"\n")
    output.flush()
    reading = loop.run_in_executor(None, read)
    await running.serve(sockets=[listener])
    await reading
    shutil.rmtree(directory, ignore_errors=True)  # the process that paints may have died


def _app(studio: Studio, access: Access) -> Starlette:
    library = Library(studio.store, max_bytes=0, max_pixels=0)
    api = Api(studio, library, Downloads(studio.store, library), live=True)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        studio.hub.close()
        studio.store.close()

    middleware = [Middleware(Guard, access=access)]
    return Starlette(routes=api.routes(), middleware=middleware, lifespan=lifespan)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2], sys.stdin.buffer, sys.stdout.buffer))
