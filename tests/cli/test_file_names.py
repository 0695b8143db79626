"""Names of files that are not UTF-8, look like markup, or hold control characters."""

import csv
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import FakeBackend, tiny_weights

from nst_core.system import names, toml

FAST = ("--size", "16x24", "--steps", "2", "--weights", "random")
LATIN = os.fsdecode(b"caf\xe9")
ODD = (
    LATIN,
    "café",
    "[b]x[",
    "[/b]",
    ":smile: [link=x]",
    "a\x1b[31mred\x07",
    "two\nlines",
    "$'x'",
)
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}


@pytest.fixture
def odd(nst, pair):
    """``odd(name)`` gives the pair a directory and names of that kind; returns content, style."""

    def rename(name):
        Path(name).mkdir(parents=True)
        last = Path(name).name
        content, style = Path(name, f"{last}.png"), Path(name, f"s{last}.png")
        shutil.copy("content.png", content)
        shutil.copy("style.png", style)
        return str(content), str(style)

    return rename


def printable(*texts):
    for text in texts:
        assert text.replace("\n", "").isprintable()


def in_ascii(*arguments, **options):
    """Run the command line in an ASCII locale."""
    return subprocess.run(
        [sys.executable, "-m", "nst_core.cli", *arguments],
        env={**os.environ, **ASCII}, check=False, capture_output=True, **options,
    )  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_run_and_recipe(nst, odd, pretended, name):
    content, style = odd(name)
    output = str(Path(name, "o.png"))
    done = nst("run", content, style, *pretended, "--init", content, "-o", output,
               "--history", f"{output}.csv", "--plot", f"{output}.plot.png",
               *(["-q"] if name == LATIN else []))  # fmt: skip
    # capsys can't hold the bytes of that name; the test of an ASCII locale sees them.
    assert (done.status, done.out) == (0, "" if name == LATIN else output + "\n")
    printable(done.err)
    recipe = nst("recipe", output).out
    table = toml.loads(recipe, origin="recipe")
    assert names.from_text(table["run"]["content"]) == content
    line = shlex.split(table["made_with"]["command"].replace("$'", "'"))
    assert line[:2] == ["nst", "run"]
    Path("r.toml").write_text(recipe, encoding="utf-8")
    again = nst("run", "--config", "r.toml", "--backend", "fake", "-o", "again.png", "-q")
    assert (again.status, again.err) == (0, "")
    assert Path("again.png").exists()


@pytest.mark.parametrize("name", ODD)
def test_the_resume_command_may_be_pasted(nst, odd, pretended, monkeypatch, tmp_path, name):
    from nst_core.cli.signals import Signals

    content, style = odd(name)
    point, output = str(Path(name, "[b] c.nst")), str(Path(name, "o.png"))
    monkeypatch.setattr(Signals, "stopping", lambda _: True)
    done = nst("run", content, style, *pretended, "-o", output, "--checkpoint", point)
    assert done.status == 130
    printable(done.err)
    command = done.err.splitlines()[-1].partition("go on by ")[2]
    listed = subprocess.run(
        ["bash", "-c", f"nst() {{ printf '%s\\0' \"$@\"; }}; {command}"],
        check=True, capture_output=True,
    ).stdout.split(b"\0")[:-1]  # fmt: skip
    assert [os.fsdecode(one) for one in listed] == ["run", "--resume", point]
    monkeypatch.undo()
    monkeypatch.setattr("nst_core.backend.registry.load", lambda _: FakeBackend())
    monkeypatch.setattr("nst_core.weights.load", lambda _: tiny_weights())
    monkeypatch.setattr("nst_core.cli._exit_now", sys.exit)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    Path(tmp_path, output).unlink()
    done = nst("run", "--resume", str(tmp_path / point), "-q")
    assert (done.status, done.err) == (0, "")
    assert Path(tmp_path, output).exists()


def test_batch(nst, odd):
    pairs = [odd(name) for name in ODD]
    contents = [content for content, _ in pairs]
    style = pairs[0][1]
    out = f"out{LATIN}[/b]"
    arguments = ("batch", *contents, "missing:smile:\x1b.png", "--style", style, *FAST)
    done = nst(*arguments, "--output-dir", out)
    assert done.status == 1
    printable(done.out, done.err)
    assert "Traceback" not in done.err
    rows = list(csv.DictReader(Path(out, "batch.csv").read_text("utf-8").splitlines()))
    records = json.loads(Path(out, "batch.json").read_text("utf-8"))
    assert [row["output"] for row in rows] == [record["output"] for record in records]
    assert [record["status"] for record in records] == ["done"] * len(ODD) + ["failed"]
    for name, record in zip(ODD, records, strict=False):
        path = names.from_text(record["output"])
        assert path == str(Path(out, f"{Path(name).name}-s{LATIN}.png"))
        assert Path(path).exists()
        assert names.display_path(Path(path).name) in done.out
    assert nst(*arguments, "--output-dir", out).err.count("was done before") == len(ODD)


def test_compare(nst, odd):
    content, style = odd(f"{LATIN}[/b]")
    done = nst("compare", content, style, "--presets", "d2l,gala", "--backends", "pytorch", *FAST,
               "--output-dir", LATIN)  # fmt: skip
    assert (done.status, "Traceback" in done.err) == (0, False)
    printable(done.out)
    table = json.loads(Path(LATIN, "report.json").read_text("utf-8"))
    assert names.from_text(table["setting"]["content"]) == content
    Path(LATIN, "report.html").read_text("utf-8")


@pytest.mark.parametrize("name", [b"caf\xe9", "café".encode()])
def test_an_ascii_locale(pair, tmp_path, name):
    directory = os.fsencode(tmp_path) + b"/" + name
    Path(os.fsdecode(directory)).mkdir()
    content = directory + b"/" + name + b".png"
    shutil.copy(tmp_path / "content.png", os.fsdecode(content))
    output, point = directory + b"/o" + name + b".png", directory + b"/" + name + b".nst"
    run = in_ascii("run", content, "style.png", *FAST, "-o", output, "--checkpoint", point,
                   "--checkpoint-every", "1", cwd=tmp_path)  # fmt: skip
    assert (run.returncode, run.stdout) == (0, output + b"\n"), run.stderr
    recipe = in_ascii("recipe", output, cwd=tmp_path)
    Path(tmp_path, "r.toml").write_bytes(recipe.stdout)
    table = toml.read(tmp_path / "r.toml")["run"]
    assert os.fsencode(names.from_text(table["content"])) == content
    for arguments in (("--config", "r.toml", "-o", "again.png"), ("--resume", point)):
        again = in_ascii("run", *arguments, "-q", cwd=tmp_path)
        assert (again.returncode, again.stderr) == (0, b"")
    batch = in_ascii("batch", content, "--style", "style.png", *FAST, "--output-dir", directory,
                     cwd=tmp_path)  # fmt: skip
    assert (batch.returncode, b"Traceback" in batch.stderr) == (0, False), batch.stderr
    assert Path(os.fsdecode(directory + b"/" + name + b"-style.png")).exists()


def test_names_from_a_config_are_literal(nst, pair, pretended, capsys):
    Path("a.toml").write_text("name = \"[/b]:smile:$x^{\\u001b[31m\"\npreset = 'd2l'\n")
    done = nst("run", *pair, *pretended, "--config", "a.toml", "--plot", "p.png", "-o", "o.png")
    assert done.status == 0
    printable(done.err)
    assert "[/b]:smile:" in done.err
    diff = nst("presets", "--diff", "d2l", "gala")
    assert diff.status == 0
