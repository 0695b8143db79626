"""Checkpoint files: whatever is written comes back; whatever is damaged is refused in one line."""

from dataclasses import replace

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from nst_core.errors import SpecError
from nst_core.run import checkpoint
from nst_core.run.checkpoint import Checkpoint, CheckpointError, CheckpointWriter, Position
from nst_core.run.observers import Row

ROW = Row(
    step=2, stage=1, content=1.5, style=2.5, tv=0.1, total=4.1, learning_rate=0.3, seconds=0.7
)


def position(**fields):
    return Position(
        **{
            "stage": 0,
            "step": 2,
            "global_step": 2,
            "seconds": 0.5,
            "pictures": {"content": "ab"},
            "recipe": 'name = "x"\n',
            "options": {"log": "a.csv"},
            **fields,
        }
    )


@pytest.fixture
def point():
    return Checkpoint(
        position=position(),
        initial_image=np.random.default_rng(0).random((3, 4, 3), np.float32),
        state={"step": np.array(2.0), "image": np.arange(36.0).reshape(3, 4, 3)},
        rows=(ROW, replace(ROW, step=3)),
    )


@pytest.fixture
def path(point, tmp_path):
    checkpoint.write(point, tmp_path / "run.nst")
    return tmp_path / "run.nst"


def rewrite(path, *, text=None, arrays=None):
    """Write a file with other contents and a checksum that fits them."""
    with safe_open(path, framework="numpy") as file:
        text = text or file.metadata()["nst"]
    arrays = arrays or load_file(path)
    save_file(arrays, path, metadata={"nst": text, "sha256": checkpoint._digest(text, arrays)})


def test_what_is_written_comes_back(point, path):
    found = checkpoint.read(path)
    assert found.position == point.position
    assert found.rows == point.rows
    assert found.recipe == {"name": "x"}
    assert found.path == str(path)
    np.testing.assert_array_equal(found.initial_image, point.initial_image)
    assert found.initial_image.dtype == np.float32
    assert found.state.keys() == point.state.keys()
    assert found.state["step"].shape == ()
    np.testing.assert_array_equal(found.state["image"], point.state["image"])


def test_without_rows_there_is_no_history(point, tmp_path):
    checkpoint.write(replace(point, rows=()), tmp_path / "c")
    assert checkpoint.read(tmp_path / "c").rows == ()


def test_the_names_in_the_file_are_those_of_older_files(path):
    with safe_open(path, framework="numpy") as file:
        text = file.metadata()["nst"]
        assert set(file.keys()) == {"begin", "history", "state.step", "state.image"}
    assert "overall = 2" in text
    assert "global_step" not in text


def test_a_recipe_that_is_no_toml(point):
    with pytest.raises(SpecError, match="not valid TOML"):
        _ = replace(point, position=position(recipe="a = ")).recipe


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("step = 2", "step = 0", "step = 0: should be greater than or equal to 1"),
        ("stage = 0", "stage = -1", "stage = -1: should be"),
        ("overall = 2", 'overall = "2"', "overall = '2'"),
        ("format = 1", "format = 2", "format = 2: should be 1"),
        ("seconds = 0.5", "seconds = inf", "seconds = inf"),
        ("overall", "overal", "overall: is missing"),
        ("format = 1", "format = 1\nother = 1", "other: no such field"),
        ("format = 1", "format = [", "not valid TOML"),
    ],
)
def test_wrong_metadata_is_one_line(path, old, new, words):
    with safe_open(path, framework="numpy") as file:
        text = file.metadata()["nst"]
    assert old in text
    rewrite(path, text=text.replace(old, new, 1))
    with pytest.raises(CheckpointError) as caught:
        checkpoint.read(path)
    assert str(caught.value).startswith(f"can't resume from {path}: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["begin", "history"])
def test_a_missing_array_is_one_line(path, name):
    arrays = load_file(path)
    del arrays[name]
    rewrite(path, arrays=arrays)
    with pytest.raises(CheckpointError, match="it lacks what a checkpoint holds"):
        checkpoint.read(path)


def test_a_changed_array_does_not_fit_the_checksum(path):
    arrays = load_file(path)
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    save_file({**arrays, "begin": arrays["begin"] + 1}, path, metadata=metadata)
    with pytest.raises(CheckpointError, match="it is damaged: its checksum does not fit"):
        checkpoint.read(path)


def test_any_other_safetensors_file_is_no_checkpoint(tmp_path):
    save_file({"a": np.zeros(3, np.float32)}, tmp_path / "a")
    with pytest.raises(CheckpointError, match="it is no checkpoint of nst"):
        checkpoint.read(tmp_path / "a")


def test_a_writer_is_checked_before_the_run(tmp_path):
    CheckpointWriter(path=tmp_path / "c", every=1).check()
    with pytest.raises(ValueError, match="every = 0: should be 1 or more"):
        CheckpointWriter(path=tmp_path / "c", every=0).check()
    with pytest.raises(CheckpointError, match="there is no directory"):
        CheckpointWriter(path=tmp_path / "none" / "c").check()
    assert list(tmp_path.iterdir()) == []


def test_a_writer_warns_and_goes_on(point, tmp_path):
    lines = []
    CheckpointWriter(path=tmp_path / "none" / "c", warn=lines.append).write(point)
    assert len(lines) == 1
    assert lines[0].endswith("the run goes on without this checkpoint")
    with pytest.warns(RuntimeWarning, match="goes on without this checkpoint"):
        CheckpointWriter(path=tmp_path / "none" / "c").write(point)


def test_every_damage_is_one_line(path):
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    damaged = [whole[:cut] for cut in (0, 5, 200, len(whole) // 2, len(whole) - 1)]
    damaged += [b"no", b"PK\x03\x04" + whole, whole + b"more"]
    for place in rng.integers(0, len(whole), 60):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(rng.integers(8))
        damaged.append(bytes(flipped))
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(CheckpointError) as caught:
            checkpoint.read(path)
        assert str(caught.value).startswith(f"can't resume from {path}: ")
        assert "\n" not in str(caught.value)
