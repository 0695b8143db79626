"""Progress of a run, with a backend that counts its steps."""

import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from fakes import FakeBackend, FakeSession, tiny_weights
from rich.console import Console
from rich.progress import Progress

import nst_core as nst
from nst_core.backend.notices import notify
from nst_core.run.observers import Observer, Step
from nst_core.terminal import progress
from nst_core.terminal.progress_line import LineColumn

GREY = np.full((24, 24, 3), 0.5, np.float32)
STAGES = [{"size": "16x16", "steps": 4}, {"size": "24x24", "steps": 3}]


def run(*observers, backend=None):
    nst.transfer(
        GREY, GREY, preset="d2l", overrides={"stages": STAGES}, backend=backend or FakeBackend(),
        weights=nst.Weights(tiny_weights(), source="zeros"), device="cpu", observers=observers,
    )  # fmt: skip


def test_quiet_shows_nothing():
    assert progress.progress_observers(quiet=True, every=1) == []


def test_lines_where_stderr_is_no_terminal(capsys):
    run(*progress.progress_observers(quiet=False, every=3))
    printed = capsys.readouterr()
    assert printed.out == ""
    first, *lines = printed.err.splitlines()
    assert first == "d2l: 16x16, 24x24, 7 steps, fake 1.0 on cpu (2 threads), weights zeros"
    # The first and the last step of each stage, and every third.
    steps = ["stage 1  step 1/4", "stage 1  step 3/4", "stage 1  step 4/4"]
    steps += ["stage 2  step 1/3", "stage 2  step 3/3"]
    assert [line.partition("  content")[0] for line in lines] == steps
    assert "  content 3  style 30.5  tv 0.25  " in lines[1]
    assert lines[1].endswith(" s left")


def test_what_a_backend_is_busy_with_is_told_before_the_first_step(capsys):
    class Compiling(FakeBackend):
        def start(self, *args, **kwargs):
            notify("compiling")
            return super().start(*args, **kwargs)

    run(*progress.progress_observers(quiet=False, every=9), backend=Compiling())
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition("  content")[0] for line in lines[1:3]] == [
        "compiling", "stage 1  step 1/4"
    ]  # fmt: skip
    assert lines.count("compiling") == len(STAGES)


def test_pace_and_time_left(capsys):
    lines = progress.ProgressLines(every=1)
    device = SimpleNamespace(name="cpu", description="2 threads")
    spec = SimpleNamespace(name="d2l")
    lines.started(
        SimpleNamespace(
            spec=spec, sizes=((16, 24),), steps=7, backend="fake", device=device, weights="zeros"
        )
    )
    step = Step(
        stage=1, step=3, stage_steps=7, global_step=3, learning_rate=1.0, clock=lambda: 6.0,
        optimisation=FakeSession(SimpleNamespace(start=GREY), []),
    )  # fmt: skip
    lines.stepped(step)
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("stage 1  step 3/7  content ")
    assert line.endswith("  2.00 s/step  8 s left")


def test_a_bar_where_stderr_is_a_terminal(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    (observer,) = progress.progress_observers(quiet=False, every=3)
    assert isinstance(observer._observer, progress.ProgressBar)


FULL = "42/300 content 0.123  style 0.0456  tv 0.00789 0.25 s/step 0:01:58"


@pytest.mark.parametrize(
    ("width", "bar", "texts"),
    [
        (5, 0, "42/30"),
        (8, 0, "42/300"),
        (10, 0, "42/300 2m"),
        (20, 0, "42/300 0:01:58"),
        (40, 13, "42/300 0.25 s/step 0:01:58"),
        (60, 33, "42/300 0.25 s/step 0:01:58"),
        (80, 12, FULL),
        (200, 40, FULL),
    ],
)
def test_steps_and_time_left_stay_longest(width, bar, texts):
    clock = [0.0]
    shown = Progress(
        LineColumn(),
        console=Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None),
        get_time=lambda: clock[0],
    )
    task = shown.add_task("", total=300, losses="", pace="")
    losses = "content 0.123  style 0.0456  tv 0.00789"
    for clock[0], step in ((10.0, 20), (20.0, 42)):
        shown.update(task, completed=step, losses=losses, pace="0.25 s/step")
    with shown.console.capture() as captured:
        shown.console.print(shown.get_renderable())
    (line,) = captured.get().splitlines()
    assert len(line) <= width
    assert line[bar:].strip() == texts
    assert set(line[:bar]) <= set("━╸ ")


def test_a_headline_is_printable():
    device = SimpleNamespace(name="cpu", description="2 threads")
    line = progress.headline(
        SimpleNamespace(
            spec=SimpleNamespace(name="[/b]\x1b[1m"), sizes=((16, 24),), steps=7, backend="fake",
            device=device, weights="caf\udce9.pth",
        )
    )  # fmt: skip
    assert line.isprintable()
    assert "[/b]" in line


def test_no_stderr_at_all(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    run(*progress.progress_observers(quiet=False, every=1))


class Broken(Observer):
    """Fails to write at its second step; keeps what it was told."""

    def __init__(self, error):
        self.error = error
        self.calls = []

    def started(self, plan):
        self.calls.append("started")

    def stepped(self, step):
        self.calls.append("stepped")
        if len(self.calls) == 3:
            raise self.error

    def closed(self):
        self.calls.append("closed")


def test_a_broken_pipe_ends_the_progress_and_not_the_run(monkeypatch):
    silenced = []
    monkeypatch.setattr(progress, "silence", silenced.append)
    broken = Broken(BrokenPipeError("nobody reads"))
    run(progress.IgnoreBrokenPipe(broken))
    assert broken.calls == ["started", "stepped", "stepped"]
    assert silenced == [sys.stderr]


def test_other_errors_of_an_observer_are_not_hidden():
    with pytest.raises(ZeroDivisionError):
        run(progress.IgnoreBrokenPipe(Broken(ZeroDivisionError())))
