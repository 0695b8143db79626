"""What a run tells the studio, and that it does not change the run."""

import numpy as np
import PIL.Image
import pytest
from fakes import FakeBackend, tiny_weights

import nst_core as nst
from nst_core import images
from nst_core.run import checkpoint
from nst_core.studio import picture_tasks
from nst_core.studio import recorder as recorder_module
from nst_core.studio.recorder import Recorder, save_jpeg, snapshot_directory, studio_checkpoints


def paint(observers=(), **more):
    rng = np.random.default_rng(0)
    content, style = (rng.integers(0, 256, (24, 32, 3), dtype=np.uint8) for _ in range(2))
    table = {"stages": [{"size": "16x20", "steps": 6}, {"size": "24x32", "steps": 12}]}
    return nst.transfer(
        content, style, preset="d2l", overrides=table, backend=FakeBackend(),
        weights=tiny_weights(), device="cpu", observers=observers, **more,
    )  # fmt: skip


@pytest.fixture
def events():
    return []


@pytest.fixture
def recorded(tmp_path, events):
    directory = tmp_path / "painting"
    directory.mkdir()
    recorder = Recorder(directory, events.append, name="painting", snapshots=True)
    writer = studio_checkpoints(directory, recorder, events.append)
    return directory, paint([recorder], checkpoint=writer)


def test_the_result_is_the_same_to_the_bit(recorded):
    np.testing.assert_array_equal(recorded[1].image, paint().image)


def test_every_step_is_told_and_the_first_picture_at_once(recorded, events):
    steps = [one for one in events if one["event"] == "step"]
    assert [one["global_step"] for one in steps] == list(range(1, 19))
    assert steps[-1]["left"] == 0
    assert [one["stage"] for one in steps] == [1] * 6 + [2] * 12
    pictures = [one["step"] for one in events if one["event"] == "picture"]
    assert pictures[0] == 1
    assert next(one for one in events if one["event"] == "started")["steps"] == 18
    assert size_of(recorded[0] / "live.jpg") in ((20, 16), (32, 24))


def test_snapshots_hold_a_checkpoint_and_the_picture_with_its_recipe(recorded, events):
    kept = [one["step"] for one in events if one["event"] == "checkpoint" and one["snapshot"]]
    assert kept
    assert set(kept) <= {2, 4, 6, 8, 10, 12, 14, 16}, "fewer where the disk is slow"
    for step in kept:
        directory = snapshot_directory(recorded[0], step)
        assert checkpoint.read(directory / "checkpoint.nst").position.global_step == step
        picture_tasks.write_snapshot(directory, {}, recorded[0])
        assert "[run]" in images.read_recipe(directory / "painting.png")
    again = paint(resume=snapshot_directory(recorded[0], kept[0]) / "checkpoint.nst")
    np.testing.assert_array_equal(again.image, recorded[1].image)


def size_of(path):
    with PIL.Image.open(path) as picture:
        return picture.size


def test_snapshots_are_thinned_if_they_take_too_much(tmp_path, events, monkeypatch):
    monkeypatch.setattr(recorder_module, "MOST_SNAPSHOT_BYTES", 120_000)
    recorder = Recorder(tmp_path, events.append, name="x", snapshots=True)
    paint([recorder], checkpoint=studio_checkpoints(tmp_path, recorder, events.append))
    dropped = [step for one in events for step in one.get("dropped", ())]
    assert dropped
    left = sorted(int(one.name) for one in (tmp_path / "snapshots").iterdir())
    kept = [one["step"] for one in events if one["event"] == "checkpoint" and one["snapshot"]]
    assert left == sorted({*kept} - {*dropped})
    assert left[-1] == kept[-1]


def test_a_picture_for_the_screen_is_small(tmp_path):
    save_jpeg(np.zeros((300, 900, 3), np.float32), tmp_path / "a.jpg", longest=90)
    assert size_of(tmp_path / "a.jpg") == (90, 30)


def test_a_full_disk_costs_pictures_only(tmp_path, events):
    recorder = Recorder(tmp_path / "gone", events.append, name="x", snapshots=False)
    np.testing.assert_array_equal(paint([recorder]).image, paint().image)
    assert not [one for one in events if one["event"] == "picture"]


def test_a_snapshot_that_was_removed_is_not_written_again(tmp_path, events):
    recorder = Recorder(tmp_path, events.append, name="x", snapshots=True)
    recorder.dropped.add(14)
    recorder._write_snapshot(np.zeros((8, 8, 3), np.float32), 14)
    recorder._write_snapshot(np.zeros((8, 8, 3), np.float32), 16)
    recorder.closed()
    assert [int(one.name) for one in (tmp_path / "snapshots").iterdir()] == [16]


def test_a_file_that_is_renamed_meanwhile_costs_nothing(tmp_path):
    (tmp_path / "gone.part").symlink_to(tmp_path / "nowhere")
    (tmp_path / "thumb.jpg").write_bytes(b"1234")
    assert recorder_module._bytes_in(tmp_path) == 4
    assert recorder_module._bytes_in(tmp_path / "nothing") == 0
