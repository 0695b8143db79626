"""``nst run --live``: the page of a run that the command line started."""

import http.client
import json
import re
import subprocess
import sys
import time

import PIL.Image
import pytest

from nst_core.cli import run_studio
from nst_core.errors import NstError


def ask(address, path, cookie=""):
    host = re.match("http://([^/]+)/", address)[1]
    connection = http.client.HTTPConnection(host, timeout=30)
    connection.request("GET", path, headers={"Cookie": cookie})
    response = connection.getresponse()
    answer = response.status, response.headers, response.read()
    connection.close()
    return answer


def test_a_run_is_shown_as_it_paints(slow_backend, tmp_path):
    for name in ("content", "style"):
        PIL.Image.effect_noise((40, 30), 90).convert("RGB").save(tmp_path / f"{name}.png")
    command = "run content.png style.png --live --preset d2l --backend slow --weights random"
    with subprocess.Popen(
        [sys.executable, "-m", "nst_core.cli", *command.split(), "--size", "32", "--steps", "150"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        line = next(line for line in run.stderr if "live at" in line)
        address = line.split()[-1]
        status, headers, _ = ask(address, address[address.index("/?") :])
        assert status == 303
        cookie = headers["Set-Cookie"].partition(";")[0]
        assert ask(address, "/api/state")[0] == 403
        end = time.monotonic() + 60
        step, picture = 0, b""
        while time.monotonic() < end and not (step > 3 and picture):
            state = json.loads(ask(address, "/api/state", cookie)[2])
            step = state["paintings"][0]["step"]
            status, _, body = ask(address, "/api/paintings/live/picture/screen", cookie)
            picture = body if status == 200 else b""
        assert picture.startswith(b"\xff\xd8")
        assert (state["live"], state["paintings"][0]["title"]) == (True, "content-style")
        assert ask(address, "/api/paintings/live/stop", cookie)[0] in (404, 405)
        assert run.wait(60) == 0, run.stderr.read()
        run.stderr.read()
    with PIL.Image.open(tmp_path / "content-style.png") as kept:
        assert kept.size == (32, 24)
    with pytest.raises(OSError):  # noqa: PT011 - refused or reset: the page is gone with the run
        ask(address, "/api/state", cookie)


def test_without_the_extra_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr(run_studio, "find_spec", lambda name: None)
    with pytest.raises(NstError, match=r"pip install 'nst\[studio\]'") as error:
        run_studio.check_extra("nst studio")
    assert "\n" not in str(error.value)
