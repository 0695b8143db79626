"""Picture files as they come: truncated ones, and the formats of telephones and the web."""

import io
import json
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest
from heic_files import heic

from nst_core import demo

FAST = ("--preset", "d2l", "--size", "16x24", "--steps", "1", "--weights", "random", "-q")


@pytest.fixture
def jpeg():
    stream = io.BytesIO()
    with PIL.Image.open(demo.painting()) as picture:
        picture.resize((150, 100)).save(stream, "JPEG")
    return stream.getvalue()


def test_a_truncated_content_is_painted_with_a_warning(nst, pair, tmp_path, jpeg):
    (tmp_path / "cut.jpg").write_bytes(jpeg[:-2])
    # In a process of its own, because pytest turns warnings into errors.
    command = [sys.executable, "-m", "nst_core.cli", "run", "cut.jpg", pair[1], *FAST]
    ended = subprocess.run([*command, "-o", "out.png"], capture_output=True, text=True, check=False)
    line = "nst: warning: cut.jpg lacks its end: no pixel is missing; get a fresh copy\n"
    assert (ended.returncode, ended.stderr) == (0, line)
    (tmp_path / "cut.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    done = nst("run", "cut.jpg", pair[1], *FAST, "-o", "out2.png")
    assert done.status == 2
    assert done.err.startswith("nst: error: can't read cut.jpg: truncated or corrupt JPEG (5")
    assert done.err.endswith("% of the picture is missing); get a fresh copy\n")
    assert done.err.count("\n") == 1


def test_a_truncated_content_in_a_batch(pair, tmp_path, jpeg):
    (tmp_path / "cut.jpg").write_bytes(jpeg[:-2])
    (tmp_path / "half.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    command = [sys.executable, "-m", "nst_core.cli", "batch", "cut.jpg", "half.jpg"]
    ended = subprocess.run(
        [*command, "--style", pair[1], "--output-dir", "out", *FAST[:-1]],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    line = "cut.jpg lacks its end: no pixel is missing; get a fresh copy"
    assert ended.stderr.count("nst: warning: ") == 1
    assert f"nst: warning: out/cut-style.png: {line}\n" in ended.stderr
    records = json.loads((tmp_path / "out" / "batch.json").read_text())
    assert records[0]["warnings"] == [line]
    assert "of the picture is missing); get a fresh copy" in ended.stderr
    assert [path.name for path in (tmp_path / "out").glob("*.png")] == ["cut-style.png"]


def test_heic_and_keep_alpha(nst, pair, tmp_path):
    (tmp_path / "IMG.HEIC").write_bytes(heic("alpha"))
    done = nst("run", "IMG.HEIC", pair[1], *FAST, "--keep-alpha", "-o", "out.png")
    assert (done.status, done.err) == (0, "")
    with PIL.Image.open("out.png") as picture:
        assert picture.mode == "RGBA"
        assert np.asarray(picture)[..., 3].max() > 200
