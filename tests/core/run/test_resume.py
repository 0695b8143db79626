"""A run that is killed and resumed is the run that was never interrupted."""

from dataclasses import replace

import numpy as np
import pytest
from fakes import FakeBackend, tiny_weights
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import nst_core as nst
from nst_core.run import checkpoint
from nst_core.run.checkpoint import CheckpointError, CheckpointWriter

WEIGHTS = tiny_weights()
STAGES = [{"size": "16x24", "steps": 3}, {"size": "32x48", "steps": 4}]
GREY = np.full((64, 96, 3), 128, np.uint8)


class Killed(BaseException):
    """As SIGKILL: nothing below is prepared for it."""


class Kill(nst.Observer):
    """Kills before the step's checkpoint is written."""

    def __init__(self, at):
        self.at = at

    def stepped(self, step):
        if step.global_step == self.at:
            raise Killed


def run(content=GREY, style=GREY, **options):
    defaults = {"preset": "d2l",
        "weights": WEIGHTS, "device": "cpu", "log_every": 1, "backend": FakeBackend(),
        "overrides": {"stages": STAGES, "colours": "style"},
    }  # fmt: skip
    return nst.transfer(content, style, **{**defaults, **options})


def timeless(result):
    return [replace(row, seconds=0) for row in result.history]


@pytest.fixture
def kept(tmp_path):
    path = tmp_path / "run.nst"
    with pytest.raises(Killed):
        run(checkpoint=CheckpointWriter(path=path, every=1), observers=[Kill(6)])
    return path


@pytest.mark.parametrize("at", range(2, 8))
def test_resumed_equals_uninterrupted(tmp_path, at):
    whole = run()
    path = tmp_path / "run.nst"
    with pytest.raises(Killed):
        run(checkpoint=CheckpointWriter(path=path, every=1), observers=[Kill(at)])
    backend = FakeBackend()
    result = run(backend=backend, resume=path)
    np.testing.assert_array_equal(result.image, whole.image)
    assert timeless(result) == timeless(whole)
    assert len(backend.calls.steps()) == 7 - (at - 1)
    assert result.plan.recipe == whole.plan.recipe
    seconds = [row.seconds for row in result.history]
    assert seconds == sorted(seconds)


def test_only_every_so_often(tmp_path):
    path = tmp_path / "run.nst"
    seen = []

    class Watch(nst.Observer):
        def stepped(self, step):
            seen.append(checkpoint.read(path).position.global_step if path.exists() else 0)

    run(checkpoint=CheckpointWriter(path=path, every=3), observers=[Watch()])
    assert seen == [0, 0, 0, 3, 3, 3, 6]
    # The run is over, and can still be gone on from.
    np.testing.assert_array_equal(run(resume=path).image, run().image)


def test_told_to_stop_it_keeps_a_checkpoint(tmp_path):
    path = tmp_path / "run.nst"
    answers = iter([False, False, False, False, True])
    with pytest.raises(nst.Interrupted) as caught:
        run(checkpoint=CheckpointWriter(path=path), stop=lambda: next(answers))
    np.testing.assert_allclose(caught.value.result.image, 128 / 255 + 5 * 0.3, rtol=1e-6)
    assert checkpoint.read(path).position.global_step == 5
    np.testing.assert_array_equal(run(resume=path).image, run().image)


def test_told_to_stop_after_the_last_step_it_is_done():
    calls = []
    assert run(stop=lambda: len(calls.append(0) or calls) == 7).note == ""


