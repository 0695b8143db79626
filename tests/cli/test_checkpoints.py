"""``--checkpoint`` and ``--resume`` as a person uses them, on PyTorch with random weights."""

import csv
import os
from pathlib import Path

import pytest

FAST = (
    "--preset",
    "d2l",
    "--weights",
    "random",
    "--device",
    "cpu",
    "--size",
    "16x24,20x30",
    "--log-every",
    "2",
)


def rows(path):
    with Path(path).open() as stream:
        return [{**row, "seconds": ""} for row in csv.DictReader(stream)]


@pytest.mark.parametrize("optimiser", ["adam", "lbfgs"])
def test_going_on_gives_the_same_files(nst, pair, optimiser, tmp_path, monkeypatch):
    options = (*FAST, "--steps", "6", "--optimiser", optimiser, "--history", "h.csv", "-q")
    # Every 7 steps of 12: the file stays as after the first of the second stage.
    done = nst(
        "run", *pair, *options, "-o", "out.png", "--checkpoint", "c", "--checkpoint-every", 7
    )
    assert (done.status, done.err) == (0, "")
    picture, history = Path("out.png").read_bytes(), rows("h.csv")
    Path("out.png").unlink()
    Path("h.csv").unlink()
    # In another directory, and to the same outputs.
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    before = Path("../c").stat().st_mtime_ns
    done = nst("run", "--resume", "../c", "-q")
    assert (done.status, done.err) == (0, "")
    monkeypatch.chdir(tmp_path)
    assert Path("out.png").read_bytes() == picture
    assert rows("h.csv") == history
    assert Path("c").stat().st_mtime_ns == before  # 14 is past the end
    # The whole command again, with --resume added, and another output.
    done = nst("run", *pair, *options, "--resume", "c", "-o", "again.png")
    assert (done.status, done.err) == (0, "")
    assert rows("h.csv") == history
    assert Path("again.png").read_bytes() == picture


@pytest.fixture
def kept(nst, pair):
    nst("run", *pair, *FAST, "--steps", "1", "-q", "--checkpoint", "c", "--checkpoint-every", "1")
    return "c"


def test_what_does_not_fit_is_one_line(nst, kept):
    for arguments, line in (
        (("--style-weight", "3"), "style.weight was 10000 and is now 3: leave it as it was"),
        (("--size", "40x60"), "stages.0.size was 16x24 and is now 32x48"),
        (("--weights", "random:1"), "it was computed with other weights (random)"),
        (("--backend", "mxnet"), "computed by pytorch, not mxnet: take that backend again"),
        (("style.png", "content.png"), "content is not the one that it was computed with"),
        (("--preset", "gala"), "content.weight was 1 and is now 0.01"),
        (("-o", "c"), "unknown extension"),
    ):
        if "mxnet" in arguments:
            pytest.importorskip("mxnet")
        done = nst("run", *arguments, "--resume", kept)
        assert (done.status, done.out) == (2, "")
        assert done.err.startswith("nst: error: ")
        assert line in done.err
        assert done.err.count("\n") == 1


def test_what_is_no_checkpoint(nst, pair, kept):
    whole = Path(kept).read_bytes()
    Path("half").write_bytes(whole[: len(whole) // 2])
    for name, line in (
        ("none", "there is no such file"),
        (".", "it is no file"),
        ("content.png", "it is damaged, or no checkpoint"),
        ("half", "it is damaged, or no checkpoint"),
    ):
        done = nst("run", "--resume", name)
        assert (done.status, done.err.count("\n")) == (2, 1)
        assert done.err.startswith(f"nst: error: can't resume from {name}: {line}")
    done = nst("run", *pair, "--checkpoint", "none/c")
    assert "there is no directory" in done.err
    done = nst("run", *pair, "--checkpoint", "h.csv", "--history", "h.csv")
    assert "need a file each" in done.err
    assert done.status == 2


@pytest.mark.skipif(os.name != "posix", reason="signals are a thing of POSIX")
@pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_keeps_picture_and_checkpoint(nst, child, pair, tmp_path, name, status):
    import signal

    arguments = ("run", *pair, *FAST, "--steps", "100000", "-o", "out.png", "--checkpoint", "c")
    with child(*arguments, cwd=tmp_path) as run:
        for line in run.stderr:
            if "step 4/" in line:
                run.send_signal(getattr(signal, name))
                break
        if name == "SIGHUP":
            run.stderr.close()  # the terminal is gone as well
            run.stderr = None
        _, err = run.communicate(timeout=60)
    assert run.returncode == status
    if err:
        assert "interrupted; the picture reached so far is out.png; go on by nst run --r" in err
        assert "Traceback" not in err
    assert Path("out.png").exists()
    # With another number of steps it is another run.
    done = nst("run", "--resume", "c", "--steps", "5", "-q")
    assert "stages.0.steps was 100000 and is now 5" in done.err
