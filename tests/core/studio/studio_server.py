"""A studio in a thread of the test, its worker in a process, and what a browser would send."""

import asyncio
import http.client
import io
import json
import threading
import time

import numpy as np
import PIL.Image

from nst_core.studio.app import create_app
from nst_core.studio.guard import Access
from nst_core.studio.server import listen, server
from nst_core.studio.store import Store
from nst_core.studio.studio import Studio

MAX_BYTES, MAX_PIXELS = 1 << 20, 1_000_000


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)


class StudioServer:
    """Serves a studio; a context manager."""

    def __init__(self, directory, *, host="127.0.0.1", password=None):
        self.directory = directory
        self._listener = listen(host, 0)
        self.port = self._listener.getsockname()[1]
        self.access = Access(host=host, port=self.port, password=password)
        self.studio = None

    def __enter__(self):
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)))
        self._thread.start()
        assert ready.wait(60)
        return self

    def __exit__(self, *_):
        self._server.should_exit = True
        self._thread.join(90)
        assert not self._thread.is_alive()

    async def _serve(self, ready):
        self.studio = Studio(Store(self.directory), max_pixels=MAX_PIXELS, warm=None)
        app = create_app(self.studio, self.access, max_bytes=MAX_BYTES, max_pixels=MAX_PIXELS)
        self._server = server(app, self.studio.hub)
        task = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        while not self._server.started and not task.done():
            await asyncio.sleep(0.01)
        ready.set()
        await task

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def entrance(self):
        return f"{self.address}/?token={self.access.token}"

    def ask(self, method, path, body=None, *, known=True, headers=()):
        """Send a request as the studio's own page does; ``headers`` replace, or remove if None."""
        sent = {
            "Host": f"127.0.0.1:{self.port}",
            "Origin": self.address,
            "Sec-Fetch-Site": "same-origin",
        }
        if known:
            sent["Cookie"] = f"{self.access.cookie}={self.access.session}"
        sent = {k: v for k, v in {**sent, **dict(headers)}.items() if v is not None}
        if isinstance(body, dict):
            body = json.dumps(body)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            if body is not None and "Content-Length" not in sent:
                body = body.encode() if isinstance(body, str) else body
                sent["Content-Length"] = str(len(body))
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path):
        answer = self.ask("GET", path)
        assert answer.status == 200, answer.body
        return answer

    def post(self, path, body=None):
        answer = self.ask("POST", path, {} if body is None else body)
        assert answer.status in (200, 201), answer.body
        return answer.json

    def samples(self):
        """Return the ids of a content and a style."""
        pictures = [p["id"] for p in self.get("/api/state").json["pictures"]]
        return pictures[0], pictures[1]

    def settings(self, *, steps=20, backend="slow", **more):
        content, style = self.samples()
        overrides = {"run.backend": backend, "run.weights": "random"}
        return {
            "content": content,
            "styles": [{"picture": style}],
            "preset": "d2l",
            "size": "40",
            "steps": str(steps),
            **more,
            "overrides": {**overrides, **more.get("overrides", {})},
        }

    def paint(self, **settings):
        return self.post("/api/paintings", self.settings(**settings))["id"]

    def painting(self, name):
        return self.get(f"/api/paintings/{name}").json

    def wait(self, name, *states, step=0, seconds=60):
        """Wait until a painting is in one of the states, and has taken a number of steps."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            painting = self.painting(name)
            if painting["state"] in states and painting["step"] >= step:
                return painting
            time.sleep(0.02)
        raise AssertionError(f"still {painting}")


def png(width=64, height=48, *, seed=0):
    """Return a small picture as the bytes of a PNG."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    stream = io.BytesIO()
    PIL.Image.fromarray(coarse).resize((width, height)).save(stream, "PNG")
    return stream.getvalue()
