"""Twenty processes that start side by side on one empty weights cache, over a slow network."""

import hashlib
import io
import json
import os
import subprocess
import sys
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks, to import but once")

PROCESSES = 20
CONTENT = bytes(range(256)) * 64

# Each child waits until all are there, and then says what it got.
FORKS = """
import hashlib, json, os, sys
{prepare}
gate, opened = os.pipe()
answers, answer = os.pipe()
for _ in range({processes}):
    if os.fork() == 0:
        os.close(opened)
        os.read(gate, 1)
        try:
            said = hashlib.sha256({get}).hexdigest()
        except BaseException as error:
            said = repr(error)
        os.write(answer, (said + chr(10)).encode())
        os._exit(0)
os.close(opened)
os.close(answer)
print(json.dumps(open(answers).read().split(chr(10))[:-1]))
"""

TORCHVISION = """
from nst_pytorch import pretrained
pretrained.URL, pretrained.SHA256 = {url!r} + "vgg19-0.pth", {sha256!r}
pretrained.read_arrays = lambda path: path.read_bytes()
"""

GLUONCV = """
from types import SimpleNamespace
from nst_mxnet import pretrained
store = pretrained._zoo.model_store
store._model_sha1["vgg19"] = {sha1!r}
read = []
def vgg19(pretrained):
    read.append(open(store.get_model_file("vgg19"), "rb").read())
    return SimpleNamespace(features=())
pretrained._zoo, pretrained.CONVOLUTIONS = SimpleNamespace(vgg19=vgg19), ()
pretrained.canonical_names = lambda arrays: read[0]
"""


@pytest.fixture
def server():
    """``server.files`` are served, each in two halves with a pause, and counted."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            content = self.server.files[self.path.rpartition("/")[2]]
            self.server.served += 1
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            middle = len(content) // 2
            self.wfile.write(content[:middle])
            time.sleep(0.3)
            self.wfile.write(content[middle:])

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 2 * PROCESSES

    with Server(("127.0.0.1", 0), Handler) as one:
        one.files, one.served = {}, 0
        one.url = f"http://127.0.0.1:{one.server_port}/"
        threading.Thread(target=one.serve_forever, daemon=True).start()
        yield one
        one.shutdown()


def cold_starts(prepare, get, environment):
    script = FORKS.format(prepare=prepare, get=get, processes=PROCESSES)
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "no_proxy": "127.0.0.1", **environment},
        capture_output=True, text=True, timeout=500, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_torchvisions(server, tmp_path):
    pytest.importorskip("torch")
    server.files["vgg19-0.pth"] = CONTENT
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    prepare = TORCHVISION.format(url=server.url, sha256=sha256)
    found = cold_starts(prepare, "pretrained.load_pretrained()", {"TORCH_HOME": str(tmp_path)})
    assert found == [sha256] * PROCESSES
    cache = tmp_path / "hub" / "checkpoints"
    assert [path.name for path in cache.iterdir()] == ["vgg19-0.pth"]
    assert server.served > 1, "they did meet"


def test_gluoncvs(server, tmp_path):
    pytest.importorskip("nst_mxnet.pretrained")  # which keeps GluonCV from changing Pillow
    sha1, stream = hashlib.sha1(CONTENT).hexdigest(), io.BytesIO()
    name = f"vgg19-{sha1[:8]}"
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(f"{name}.params", CONTENT)
    server.files[f"{name}.zip"] = stream.getvalue()
    environment = {"MXNET_HOME": str(tmp_path), "MXNET_GLUON_REPO": server.url}
    found = cold_starts(GLUONCV.format(sha1=sha1), "pretrained.load_pretrained()", environment)
    assert found == [hashlib.sha256(CONTENT).hexdigest()] * PROCESSES
    assert server.served == 1, "one downloads, the others wait for it"
    files = {path.name for path in (tmp_path / "models").iterdir()}
    assert files - {f"{name}.lock"} == {f"{name}.params"}
