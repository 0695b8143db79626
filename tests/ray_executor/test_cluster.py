"""Batches on a cluster of two nodes on this machine, one of which vanishes."""

import csv
import io

import psutil
import pytest

pytest.importorskip("ray", reason="the extra ray is not installed")


def table(place, directory):
    text = (place.path / directory / "batch.csv").read_text()
    return {row["output"].partition("/")[2]: row for row in csv.DictReader(io.StringIO(text))}


def test_two_drivers_and_a_node_that_vanishes(place, cluster):
    arguments = (*(f"{name}.png" for name in "abcdef"), "--style", "s.png", "--output-dir")
    with place.batch(*arguments, "local") as local:
        _, err = local.communicate(timeout=120)
        assert local.returncode == 0, err
    assert len(place.log.read_text().splitlines()) == 6
    place.log.unlink()

    engine = ("--on", f"ray:{cluster.address}", "--slots", 2, "--checkpoint-every", 2)
    with (
        place.batch(*arguments, "out", *engine) as one,
        place.batch(*arguments, "out", *engine) as two,
    ):
        for line in one.stderr:
            if line[:1].isdigit():  # a picture has ended
                break
        cluster.stdin.write("kill\n")
        cluster.stdin.flush()
        errors = [driver.communicate(timeout=240)[1] for driver in (one, two)]
        assert (one.returncode, two.returncode) == (0, 0), errors
    assert place.pixels("out") == place.pixels("local")
    assert len(place.pixels("out")) == 6
    ends = place.log.read_text().splitlines()
    assert len(ends) == len(set(ends)) == 6, "a picture was made twice"
    assert set(table(place, "out")) == set(place.pixels("out"))
    left = {path.name for path in (place.path / "out").iterdir()} - set(place.pixels("out"))
    assert left == {"batch.csv", "batch.json"}


def test_a_job_that_ends_its_worker_stops_nothing(place, cluster):
    arguments = ("deadly.png", "a.png", "--style", "s.png", "--output-dir", "deadly")
    with place.batch(*arguments, "--on", f"ray:{cluster.address}", "--slots", 1) as run:
        _, err = run.communicate(timeout=240)
        assert run.returncode == 1, err
    rows = table(place, "deadly")
    assert (rows["a-s.png"]["status"], rows["deadly-s.png"]["status"]) == ("done", "failed")
    assert "it ended its worker 3 times; the last time: " in rows["deadly-s.png"]["reason"]
    assert "Traceback" not in err


def test_without_an_address_only_the_loopback_listens(place):
    with place.batch(
        "a.png", "--style", "s.png", "--output-dir", "here", "--on", "ray", "--slots", 1
    ) as run:
        listening = {}
        for line in run.stderr:
            if "1/1" in line:
                listening = sockets(psutil.Process(run.pid))
                break
        _, err = run.communicate(timeout=120)
        assert run.returncode == 0, err
    assert listening
    assert {address.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}


def sockets(process):
    """The addresses that a process and its descendants listen at."""
    found = set()
    for one in [process, *process.children(recursive=True)]:
        try:
            connections = one.net_connections(kind="tcp")
        except psutil.Error:
            continue
        found |= {each.laddr.ip for each in connections if each.status == psutil.CONN_LISTEN}
    return found