def test_a_full_disk_costs_a_checkpoint_and_not_the_run(kept, monkeypatch):
    before = kept.read_bytes()
    lines = []

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nst_core.system.safetensors_writer.write", full)
    result = run(checkpoint=CheckpointWriter(path=kept, every=5, warn=lines.append))
    assert result.note == ""
    assert len(lines) == 1
    assert "the disk is full" in lines[0]
    assert "the run goes on without this checkpoint" in lines[0]
    assert kept.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"content": GREY + 1}, "content is not the one that it was computed with"),
        ({"style": GREY[:50]}, "styles.1.picture is not the one that it was computed with"),
        (
            {"overrides": {"stages": STAGES, "colours": "style", "style": {"weight": 10000.001}}},
            "style.weight was 10000 and is now 10000.001: leave it as it was",
        ),
        (
            {"overrides": {"stages": STAGES[:1], "colours": "style"}},
            "stages.1.size was 32x48 and is now -",
        ),
        ({"dtype": "float64"}, "it was computed in float32, not float64"),
        ({"preset": "d2lzh"}, "style.weight was 10000 and is now 1000"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(kept, options, line):
    with pytest.raises(CheckpointError) as caught:
        run(resume=kept, **options)
    assert line in str(caught.value)
    assert str(caught.value).startswith(f"can't resume from {kept}: ")
    assert "\n" not in str(caught.value)


def test_other_weights_and_backends_are_refused(kept):
    other = nst.Weights({**WEIGHTS, "conv1_1.bias": np.ones(64, np.float32)}, source="ones")
    with pytest.raises(CheckpointError, match=r"other weights \(zeros\): give the same weights"):
        run(resume=kept, weights=other)
    backend = FakeBackend()
    backend.name = "other"
    with pytest.raises(CheckpointError, match="computed by fake, not other"):
        run(resume=kept, backend=backend)


def test_another_optimisers_state_is_refused(kept):
    point = checkpoint.read(kept)
    for state in ({}, {**point.state, "image": np.zeros((2, 2, 3))}):
        with pytest.raises(CheckpointError, match="its optimiser's state does not fit"):
            run(resume=replace(point, state=state))


def test_outputs_and_intervals_may_change(kept):
    assert run(resume=kept, log_every=50, checkpoint=kept).history[-1].step == 4


def test_a_checkpoint_survives_its_file(kept, tmp_path):
    point = checkpoint.read(kept)
    assert point.state["step"].shape == ()  # NumPy 2.5 makes no number of an array of one
    checkpoint.write(point, tmp_path / "again")
    again = checkpoint.read(tmp_path / "again")
    assert again.position == point.position
    assert again.rows == point.rows
    for name, array in point.state.items():
        np.testing.assert_array_equal(again.state[name], array)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("stage = 1", "stage = 7"),
        lambda text: text.replace("step = 2", "step = 0"),
        lambda text: text.replace("step = 2", "step = 99"),
        lambda text: text.replace("format = 1", "format = 2"),
        lambda text: text.replace("overall", "overal"),
        lambda text: text + "]]",
        lambda text: text.replace("[style]", "[stile]"),
        lambda text: text.replace("[run]", "[[run]]"),
    ],
)
def test_a_forged_one_is_one_line(kept, change):
    with safe_open(kept, framework="numpy") as file:
        before = file.metadata()["nst"]
    text = change(before)
    assert text != before
    arrays = load_file(kept)
    save_file(arrays, kept, metadata={"nst": text, "sha256": checkpoint._digest(text, arrays)})
    with pytest.raises(CheckpointError) as caught:
        run(resume=kept)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("history", lambda array: array * np.inf, "lacks what a checkpoint holds"),
        ("history", lambda array: array[:, :3], "lacks what a checkpoint holds"),
        ("begin", lambda array: array.astype(np.int64), "int64 as 'begin', which nst never"),
        ("begin", lambda array: array[:4], r"its image is \(4, "),
        ("state.step", lambda array: array * np.inf, "optimiser's state does not fit"),
    ],
)
def test_forged_arrays_are_one_line(kept, name, change, words):
    with safe_open(kept, framework="numpy") as file:
        text = file.metadata()["nst"]
    arrays = load_file(kept)
    arrays[name] = np.ascontiguousarray(change(arrays[name]))
    save_file(arrays, kept, metadata={"nst": text, "sha256": checkpoint._digest(text, arrays)})
    with pytest.raises(CheckpointError, match=words) as caught:
        run(resume=kept)
    assert "\n" not in str(caught.value)


def test_what_is_missing(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(CheckpointError, match=r"no such file|no file"):
            run(resume=path)
    with pytest.raises(CheckpointError, match="there is no directory"):
        run(checkpoint=tmp_path / "none" / "run.nst")
