"""Checkpoints that came from somebody else: what they may name, and what they may not."""

from dataclasses import replace
from pathlib import Path

import pytest

from nst_core.run import checkpoint


@pytest.fixture
def kept(nst, pair, pretended):
    """A checkpoint of a run, in a directory of its own."""
    Path("mine").mkdir()
    done = nst("run", *pair, *pretended, "-q", "-o", "mine/out.png",
               "--checkpoint", "mine/c", "--checkpoint-every", "1")  # fmt: skip
    assert (done.status, done.err) == (0, "")
    return checkpoint.read("mine/c")


def forge(point, **options):
    position = point.position
    options = {**position.options, **{name: str(path) for name, path in options.items()}}
    position = position.model_copy(update={"options": options})
    checkpoint.write(replace(point, position=position), "mine/c")


def test_beside_it_or_below_the_working_directory(nst, kept, tmp_path, monkeypatch):
    (tmp_path / "elsewhere" / "deeper").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "elsewhere")
    for output in (tmp_path / "mine" / "a.png", tmp_path / "elsewhere" / "deeper" / "a.png"):
        monkeypatch.chdir(tmp_path)
        forge(kept, output=output)
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert nst("run", "--resume", "../mine/c", "-q").status == 0
        assert output.exists()


@pytest.mark.parametrize(
    ("name", "path", "words"),
    [
        ("output", "elsewhere/a.png", "neither beside it nor below this directory"),
        ("output", "mine/../elsewhere/a.png", "neither beside it nor below this directory"),
        ("plot", "elsewhere/a.png", "neither beside it nor below this directory"),
        ("history", "elsewhere/a.csv", "neither beside it nor below this directory"),
        ("history", "mine/.profile", "is no .csv file"),
    ],
)
def test_what_it_says_to_write_elsewhere_has_to_be_meant(
    nst, kept, tmp_path, monkeypatch, name, path, words
):
    (tmp_path / "elsewhere").mkdir()
    forge(kept, **{"output": tmp_path / "mine" / "out.png", name: tmp_path / path})
    monkeypatch.chdir(tmp_path / "mine")
    done = nst("run", "--resume", "c", "-q")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert words in done.err
    assert done.err.endswith(f"if you mean that, add --{name} {tmp_path / path}\n")
    assert not (tmp_path / path).exists()
    done = nst("run", "--resume", "c", "-q", *done.err.split("add ")[1].split())
    assert (done.status, done.err) == (0, "")
    assert (tmp_path / path).exists()
