"""Sizes relative to the pictures, from the command line to the recipe and a resumed run."""

from pathlib import Path

import PIL.Image
import pytest
from fakes import FakeBackend

from nst_core.run.checkpoint import read
from nst_core.system import toml

FAKE = ("--backend", "fake", "--device", "cpu", "--steps", "2")


@pytest.fixture
def wide(pretended):
    PIL.Image.new("RGB", (90, 60), "teal").save("wide.png")
    PIL.Image.new("RGB", (50, 50), "orange").save("square.png")
    return "wide.png", "square.png"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--size", "original"), [(60, 90)]),
        (("--size", "50%"), [(30, 45)]),
        (("--size", "40%,50%,original", "--preset", "d2l"), [(24, 36), (30, 45), (60, 90)]),
        (("--pyramid", "32:original:1.6"), [(21, 32), (36, 54), (60, 90)]),
        (("--size", "original", "--preset", "best"), [(42, 64), (60, 90)]),
    ],
)
def test_of_the_content(nst, wide, options, expected):
    preset = () if "--preset" in options else ("--preset", "d2l")
    done = nst("run", *wide, *FAKE, *preset, *options, "-o", "o.png", "--checkpoint", "c")
    assert done.status == 0, done.err
    shown = ", ".join(f"{height}x{width}" for height, width in expected)
    assert f": {shown}, {2 * len(expected)} steps" in done.err
    with PIL.Image.open("o.png") as picture:
        assert picture.size == expected[-1][::-1]
    Path("r.toml").write_text(nst("recipe", "o.png").out)
    done = nst("run", "--config", "r.toml", "--backend", "fake", "-o", "again.png")
    assert (done.status, f": {shown}, " in done.err) == (0, True)


def test_styles_get_the_contents_longest_side_or_their_own_share(nst, wide, monkeypatch):
    backend = FakeBackend()
    monkeypatch.setattr("nst_core.backend.registry.load", lambda _: backend)
    options = (*FAKE, "--preset", "d2l", "--size", "50%", "-o", "o.png", "-q")
    assert nst("run", *wide, *options).status == 0
    assert nst("run", *wide, *options, "--style-size", "original").status == 0
    assert nst("run", *wide, *options, "--style-size", "60%").status == 0
    shapes = [problem.styles[0].image.shape[:2] for problem in backend.problems]
    assert shapes == [(45, 45), (50, 50), (30, 30)]


def test_a_run_of_a_relative_size_is_resumed(nst, wide):
    options = ("--preset", "best", "--size", "200%", "--steps", "2", "-q", "-o", "o.png")
    done = nst("run", *wide, *FAKE[:4], *options, "--checkpoint", "c", "--checkpoint-every", "1")
    assert (done.status, done.err) == (0, "")
    assert toml.loads(read("c").position.recipe, origin="c")["pyramid"]["to"] == "200%"
    done = nst("run", "--resume", "c", "-q")
    assert (done.status, done.err) == (0, "")


@pytest.mark.parametrize("size", ["0%", "2000%", "50 %", "half", "short:50%"])
def test_refused_in_one_line(nst, wide, size):
    done = nst("run", *wide, *FAKE, "--size", size)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "allowed are" in done.err
