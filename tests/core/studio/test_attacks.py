"""What attacks a server on this machine, each refused."""

import http.client
import os
import signal
import socket
import struct
import time
import zlib
from urllib.parse import quote

import psutil
import pytest
from core.studio.studio_server import MAX_BYTES, MAX_PIXELS, StudioServer, png

CHANGES = "/api/paintings"


def test_nothing_is_answered_without_the_token(studio):
    for path in ("/", "/api/state", "/api/events", "/page/app.js", "/?token=wrong", "/login"):
        answer = studio.ask("GET", path, known=False)
        assert answer.status in (403, 404), path
        assert b"<" not in answer.body
        assert answer.body.count(b"\n") == 1
    assert studio.ask("POST", CHANGES, {}, known=False).status == 403
    wrong = {"Cookie": f"{studio.access.cookie}=wrong"}
    assert studio.ask("GET", "/api/state", headers=wrong).status == 403


def test_the_token_is_exchanged_for_a_cookie_that_scripts_do_not_see(studio):
    answer = studio.ask("GET", f"/?token={studio.access.token}", known=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert studio.access.token not in cookie


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.nip.io"]
)
def test_a_foreign_host_is_refused(studio, host):
    headers = {"Host": host.format(port=studio.port), "Origin": None}
    assert studio.ask("GET", "/api/state", headers=headers).status == 421
    entrance = f"/?token={studio.access.token}"
    assert studio.ask("GET", entrance, known=False, headers=headers).status == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:{port}"])
def test_a_foreign_origin_is_refused(studio, origin):
    headers = {"Origin": origin.format(port=studio.port)}
    for method, path in (("POST", CHANGES), ("GET", "/api/events"), ("DELETE", "/api/trash")):
        assert studio.ask(method, path, headers=headers).status == 403


def test_a_request_of_another_site_is_refused(studio):
    headers = {"Origin": None, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    for path in ("/api/state", "/api/events", "/api/pictures/x/thumb"):
        assert studio.ask("GET", path, headers=headers).status == 403


def test_there_are_no_sockets(studio):
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    for origin in (studio.address, "http://evil.example"):
        answer = studio.ask("GET", "/api/events2", headers={**headers, "Origin": origin})
        assert answer.status in (403, 404)


@pytest.mark.parametrize(
    "path",
    [
        "/page/../store.py",
        "/page/%2e%2e/store.py",
        "/page/..%2f..%2fpyproject.toml",
        "/page//etc/passwd",
        "/api/pictures/..%2f..%2fstudio.json/thumb",
        "/api/pictures/%2fetc%2fpasswd/thumb",
        "/api/paintings/..",
        "/api/paintings/%2e%2e%2f%2e%2e/picture/full",
        "/api/paintings/x/picture/..%2fpainting.json",
        "/api/cards/..%2findex.html",
    ],
)
def test_paths_lead_nowhere(studio, path):
    answer = studio.ask("GET", path)
    assert answer.status in (404, 405)
    assert b"root:" not in answer.body
    assert b"layout" not in answer.body


def test_names_of_uploads_are_never_paths(studio):
    for name in ("../../../evil.png", "/etc/evil.png", "..\\evil.png", "a\0b", "x" * 5000):
        answer = studio.ask("POST", f"/api/pictures?name={quote(name)}", png(seed=len(name)))
        assert answer.status == 201
        assert "/" not in answer.json["title"]
        assert len(answer.json["title"]) <= 80
    below = {p.relative_to(studio.directory).parts[0] for p in studio.directory.rglob("*")}
    assert below == {
        *("pictures", "paintings", "trash", "incoming"),
        *("studio.json", "studio.lock", "queue.json"),
    }
    assert not list((studio.directory / "incoming").iterdir())


def test_settings_name_no_files(studio, tmp_path):
    (tmp_path / "secret.png").write_bytes(png())
    recipe = f'[start]\nimage = "{tmp_path}/secret.png"\n[run]\nweights = "/etc/secret.pth"'
    for more in (
        {"overrides": {"start.image": str(tmp_path / "secret.png")}},
        {"overrides": {"run.weights": "/etc/secret.pth"}},
        {"overrides": {"run.weights": "caffe:/etc/secret.pth"}},
        {"overrides": {"run.content": "/etc/passwd"}},
        {"overrides": {"run.style_mask": "/etc/passwd"}},
        {"recipe": recipe, "overrides": {}},
    ):
        settings = {**studio.settings(), **more}
        answer = studio.ask("POST", CHANGES, settings)
        assert answer.status == 400, (more, answer.body)


def test_an_upload_of_two_gigabytes_is_refused_at_once(studio):
    headers = {"Content-Length": str(2 << 30)}
    began = time.monotonic()
    answer = studio.ask("POST", "/api/pictures?name=big.png", b"", headers=headers)
    assert answer.status == 413
    assert time.monotonic() - began < 5


def test_an_upload_that_does_not_say_how_long_it_is_is_cut_off(studio):
    with socket.create_connection(("127.0.0.1", studio.port), timeout=30) as connection:
        connection.sendall(
            f"POST /api/pictures?name=big.png HTTP/1.1\r\nHost: 127.0.0.1:{studio.port}\r\n"
            f"Cookie: {studio.access.cookie}={studio.access.session}\r\n"
            f"Transfer-Encoding: chunked\r\n\r\n".encode()
        )
        part = b"10000\r\n" + bytes(0x10000) + b"\r\n"
        sent = 0
        try:
            while sent < 64 * MAX_BYTES:
                connection.sendall(part)
                sent += 0x10000
        except OSError:  # it was closed
            pass
        assert sent < 64 * MAX_BYTES
    assert not list((studio.directory / "incoming").iterdir())


def bomb(width, height):
    """A PNG that says it has many pixels, in few bytes."""

    def chunk(name, data):
        crc = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1 << 20), 9)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (bomb(60_000, 60_000), f"more than {MAX_PIXELS}"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "not a JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "not a JPEG"),
        (b"", "empty"),
        (png()[:60], "truncated or corrupt"),
    ],
    ids=["bomb", "html", "svg", "empty", "truncated"],
)
def test_what_is_no_picture_is_refused(studio, body, words):
    answer = studio.ask("POST", "/api/pictures?name=cat.png", body)
    assert answer.status == 400
    assert words in answer.json["error"]
    assert "incoming" not in answer.json["error"]
    assert "cat" not in [one["title"] for one in studio.get("/api/state").json["pictures"]]


