"""Odd places to write to, and odd surroundings to run in: each in a process of its own."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import PIL.Image
import pytest

from nst_core.run import checkpoint

FAST = ("--size", "16x24", "--steps", "2", "--weights", "random")

CALL = "from nst_core.cli import main; main()"

SMALL_FILES = f"""
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))
{CALL}
"""


FULL = Path("/dev/full")


def run(*arguments, cwd, code=CALL, environment=None, **options):
    return subprocess.run(
        [sys.executable, "-c", code, *map(os.fsencode, arguments)],
        check=False, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, timeout=300,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )  # fmt: skip


def size(path):
    with PIL.Image.open(path) as picture:
        return picture.size


def test_no_room_for_the_picture(pair, tmp_path):
    (tmp_path / "out.png").write_bytes(b"old")
    done = run("run", *pair, *FAST, "-o", "out.png", "-q", cwd=tmp_path, code=SMALL_FILES)
    assert done.returncode == 2
    assert done.stderr.startswith(b"nst: error: can't write out.png: File too large")
    assert done.stderr.count(b"\n") == 1
    assert (tmp_path / "out.png").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "content.png", "out.png", "style.png",
    ]  # fmt: skip


def test_nothing_but_the_picture_is_needed(pair, tmp_path):
    """No home, no terminal, a locale that is not UTF-8, and nobody who reads what is said."""
    environment = {
        "PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0",
    }  # fmt: skip
    reader, writer = os.pipe()
    os.close(reader)
    name = "\u00e9t\u00e9 \u4e2d.png"
    try:
        done = run(
            "run", *pair, *FAST, "-o", name, cwd=tmp_path, environment=environment, stdout=writer
        )
    finally:
        os.close(writer)
    assert b"Traceback" not in done.stderr, done.stderr
    assert size(tmp_path / name) == (24, 16)


def test_a_name_that_is_not_utf8(pair, tmp_path):
    name = b"caf\xe9.png"
    try:
        (tmp_path / os.fsdecode(name)).write_bytes((tmp_path / "content.png").read_bytes())
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    done = run("run", name, "style.png", *FAST, "-o", b"out-\xff.png", "-q", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert size(tmp_path / os.fsdecode(b"out-\xff.png")) == (24, 16)


def test_two_runs_into_one_picture(pair, tmp_path):
    def one(height):
        sizes = ("--size", f"{height}x24", "--steps", "40", "--save-every", "1")
        return run("run", *pair, *FAST, *sizes, "-o", "out.png", "--checkpoint", "a.ckpt",
                   "--checkpoint-every", "1", "-q", cwd=tmp_path)  # fmt: skip

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(one, (16, 20)))
    assert [(done.returncode, done.stderr) for done in ends] == [(0, b"")] * 2
    assert size(tmp_path / "out.png") in ((24, 16), (24, 20))
    point = checkpoint.read(tmp_path / "a.ckpt")
    assert (point.initial_image.shape, point.position.global_step) in (
        ((16, 24, 3), 40),
        ((20, 24, 3), 40),
    )
    assert not list(tmp_path.glob(".*"))


def test_an_output_that_is_a_link_is_written_through(nst, pair, pretended, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "old.png").write_bytes(b"old")
    outputs = {"-o": "out.png", "--plot": "plot.png", "--history": "h.csv", "--checkpoint": "c"}
    for name in outputs.values():
        (tmp_path / name).symlink_to(f"real/{name}")  # dangling
    (tmp_path / "out.png").unlink()
    (tmp_path / "out.png").symlink_to(tmp_path / "real" / "old.png")
    given = [part for pair in outputs.items() for part in pair]
    done = nst("run", *pair, *pretended, *given, "--checkpoint-every", 1, "-q")
    assert (done.status, done.err) == (0, "")
    assert all((tmp_path / name).is_symlink() for name in outputs.values())
    assert size(tmp_path / "real" / "old.png") == (24, 16)
    assert checkpoint.read(tmp_path / "real" / "c").position.step == 2
    made = sorted(path.name for path in (tmp_path / "real").iterdir())
    assert made == ["c", "h.csv", "old.png", "plot.png"]


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (".", "it is a directory; name a file"),
        ("missing/out.png", "missing; create it first"),
        ("out.png", "; "),  # itself
        ("/dev/null", "it is not an ordinary file; name another"),
    ],
)
def test_an_output_that_is_a_link_to_nowhere_good(nst, pair, pretended, tmp_path, target, words):
    (tmp_path / "out.png").symlink_to(target)
    done = nst("run", *pair, *pretended, "-o", "out.png", "-q")
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith("nst: error: can't write out.png: ")
    assert words in done.err
    assert (tmp_path / "out.png").is_symlink()


def test_names_as_long_as_can_be(nst, pair, pretended, tmp_path):
    longest = "x" * 251 + ".png"
    (tmp_path / "content.png").rename(tmp_path / longest)
    output = "y" * 251 + ".png"
    given = (*pretended, "-q", "--checkpoint", "z" * 255, "--checkpoint-every", 1)
    done = nst("run", longest, pair[1], *given, "-o", output)
    assert (done.status, done.err) == (0, "")
    assert size(tmp_path / output) == (24, 16)
    assert checkpoint.read(tmp_path / ("z" * 255)).position.step == 2
    for wrong in (("-o", "y" + output), ("-o", "d/" * 3000 + "out.png"), ()):
        done = nst("run", longest, pair[1], *given, *wrong)
        assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
        assert "too long" in done.err.lower()
        assert len(done.err) < 1000
    for wrong in ("x" + longest, "d/" * 3000 + "content.png"):
        done = nst("run", wrong, pair[1], *given)
        assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)


@pytest.mark.skipif(not FULL.exists(), reason="a device of Linux")
def test_what_is_printed_into_a_full_disk_is_not_silently_lost(tmp_path):
    with FULL.open("w") as full:
        done = run("presets", "d2l", cwd=tmp_path, stdout=full)
        assert done.returncode == 2
        assert done.stderr == b"nst: error: can't write standard output: the disk is full\n"
        done = run("presets", "nothing", cwd=tmp_path, stderr=full)
        assert done.returncode == 2
