"""Every command and every Python block of README and of the documentation is run, as far as it
takes seconds. One that is not run is listed below with the reason. A new command has to be listed
or run, or it fails here.

The commands run in this process, in a temporary directory with small pictures.
"""

import importlib
import io
import runpy
import sys
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from docs.pages import ROOT, Block, blocks, commands

import nst_core
from nst_core import weights
from nst_core.cli import main

SMALL = ["--size", "32", "--steps", "1", "--weights", "random"]
"""What is appended to `nst run` and `nst batch`, so that they take a second: the last of two
values of an option counts."""

OTHERWISE_SMALL = {
    "--size 128,256,512": ["--size", "32,40,48", "--steps", "1", "--weights", "random"],
    "--pyramid 128:512": ["--pyramid", "24:48", "--steps", "2,1", "--weights", "random"],
    "--checkpoint run.nst": [*SMALL, "--steps", "2", "--checkpoint-every", "1"],
    "batch ": [*SMALL, "--jobs", "1"],
}
"""What is appended instead to commands that contain these words."""

NOT_REDUCED = ("--resume", "--config")
"""Commands that take everything from a file."""

PARSED = ("compare", "studio")
"""Commands of nst that start a process per variant or serve a page: only options are read."""

ELSEWHERE = ("s3://", "--on ray")
"""Words of commands that need a store or a cluster: only their options are read, too."""

CI = "run by .ci/run"
OF_THE_EXAMPLE = "test_example_backend has a shorter one"
CONFORMANCE = "pytest tests/conformance"

NOT_RUN = {
    "pip install uv": "needs a package index",
    "pip install .[mxnet]": "needs a package index",
    "uv pip install --torch-backend cpu .[pytorch]": "needs a package index",
    "nst weights get": "tests/core/weights/test_fetching.py makes the package",
    "uv pip install -e examples/nst_autograd": "needs a package index",
    "git clone REPOSITORY nst": "needs a network",
    "cd nst": "changes the directory",
    "pytest -n 2": CI,
    "ruff check .": CI,
    "ruff format --check .": CI,
    "mypy": CI,
    "lint-imports": CI,
    "mkdocs build --strict": "test_site builds the site",
    "pytest tests/cli": "part of this suite",
    f"{CONFORMANCE} --deviations": "takes minutes",
    f"{CONFORMANCE} --backend NAME": "takes minutes",
    "nst run --backend autograd --preset d2l --output out.png": OF_THE_EXAMPLE,
    f"{CONFORMANCE}/test_values.py --backend autograd -k block and features": OF_THE_EXAMPLE,
    f"{CONFORMANCE}/test_values.py --backend autograd -k block and float64": OF_THE_EXAMPLE,
    f"{CONFORMANCE}/test_session.py --backend autograd": OF_THE_EXAMPLE,
    f"{CONFORMANCE} --backend autograd": OF_THE_EXAMPLE,
    f"{CONFORMANCE} --backend autograd --deviations": OF_THE_EXAMPLE,
}
"""Commands that are not run here, with the reason. ``CI``: the test finds them in .ci/run."""

SH = blocks("sh")
PYTHON = blocks("python")


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    """A directory with the pictures that the pages name, and weights that are made only once."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    Path("photos").mkdir()
    names = ("content", "style", "a", "b", "one", "two", "oak", "night", "photos/first")
    for name in names:
        coarse = rng.integers(0, 256, (6, 9, 3), dtype=np.uint8)
        PIL.Image.fromarray(coarse).resize((72, 48)).save(f"{name}.jpg")
    load = weights.load
    monkeypatch.setattr(weights, "load", lambda source: _weights(load, source))
    return tmp_path


_LOADED = {}


def _weights(load, source):
    if source not in _LOADED:
        _LOADED[source] = load(source)
    return _LOADED[source]


@pytest.mark.parametrize("block", SH, ids=str)
def test_shell_block(block, monkeypatch):
    for words in commands(block):
        _try(words, block, monkeypatch)


def _try(words: list[str], block: Block, monkeypatch) -> None:
    text = " ".join(words)
    if text in NOT_RUN:
        if NOT_RUN[text] == CI:
            lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
            assert f"uv run --all-extras {text}" in lines
    elif words[0] == "nst":
        _nst(words[1:], monkeypatch)
    elif words[0] == "python" and words[1].startswith("benchmarks/"):
        _script(words[1], words[2:], monkeypatch)
    else:
        pytest.fail(f"{block}: run {text!r} in this test, or list it in NOT_RUN with the reason")


def _nst(words: list[str], monkeypatch) -> None:
    """Run nst as a shell would: with ``*`` filled in and ``>`` obeyed."""
    output = None
    if ">" in words:
        at = words.index(">")
        words, output = words[:at], words[at + 1]
    words = [found for word in words for found in _filled_in(word)]
    if words[0] in PARSED or any(part in " ".join(words) for part in ELSEWHERE):
        command = importlib.import_module(f"nst_core.cli.{words[0]}").command
        # Click keeps the help option that the first context asks for, also for later tests.
        command.make_context(words[0], words[1:], help_option_names=["-h", "--help"])
        return
    text = " ".join(words)
    if not any(option in words for option in NOT_REDUCED):
        words = words + _reduction(words[0], text)
    monkeypatch.setattr(sys, "argv", ["nst", *words])
    printed = io.StringIO()
    with redirect_stdout(printed), pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0, text
    if output:
        Path(output).write_text(printed.getvalue(), encoding="utf-8")


def _filled_in(word: str) -> list[str]:
    return sorted(map(str, Path().glob(word))) if "*" in word else [word]


def _reduction(command: str, text: str) -> list[str]:
    if command not in {"run", "batch"}:
        return []
    return next((options for part, options in OTHERWISE_SMALL.items() if part in text), SMALL)


def _script(name: str, options: list[str], monkeypatch) -> None:
    """Have a benchmark's own parser read the options; what they start takes minutes."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    printed = io.StringIO()
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with redirect_stdout(printed), pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / name), run_name="__main__")
    assert ended.value.code == 0
    for option in options:
        if option.startswith("--"):
            assert option in printed.getvalue(), f"{name} has no {option}"


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_block(block, monkeypatch):
    transfer = nst_core.transfer

    def reduced(*pictures, **options):
        stages = {"pyramid": {"from": 24, "to": "48", "steps": 1, "first_steps": 1}}
        if options.get("preset", "best") != "best":
            stages = {"stages": [{"size": "16x24", "steps": 1}]}
        overrides = {**options.pop("overrides", {}), **stages}
        return transfer(*pictures, weights="random", overrides=overrides, **options)

    monkeypatch.setattr(nst_core, "transfer", reduced, raising=False)
    with redirect_stdout(io.StringIO()):
        exec(compile(block.text, str(block), "exec"), {"__name__": "page"})


def test_what_is_not_run_is_still_on_a_page():
    found = {" ".join(words) for block in SH for words in commands(block)}
    assert set(NOT_RUN) <= found


def test_there_are_blocks():
    assert len(SH) > 15
    assert len(PYTHON) > 3
