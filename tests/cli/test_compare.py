"""``nst compare`` as a person uses it, with small pictures and random weights."""

import json
import os
import signal
import subprocess
import sys
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from nst_core.compare import comparison, launch
from nst_core.errors import BackendError
from nst_core.spec import presets
from nst_core.system import toml

FAST = ("--size", "16x24", "--steps", "3", "--weights", "random", "--output-dir", "out")
LABELS = ("pytorch", "mxnet")

# Registered as a distribution of its own, this is PyTorch with style losses a tenth too large.
BROKEN = """
from dataclasses import replace
from nst_pytorch import BACKEND as PYTORCH

class Heavy:
    name = "heavy"
    version = PYTORCH.version
    devices = staticmethod(PYTORCH.devices)

    def start(self, problem, *, device, dtype, execution):
        style = {tap: 1.1 * weight for tap, weight in problem.objective.style.items()}
        objective = replace(problem.objective, style=style)
        problem = replace(problem, objective=objective)
        return PYTORCH.start(problem, device=device, dtype=dtype, execution=execution)

class Failing(Heavy):
    name = "failing"

    def start(self, problem, *, device, dtype, execution):
        raise ZeroDivisionError("a bug in the backend")

HEAVY, FAILING = Heavy(), Failing()
"""
ENTRY_POINTS = (
    "[nst.backends]\nheavy = nst_broken:HEAVY\nfailing = nst_broken:FAILING\n"
    "absent = nst_absent:BACKEND\n"
)


@pytest.fixture
def unasked(monkeypatch):
    """Saves the processes that find out whether a backend can be used."""
    monkeypatch.setattr(launch, "check_backend", lambda *_, **__: None)


@pytest.fixture
def plugins(tmp_path, monkeypatch):
    """Registers three further backends, here and for child processes."""
    directory = tmp_path / "plugins"
    (directory / "nst_broken-1.0.dist-info").mkdir(parents=True)
    (directory / "nst_broken.py").write_text(BROKEN)
    (directory / "nst_absent.py").write_text("import no_such_framework")
    (directory / "nst_broken-1.0.dist-info" / "METADATA").write_text(
        "Name: nst-broken\nVersion: 1.0\n"
    )
    (directory / "nst_broken-1.0.dist-info" / "entry_points.txt").write_text(ENTRY_POINTS)
    before = os.environ.get("PYTHONPATH")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(directory), before])))
    monkeypatch.syspath_prepend(directory)
    return directory


