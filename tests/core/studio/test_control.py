"""Painting through the studio: the queue, stopping and going on, crashes, undo, the trash."""

import io
import json
import os
import signal
import threading
import time

import numpy as np
import PIL.Image
import pytest
from core.studio.studio_server import StudioServer

from nst_core import images
from nst_core.run.transfer import transfer_run
from nst_core.spec import Spec, recipe
from nst_core.studio.store import Store, StoreError


def picture(studio, name, form="png"):
    body = studio.get(f"/api/paintings/{name}/download/{form}").body
    return PIL.Image.open(io.BytesIO(body))


def saved(tmp_path, body, name="got.png"):
    path = tmp_path / name
    path.write_bytes(body)
    return path


def test_a_painting_is_equal_to_the_bit_to_that_of_the_command_line(studio, tmp_path, monkeypatch):
    name = studio.paint(steps=12, overrides={"start.noise": 0.5, "start.seed": 3})
    done = studio.wait(name, "done")
    assert done["step"] == done["steps"] == len(done["curve"]) == 12
    made = studio.studio.store.paintings[name]
    monkeypatch.chdir(studio.directory)
    result = transfer_run(Spec.from_table(made.spec), recipe.checked_run(made.run))
    result.save(tmp_path / "plain.png")
    plain = np.asarray(PIL.Image.open(tmp_path / "plain.png"))
    np.testing.assert_array_equal(plain, np.asarray(picture(studio, name)))


def test_downloads_hold_the_recipe(studio, tmp_path):
    name = studio.paint(steps=4)
    studio.wait(name, "done")
    for form in ("png", "tif", "jpg"):
        answer = studio.get(f"/api/paintings/{name}/download/{form}")
        path = saved(tmp_path, answer.body, f"got.{form}")
        assert 'backend = "slow"' in images.read_recipe(path)
        assert f"landscape-painting-4.{form}" in answer.headers["Content-Disposition"]
    assert picture(studio, name, "tif").mode != "L"
    import tifffile

    assert tifffile.imread(tmp_path / "got.tif").dtype == np.uint16


def test_stop_keeps_the_picture_and_going_on_gives_the_same_to_the_bit(studio):
    whole = studio.paint(steps=60)
    studio.wait(whole, "done")
    name = studio.paint(steps=60)
    studio.wait(name, "running", step=5)
    studio.post(f"/api/paintings/{name}/stop")
    stopped = studio.wait(name, "stopped")
    assert 5 <= stopped["step"] < 60
    assert picture(studio, name).size == (40, 26)
    studio.post(f"/api/paintings/{name}/go-on")
    done = studio.wait(name, "done")
    assert [int(point[0]) for point in done["curve"]] == list(range(1, 61))
    before = stopped["curve"]
    assert done["curve"][: len(before)] == before, "it went on and did not begin again"
    np.testing.assert_array_equal(picture(studio, name), picture(studio, whole))


def test_a_killed_worker_costs_one_line(studio):
    name = studio.paint(steps=200)
    studio.wait(name, "running", step=30)
    os.kill(studio.studio.worker.pid, signal.SIGKILL)
    painting = studio.wait(name, "interrupted")
    assert "ended by SIGKILL" in painting["note"]
    assert "\n" not in painting["note"]
    assert painting["snapshots"], "a checkpoint was kept"
    studio.post(f"/api/paintings/{name}/go-on")
    done = studio.wait(name, "done")
    assert done["note"] == ""
    assert done["curve"][-1][0] == 200


def test_a_restart_goes_on_and_a_second_studio_is_refused(slow_backend, tmp_path):
    with StudioServer(tmp_path / "studio") as studio:
        with pytest.raises(StoreError, match="another studio works in"):
            Store(tmp_path / "studio")
        first = studio.paint(steps=200)
        second = studio.paint(steps=3)
        studio.wait(first, "running", step=10)
    record = json.loads((tmp_path / "studio" / "paintings" / first / "painting.json").read_text())
    assert record["state"] == "waiting"
    assert 10 <= record["step"] < 200
    with StudioServer(tmp_path / "studio") as studio:
        assert studio.wait(first, "done")["step"] == 200
        assert studio.wait(second, "done")["step"] == 3


def test_a_studio_that_was_killed_leaves_a_painting_that_goes_on(slow_backend, tmp_path):
    with StudioServer(tmp_path / "studio") as studio:
        name = studio.paint(steps=5)
        studio.wait(name, "done")
    record = tmp_path / "studio" / "paintings" / name / "painting.json"
    running = record.read_text().replace('"state": "done"', '"state": "running"')
    record.write_text(running)
    with StudioServer(tmp_path / "studio") as studio:
        assert studio.wait(name, "done")["step"] == 5
    # It has ended the studio three times in a row: somebody has to ask for it.
    record.write_text(running.replace('"restarts": 0', '"restarts": 2'))
    with StudioServer(tmp_path / "studio") as studio:
        assert studio.painting(name)["state"] == "interrupted"


