"""What a run and a batch say of pictures whose values leave open what they mean."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import tiff_files

FAST = ("--preset", "d2l", "--size", "16x24", "--steps", "1", "--lr", "1e-7", "--weights", "random")
LINE = (
    "nst: warning: float.tif: its floating-point values go from 0 to 255: taken as 0...255, "
    "and clipped there\n"
)
NO_PROFILE = (
    "nst: warning: float.tif: its floating-point values have no colour profile: taken as sRGB, "
    "not as linear light\n"
)


def nst(*arguments, check=True):
    # In a process of its own, because pytest turns warnings into errors.
    return subprocess.run(
        [sys.executable, "-m", "nst_core.cli", *arguments],
        capture_output=True, text=True, check=check,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def in_an_empty_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def levels():
    chart = np.zeros((16, 24, 3), np.float32)
    chart[:, :12], chart[:, 12:] = (255, 40, 30), (40, 170, 0)
    return chart


@pytest.mark.parametrize("backend", ["pytorch", "mxnet"])
def test_a_run_says_what_it_assumed(pair, levels, backend):
    pytest.importorskip({"pytorch": "torch", "mxnet": "mxnet"}[backend])
    Path("float.tif").write_bytes(tiff_files.build(levels, photometric=2))
    done = nst("run", "float.tif", pair[1], *FAST, "-q", "-o", "out.png", "--backend", backend)
    assert done.stderr == LINE + NO_PROFILE
    with PIL.Image.open("out.png") as picture:
        assert np.abs(np.asarray(picture) - levels).max() <= 1


def test_a_batch_says_it_once(pair, levels):
    Path("float.tif").write_bytes(tiff_files.build(levels, photometric=2))
    done = nst("batch", *pair, "--style", "float.tif", "--output-dir", "out", *FAST)
    assert done.stderr.count(LINE) == 1
    assert len(list(Path("out").glob("*.png"))) == 2


def test_a_raw_file_is_refused_in_one_line(pair):
    mosaic = np.zeros((8, 8, 1), np.uint16)
    Path("a.dng").write_bytes(tiff_files.build(mosaic, photometric=32803))
    done = nst("run", "a.dng", pair[1], *FAST, check=False)
    assert done.returncode == 2
    assert done.stderr == (
        "nst: error: can't read a.dng: it is a raw file of a camera, whose values become colours "
        "only in a raw converter; export it from there as TIFF or JPEG\n"
    )
