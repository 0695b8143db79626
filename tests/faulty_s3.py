"""An S3 on this machine (moto's), which fails now and then, as the real one does."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections import Counter
from contextlib import contextmanager

import pytest

KINDS = ("503", "500", "late", "half", "lost")
"""Overloaded; an internal error; too late; half an upload; done, but the answer is lost."""

_SLOW_DOWN = b"""<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your
request rate.</Message></Error>"""
_INTERNAL = b"""<?xml version="1.0"?><Error><Code>InternalError</Code><Message>Try again.</Message>
</Error>"""


class FaultyS3:
    """A server, from ``with`` on.

    Args:
        share: The share of the requests that fail.
        late_s: Seconds that a late answer takes.

    Attributes:
        faults: How often each kind of fault occurred.
        puts: How often each key was uploaded whole.
        bytes_read: By key: bytes that were sent.
    """

    def __init__(self, *, share: float = 0.0, late_s: float = 2.0, seed: int = 0):
        self.share, self.late_s = share, late_s
        self.faults, self.puts, self.bytes_read = Counter(), Counter(), Counter()
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def __enter__(self):
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import WSGIRequestHandler, make_server

        class Quiet(WSGIRequestHandler):
            protocol_version = "HTTP/1.1"

            def log(self, *_):
                pass

        self._app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def environment(self):
        """Return the variables that make s3fs use this server."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "not-a-key",
            "AWS_SECRET_ACCESS_KEY": "not-a-secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "FSSPEC_S3": '{"config_kwargs": {"read_timeout": 1, "retries": {"max_attempts": 1}}}',
        }

    def make_bucket(self, name):
        """Make a bucket, without faults."""
        import s3fs

        share, self.share = self.share, 0.0
        s3fs.S3FileSystem(use_listings_cache=False).mkdir(name)
        self.share = share

    @contextmanager
    def as_s3(self):
        """Let s3fs use this server in this process and its children, within the block."""
        import fsspec.config
        import s3fs

        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment().items():
                patch.setenv(name, value)
            conf = {}
            fsspec.config.set_conf_env(conf)
            patch.setitem(fsspec.config.conf, "s3", conf["s3"])
            s3fs.S3FileSystem.clear_instance_cache()
            yield
        s3fs.S3FileSystem.clear_instance_cache()

    def __call__(self, environ, start_response):
        kind = self._fault()
        if kind is None:
            return self._answer(environ, start_response)
        if kind in ("503", "500"):
            _drain(environ)
            body = _SLOW_DOWN if kind == "503" else _INTERNAL
            status = "503 Slow Down" if kind == "503" else "500 Internal Server Error"
            start_response(status, [("Content-Length", str(len(body)))])
            return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]
        if kind == "half":
            length = int(environ.get("CONTENT_LENGTH") or 0)
            environ["wsgi.input"].read(length // 2)
        elif kind == "late":
            _drain(environ)
            time.sleep(self.late_s)
        else:
            # It is done, but its answer does not arrive.
            list(self._answer(environ, lambda *_: None))
        _hang_up(environ)
        start_response("500 Gone", [])
        return []

    def _answer(self, environ, start_response):
        key = environ["PATH_INFO"]

        def started(status, headers, *rest):
            with self._lock:
                if status.startswith("2"):
                    if environ["REQUEST_METHOD"] == "PUT":
                        self.puts[key] += 1
                    elif environ["REQUEST_METHOD"] == "GET":
                        self.bytes_read[key] += int(dict(headers).get("Content-Length", 0))
            return start_response(status, headers, *rest)

        return self._app(environ, started)

    def _fault(self):
        with self._lock:
            if self._random.random() >= self.share:
                return None
            kind = self._random.choice(KINDS)
            self.faults[kind] += 1
            return kind


def _drain(environ):
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


def _hang_up(environ):
    connection = environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