class Page(HTMLParser):
    """Keeps the tags that are open, the sources of pictures, and the text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.sources, self.text = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.sources += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.skipif(not all(map(find_spec, ("torch", "mxnet"))), reason="takes both frameworks")
def test_pytorch_and_mxnet_agree(nst, pair, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "nst_core.cli", "compare", *pair, *FAST, "--lr", "0.1",
         "--backends", "pytorch,mxnet"],
        check=False, cwd=tmp_path, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "pytorch: 3 steps (1 of 2)\n" in done.stderr
    assert "mxnet: 3 steps (2 of 2)\n" in done.stderr
    assert done.stderr.count("stage 1  step 3/3  content ") == 2
    assert done.stdout.startswith("# content in the style of style\n")
    assert "Verdict: the backends agree within the tolerances." in done.stdout
    out = Path("out")
    assert sorted(path.name for path in out.iterdir()) == [
        "losses.png", "report.html", "report.json",
        "result-mxnet.png", "result-pytorch.png", "sheet.png",
    ]  # fmt: skip
    check_json(json.loads((out / "report.json").read_text()))
    check_pictures(nst, out)
    page = Page((out / "report.html").read_text())
    assert page.open == []
    assert len(page.sources) == 4
    assert all(one.startswith("data:image/png;base64,") for one in page.sources)
    assert "The backends agree within the tolerances." in page.text


def check_json(report):
    assert report["agrees"] is True
    assert report["setting"]["content"] == "content.png"
    assert [one["label"] for one in report["contestants"]] == list(LABELS)
    for one in report["contestants"]:
        totals = [step["total"] for step in one["steps"]]
        assert len(totals) == 3
        assert totals[2] < totals[0]
        assert 50 < one["peak_memory_mb"] < 10_000
        assert one["seconds_per_step"] > 0
        assert "threads" in one["device_description"]
    sums = {one["weights_sha256"] for one in report["contestants"]}
    assert len(sums) == 1
    compared = {one["what"]: one["value"] for one in report["comparisons"]}
    assert len(compared) == 5
    # Two libraries in float32: not the same bits, hence a comparison that compares something.
    assert 0 < compared["gradient at the start image"] < 1e-2
    assert 0 < compared["gradient at the common end image"] < 1e-2


def check_pictures(nst, out):
    for label in LABELS:
        with PIL.Image.open(out / f"result-{label}.png") as picture:
            assert picture.size == (24, 16)
        recipe = toml.loads(nst("recipe", out / f"result-{label}.png").out, origin="recipe")
        assert recipe["run"]["backend"] == label
        assert recipe["optimiser"]["learning_rate"] == 0.1
    for name in ("sheet", "losses"):
        with PIL.Image.open(out / f"{name}.png") as picture:
            assert min(picture.size) > 400


def test_a_backend_that_is_wrong_is_found_out(nst, pair, plugins, unasked):
    done = nst("compare", *pair, *FAST, "--backends", "pytorch,heavy", "-q")
    lines = done.err.splitlines()
    assert done.status == 1, done.err
    start = "nst: backends disagree: "
    # Each style loss is a tenth larger.
    assert lines[0].startswith(f"{start}losses at the first step (style ")
    assert lines[0].endswith("): pytorch against heavy 1.0e-01, allowed 1e-05")
    assert lines[1].startswith(f"{start}gradient at the start image (at most ")
    assert lines[2].startswith(f"{start}gradient at the common end image (at most ")
    assert all(line.startswith(start) for line in lines)
    assert "Verdict: the backends disagree: losses at the first step" in done.out
    assert json.loads(Path("out/report.json").read_text())["agrees"] is False
    assert "The backends disagree" in Page(Path("out/report.html").read_text()).text


def test_a_bug_in_a_backend_leaves_nothing_behind(nst, pair, plugins, unasked):
    done = nst("compare", *pair, *FAST, "--backends", "failing,pytorch")
    assert done.status == 2
    assert done.err.splitlines()[-1] == (
        "nst: error: failing: its process failed with exit status 1; what it printed is above"
    )
    assert not Path("out").exists()


def test_a_lack_on_the_way_is_one_line(nst, pair, unasked):
    done = nst("compare", *pair, *FAST, "--backends", "pytorch,mxnet", "--weights", "no.pth")
    assert done.status == 2
    assert done.err.splitlines()[-1].startswith("nst: error: pytorch: no.pth: ")
    assert not Path("out").exists()


def test_a_backend_that_can_not_be_used(nst, pair, plugins, monkeypatch):
    done = nst("compare", *pair, *FAST, "--backends", "absent,pytorch")
    lack = "backend 'absent' needs the package 'no_such_framework', which is not installed"
    assert done.status == 2
    assert done.err.startswith(f"nst: error: {lack}")
    monkeypatch.setattr(launch, "check_backend", only_pytorch)
    done = nst("compare", *pair, *FAST)
    assert done.status == 2
    assert "nst: mxnet is left out: not here\n" in done.err
    assert "a comparison takes two, and the only backend is 'pytorch'" in done.err
    assert not Path("out").exists()


def only_pytorch(name, *, device, directory):
    if name != "pytorch":
        raise BackendError("not here")


def test_variants_of_presets_and_backends(nst, pair, monkeypatch, unasked):
    seen = []
    monkeypatch.setattr(comparison, "run", lambda one, *_, **__: seen.append(one) or sys.exit(7))
    monkeypatch.setattr("nst_core.spec.presets.names", lambda: ("d2l", "other"))
    table = toml.read(Path(presets.__file__).parent / "d2l.toml")
    monkeypatch.setattr("nst_core.spec.presets.table", lambda name: {"name": name, **table})

    def labels(*options):
        assert nst("compare", *pair, *FAST, *options).status == 7
        return [(one.label, one.preset, one.backend) for one in seen.pop().variants]

    both = labels("--presets", "d2l, other", "--backends", "pytorch,mxnet")
    assert both == [
        ("d2l on pytorch", "d2l", "pytorch"), ("d2l on mxnet", "d2l", "mxnet"),
        ("other on pytorch", "other", "pytorch"), ("other on mxnet", "other", "mxnet"),
    ]  # fmt: skip
    assert labels("--presets", "d2l,other", "--backends", "mxnet") == [
        ("d2l", "d2l", "mxnet"), ("other", "other", "mxnet"),
    ]  # fmt: skip
    assert labels("--preset", "other", "--backends", "mxnet,pytorch,mxnet") == [
        ("mxnet", "other", "mxnet"), ("pytorch", "other", "pytorch"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--backends", "pytorch,tinyflow"], "unknown backend 'tinyflow': known are "),
        (["--backends", "pytorch"], "a comparison takes two, and the only backend is 'pytorch'"),
        (["--backends", "pytorch,,"], "backends = 'pytorch,,': should be names with commas"),
        (["--presets", "d2l,nope"], "unknown preset 'nope': known are "),
        (["--presets", "d2l", "--preset", "d2l"], "--preset and --presets: give one of them"),
        (["--size", "4x4"], "size = '4x4' makes the content picture 4x4, which is too small"),
        (["--init", "no.png"], "can't read no.png: no such file"),
        (["--output-dir", "content.png"], "can't write content.png: it is not a directory"),
        (["--output-dir", "content.png/a"], "can't write content.png/a: "),
        (["--backend", "pytorch"], "No such option"),
        (["--device", "abacus", "--backends", "pytorch,mxnet"], "no device 'abacus' for backend"),
    ],
)
def test_refusals(nst, pair, tmp_path, arguments, line):
    done = nst("compare", *pair, *FAST, *arguments)
    assert done.status == 2
    assert done.err.count("\n") == 1
    assert done.err.startswith(f"nst: error: {line}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["content.png", "style.png"]


def test_inputs_come_first_and_are_never_replaced(nst, pair, tmp_path, unasked):
    missing = nst("compare", "no.png", "style.png", *FAST)
    assert (missing.status, missing.out) == (2, "")
    assert missing.err == "nst: error: can't read no.png: no such file; check the path\n"
    (tmp_path / "out").mkdir()
    Path("content.png").rename("out/sheet.png")
    before = Path("out/sheet.png").read_bytes()
    done = nst("compare", "out/sheet.png", "style.png", *FAST, "--backends", "pytorch,mxnet")
    assert done.status == 2
    assert "out/sheet.png is an input and would be replaced" in done.err
    assert Path("out/sheet.png").read_bytes() == before
    assert [path.name for path in Path("out").iterdir()] == ["sheet.png"]


def test_ctrl_c_ends_the_child_and_leaves_nothing_behind(child, pair, tmp_path):
    arguments = (
        "compare", *pair, *FAST, "--steps", "1000000",
        "--log-every", "1", "--presets", "d2l", "--backends", "pytorch,mxnet",
    )  # fmt: skip
    with child(*arguments, cwd=tmp_path) as run:
        for line in run.stderr:
            if "step 3/" in line:
                run.send_signal(signal.SIGINT)
                break
        # The child process holds stderr too, so this waits for the end of both.
        out, err = run.communicate(timeout=60)
    assert (run.returncode, out) == (130, "")
    assert "Traceback" not in err
    assert err.splitlines()[-1] == "nst: interrupted"
    assert not (tmp_path / "out").exists()


def test_a_panorama_in_a_preset_with_a_pyramid(nst, pair):
    panorama = np.random.default_rng(0).integers(0, 256, (32, 640, 3), np.uint8)
    PIL.Image.fromarray(panorama).save("panorama.png")
    options = (
        "--preset", "best", "--pyramid", "64:320", "--weights", "random", "--steps", "1",
        "--backends", "pytorch,mxnet",
    )  # fmt: skip
    done = nst("compare", "panorama.png", pair[1], *options, "--output-dir", "out")
    assert done.status == 0
    # The children's own warnings go to the real standard error.
    assert "pytorch: 1 steps (" in done.err
    with PIL.Image.open("out/result-pytorch.png") as picture:
        assert picture.size == (320, 16)