def test_answers_forbid_what_a_page_does_not_need(studio):
    for path in ("/", "/api/state", "/nowhere"):
        headers = studio.ask("GET", path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Server" not in headers
    assert studio.get("/").headers["Cache-Control"] == "no-store"


def test_the_page_asks_no_other_host(studio):
    from nst_core.studio.api import PAGE

    for path in PAGE.rglob("*"):
        if path.suffix in (".html", ".css", ".js"):
            text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
            assert "http://" not in text, path
            assert "https://" not in text, path
            assert "innerHTML" not in text, path


def test_two_hundred_connections_at_once(studio):
    connections = []
    try:
        for number in range(200):
            one = http.client.HTTPConnection("127.0.0.1", studio.port, timeout=30)
            cookie = f"{studio.access.cookie}={studio.access.session}"
            if number % 2:
                one.connect()  # and say nothing
            else:
                one.request("GET", "/api/events", headers={"Cookie": cookie})
            connections.append(one)
        time.sleep(0.5)
        began = time.monotonic()
        assert studio.get("/api/state").status == 200
        assert time.monotonic() - began < 5
        assert len(studio.studio.hub._subscriptions) <= 32
        answer = connections[-2].getresponse()  # the newest stream is served
        assert answer.status == 200
        answer.close()
    finally:
        for one in connections:
            one.close()
    assert studio.get("/api/state").status == 200


def test_long_requests_and_nonsense(studio):
    assert studio.ask("POST", CHANGES, b"[" * 900_000).status == 400
    assert studio.ask("POST", CHANGES, b"{" + b" " * (2 << 20)).status == 400
    assert studio.ask("POST", CHANGES, b"[1]").status == 400
    assert studio.ask("POST", CHANGES, b'{"content": 1}').status == 400
    assert studio.ask("PATCH", "/api/state").status == 405


def test_other_machines_need_a_password(slow_backend, tmp_path):
    with StudioServer(tmp_path / "studio", host="0.0.0.0", password="bright red") as studio:
        assert studio.ask("GET", "/", known=False).headers["Location"] == "/login"
        wrong = studio.ask("POST", "/login", b"password=blue", known=False)
        assert (wrong.status, wrong.headers["Location"]) == (303, "/login?wrong=1")
        assert "Set-Cookie" not in wrong.headers
        right = studio.ask("POST", "/login", b"password=bright+red", known=False)
        assert "HttpOnly" in right.headers["Set-Cookie"]
        for host in ("evil.example", f"evil.example:{studio.port}"):
            headers = {"Host": host, "Origin": None}
            assert studio.ask("GET", "/", headers=headers).status == 421
        assert studio.ask("GET", "/login", known=False).status == 200


def test_a_decoder_that_dies_costs_one_upload(studio):
    assert studio.ask("POST", "/api/pictures?name=a.png", png(seed=1)).status == 201
    for child in psutil.Process().children(recursive=True):
        if "multiprocessing" in " ".join(child.cmdline()) and "spawn_main" in str(child.cmdline()):
            os.kill(child.pid, signal.SIGKILL)
    time.sleep(0.3)
    body = png(seed=2)
    answers = [studio.ask("POST", "/api/pictures?name=b.png", body).status for _ in range(2)]
    assert answers[-1] == 201
