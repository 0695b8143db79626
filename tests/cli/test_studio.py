"""``nst studio``: its options, and the studio that it serves."""

import json
import re
import signal
import subprocess
import sys
from http.client import HTTPConnection

import pytest

from nst_core.cli import run_studio


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--host", "0.0.0.0"), "add --password, or --i-know"),
        (("--host", "example.com"), "add --password, or --i-know"),
        (("--password",), "NST_STUDIO_PASSWORD is empty"),
        (("--port", "0"), "--port"),
    ],
)
def test_what_is_wrong_is_one_line(nst, options, words, monkeypatch):
    monkeypatch.setenv("NST_STUDIO_PASSWORD", " ")
    outcome = nst("studio", "--no-browser", *options)
    assert outcome.status == 2
    assert words in outcome.err
    assert outcome.err.count("\n") == 1


def test_without_the_extra_one_line_says_what_to_install(nst, monkeypatch):
    monkeypatch.setattr(run_studio, "find_spec", lambda name: None)
    for command in (("studio",), ("run", "--live")):
        outcome = nst(*command)
        assert outcome.status == 2
        assert "pip install 'nst[studio]'" in outcome.err
        assert outcome.err.count("\n") == 1


def test_it_serves_until_ctrl_c(child, tmp_path):
    with child("studio", "mine", "--no-browser", cwd=tmp_path) as studio:
        address = studio.stdout.readline().split()[-1]
        host, token = re.fullmatch(r"http://(127\.0\.0\.1:\d+)/\?token=(\S+)", address).groups()
        connection = HTTPConnection(host, timeout=30)
        connection.request("GET", f"/?token={token}")
        response = connection.getresponse()
        response.read()
        assert response.status == 303
        cookie = response.headers["Set-Cookie"].partition(";")[0]
        connection.request("GET", "/api/state", headers={"Cookie": cookie})
        state = json.loads(connection.getresponse().read())
        connection.request("GET", "/api/events", headers={"Cookie": cookie})
        stream = connection.getresponse()  # of a page that is open at the end
        assert stream.readline().startswith(b"retry")
        assert state["directory"] == "mine"
        assert len(state["pictures"]) >= 2
        other = subprocess.run(
            [sys.executable, "-m", "nst_core.cli", "studio", "mine", "--no-browser"],
            cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert other.returncode == 2
        assert "another studio works in" in other.stderr
        studio.send_signal(signal.SIGINT)
        assert studio.wait(60) == 0
        lines = studio.stderr.read().splitlines()
        assert lines == ["Ctrl-C ends it. What is being painted goes on next time."]
        connection.close()
    assert (tmp_path / "mine" / "studio.json").exists()