def test_the_order_of_the_queue_can_be_changed(studio):
    first = studio.paint(steps=5000)
    second, third = studio.paint(steps=2), studio.paint(steps=2)
    assert studio.get("/api/state").json["queue"] == [second, third]
    studio.post(f"/api/paintings/{third}/move", {"position": 0})
    assert studio.get("/api/state").json["queue"] == [third, second]
    studio.post(f"/api/paintings/{second}/stop")
    assert studio.painting(second)["state"] == "stopped"
    studio.post(f"/api/paintings/{first}/stop")
    studio.wait(first, "stopped")
    studio.wait(third, "done")
    assert studio.painting(second)["state"] == "stopped"


def test_undo_and_redo_to_snapshots(studio):
    name = studio.paint(steps=18)
    done = studio.wait(name, "done")
    last = np.asarray(picture(studio, name))
    step = done["snapshots"][2]["step"]
    undone = studio.post(f"/api/paintings/{name}/undo", {"step": step})
    assert (undone["state"], undone["step"]) == ("stopped", step)
    assert not np.array_equal(picture(studio, name), last)
    assert studio.painting(name)["curve"][-1][0] == step
    assert studio.post(f"/api/paintings/{name}/undo", {"step": 18})["state"] == "done"
    np.testing.assert_array_equal(picture(studio, name), last)
    studio.post(f"/api/paintings/{name}/undo", {"step": step})
    studio.post(f"/api/paintings/{name}/go-on")
    studio.wait(name, "done")
    np.testing.assert_array_equal(picture(studio, name), last)


def test_going_on_from_here_with_other_settings(studio, tmp_path):
    name = studio.paint(steps=10)
    studio.wait(name, "done")
    child = studio.paint(steps=4, strength=2.0, origin={"painting": name, "step": 10})
    done = studio.wait(child, "done")
    assert done["steps"] == 4
    body = studio.get(f"/api/paintings/{child}/download/png").body
    text = images.read_recipe(saved(tmp_path, body))
    assert f'image = "paintings/{child}/start.png"' in text
    assert f"going on from painting {name} at step 10" in text
    assert "weight = 20000.0" in text
    start = studio.get(f"/api/paintings/{child}/picture/start").body
    assert start == studio.get(f"/api/paintings/{name}/download/png").body


def test_a_picture_that_is_replaced_while_it_is_sent_is_whole(studio):
    name = studio.paint(steps=2)
    studio.wait(name, "done")
    path = studio.directory / "paintings" / name / "live.jpg"
    bodies = {bytes([value]) * size for value, size in ((1, 500), (2, 700_000), (3, 90_000))}
    ends = threading.Event()

    def replace():
        while not ends.is_set():
            for body in bodies:
                path.with_suffix(".part").write_bytes(body)
                path.with_suffix(".part").replace(path)

    thread = threading.Thread(target=replace)
    thread.start()
    try:
        for _ in range(60):
            got = studio.get(f"/api/paintings/{name}/picture/screen")
            assert got.body in bodies or got.body.startswith(b"\xff\xd8")
            assert got.headers["Content-Type"] == "image/jpeg"
    finally:
        ends.set()
        thread.join()


def test_deleting_can_be_undone(studio):
    name = studio.paint(steps=2)
    studio.wait(name, "done")
    assert studio.ask("DELETE", f"/api/paintings/{name}").status == 200
    assert studio.ask("GET", f"/api/paintings/{name}").status == 404
    assert [one["id"] for one in studio.get("/api/state").json["trash"]] == [name]
    studio.post(f"/api/trash/{name}")
    assert studio.painting(name)["step"] == 2
    studio.ask("DELETE", f"/api/paintings/{name}")
    studio.ask("DELETE", "/api/trash")
    assert studio.get("/api/state").json["trash"] == []
    assert not (studio.directory / "trash" / "paintings" / name).exists()


def test_what_is_wrong_is_said_in_one_line(studio):
    for change, words in (
        ({"preset": "no such"}, "unknown preset"),
        ({"size": "-3"}, "size"),
        ({"steps": "many"}, "whole numbers"),
        ({"overrides": {"style.weight": -1}}, "style.weight"),
        ({"overrides": {"no.such": 1}}, "no such field"),
        ({"content": "no-such"}, "not there any more"),
        ({"content": "../../etc"}, "content"),
        ({"strength": "x"}, "strength"),
    ):
        answer = studio.ask("POST", "/api/paintings", studio.settings(**change))
        assert answer.status == 400
        assert words in answer.json["error"]
        assert "\n" not in answer.json["error"]
    failed = studio.paint(size="3")
    assert "too small" in studio.wait(failed, "failed")["note"]


def test_events_tell_of_the_painting(studio):
    import http.client
    import json

    connection = http.client.HTTPConnection("127.0.0.1", studio.port, timeout=30)
    cookie = f"{studio.access.cookie}={studio.access.session}"
    connection.request("GET", "/api/events", headers={"Cookie": cookie})
    response = connection.getresponse()
    assert response.headers["Content-Type"].startswith("text/event-stream")
    studio.paint(steps=30)
    kinds, end = [], time.monotonic() + 60
    while time.monotonic() < end:
        line = response.readline()
        if line.startswith(b"data: "):
            event = json.loads(line[6:])
            kinds.append(event["type"])
            if event["type"] == "painting" and event["painting"]["state"] == "done":
                break
    connection.close()
    assert kinds.count("step") >= 30
    assert {"queue", "phase", "picture", "painting"} <= set(kinds)
    assert kinds.index("phase") < kinds.index("step")
