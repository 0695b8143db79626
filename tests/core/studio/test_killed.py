"""``nst studio`` is killed: its worker stops and keeps the painting, the next studio goes on."""

import json
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from http.client import HTTPConnection

import psutil


class Client:
    def __init__(self, address):
        host, token = re.fullmatch(r"http://([^/]+)/\?token=(\S+)", address).groups()
        self.connection = HTTPConnection(host, timeout=30)
        self.connection.request("GET", f"/?token={token}")
        response = self.connection.getresponse()
        response.read()
        self.cookie = response.headers["Set-Cookie"].partition(";")[0]

    def ask(self, method, path, body=None):
        headers = {"Cookie": self.cookie}
        self.connection.request(method, path, json.dumps(body) if body else None, headers)
        return json.loads(self.connection.getresponse().read())


@contextmanager
def studio(directory):
    command = [sys.executable, "-m", "nst_core.cli", "studio", str(directory), "--no-browser"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        client = Client(process.stdout.readline().split()[-1])
        try:
            yield process, client
        finally:
            client.connection.close()
            process.kill()


def step_of(client, name, *states, least=0):
    end = time.monotonic() + 90
    while time.monotonic() < end:
        painting = client.ask("GET", f"/api/paintings/{name}")
        if painting["state"] in states and painting["step"] >= least:
            return painting["step"]
        time.sleep(0.05)
    raise AssertionError(painting)


def test_a_studio_that_is_killed_loses_nothing(slow_backend, tmp_path):
    with studio(tmp_path / "mine") as (process, client):
        pictures = [one["id"] for one in client.ask("GET", "/api/state")["pictures"]]
        settings = {
            "content": pictures[0],
            "styles": [{"picture": pictures[1]}],
            "preset": "d2l",
            "size": "40",
            "steps": "250",
            "overrides": {"run.backend": "slow", "run.weights": "random"},
        }
        name = client.ask("POST", "/api/paintings", settings)["id"]
        before = step_of(client, name, "running", least=20)
        children = psutil.Process(process.pid).children()
        process.kill()
        process.wait()
        _, alive = psutil.wait_procs(children, 60)
        assert not alive, "the worker has kept the painting, and all have ended"
    assert (tmp_path / "mine" / "paintings" / name / "checkpoint.nst").exists()
    with studio(tmp_path / "mine") as (_, client):
        assert step_of(client, name, "running", "done", least=1) >= before
        assert step_of(client, name, "done") == 250
