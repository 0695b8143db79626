"""Temporary files of killed writers are removed, those of living ones never."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from nst_core.system import temporary
from nst_core.system.files import atomic_writer, check_writable, claimed

pytestmark = pytest.mark.skipif(os.name != "posix", reason="files are locked on POSIX only")

WRITES = """
import sys, time
from nst_core.system.files import atomic_writer
with atomic_writer(sys.argv[1]) as file:
    file.write_text("half")
    print(file.name, flush=True)
    time.sleep(100)
"""


@pytest.fixture
def writer():
    """``writer(path)`` starts a process that is in the middle of writing it."""
    running = []

    def start(path):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITES, path], stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        assert (path.parent / process.stdout.readline().strip()).exists()
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_what_a_killed_writer_left_is_removed_before_the_next_run(tmp_path, writer):
    path = tmp_path / "run.nst"
    path.write_text("old")
    dead, living, other = writer(path), writer(path), writer(tmp_path / "other.nst")
    kill(dead)
    kill(other)
    assert len(list(tmp_path.iterdir())) == 4
    check_writable(path)
    names = {entry.name for entry in tmp_path.iterdir()}
    assert len(names) == 3, "the living one's, the other target's, and the old file"
    assert path.read_text() == "old"
    kill(living)
    check_writable(path)
    check_writable(tmp_path / "other.nst")
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.nst"]


def test_sweeping_never_takes_a_living_ones(tmp_path):
    """Many write and many sweep at once; that nothing is lost is that no writer fails."""
    path = tmp_path / "a.csv"

    def turn(number):
        for _ in range(30):
            if number % 2:
                temporary.remove_stale(path)
            else:
                with atomic_writer(path) as file:
                    file.write_text("whole")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(turn, range(4)))
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


def test_swept_away_in_the_moment_before_it_was_locked_it_is_made_anew(tmp_path, monkeypatch):
    import fcntl

    path, lock, seen = tmp_path / "a.csv", fcntl.flock, []

    def late(descriptor, how):
        if how == fcntl.LOCK_EX and not seen:
            seen.extend(tmp_path.iterdir())
            temporary.remove_stale(path)
            assert list(tmp_path.iterdir()) == []
        lock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with atomic_writer(path) as file:
        assert file not in seen
        file.write_text("whole")
    assert seen
    assert path.read_text() == "whole"


def test_where_files_cannot_be_locked_none_is_removed(tmp_path, monkeypatch):
    import errno
    import fcntl

    def refuse(*_):
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", refuse)
    path = tmp_path / "a.csv"
    with atomic_writer(path) as file:
        check_writable(path)
        file.write_text("whole")
    assert path.read_text() == "whole"
    monkeypatch.setattr(temporary, "fcntl", None)
    with atomic_writer(path) as file:
        check_writable(path)
        file.write_text("again")
    assert [path.read_text(), *tmp_path.iterdir()] == ["again", path]


def test_what_is_no_file_of_ours_is_left_alone(tmp_path):
    path = tmp_path / "[a]*.csv"
    name = temporary._prefix(path)
    (tmp_path / f"{name}directory").mkdir()
    (tmp_path / f"{name}link").symlink_to(tmp_path / "kept")
    os.mkfifo(tmp_path / f"{name}pipe")
    (tmp_path / "kept").write_text("kept")
    (tmp_path / ".hidden.csv").touch()
    (tmp_path / f"{name}ours").touch()
    temporary.remove_stale(path)
    left = {entry.name for entry in tmp_path.iterdir()}
    assert left == {"kept", ".hidden.csv", f"{name}directory", f"{name}link", f"{name}pipe"}
    temporary.remove_stale(tmp_path / "missing" / "a.csv")


@pytest.mark.parametrize("name", ["a" * 251 + ".png", "a." + "b" * 253, b"\xff.png"])
def test_any_name_that_the_file_system_takes(tmp_path, name):
    path = tmp_path / os.fsdecode(name)
    with atomic_writer(path) as file:
        file.write_text("whole")
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


CLAIMS = """
import sys, time
from nst_core.system.files import claimed
with claimed(sys.argv[1]) as is_free:
    print(is_free, flush=True)
    time.sleep(100)
"""


def test_a_claim_ends_with_its_block_or_its_process(tmp_path):
    path = tmp_path / "a.png"
    with claimed(path) as first, claimed(path) as second, claimed(tmp_path / "b.png") as other:
        check_writable(path)  # it removes only what dead processes left
        with claimed(path) as third:
            assert (first, second, third, other) == (True, False, False, True)
    assert not list(tmp_path.iterdir())
    command = [sys.executable, "-c", CLAIMS, path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "True\n"
        with claimed(path) as is_free:
            assert not is_free
        kill(process)
    assert list(tmp_path.iterdir()), "the killed process could not remove its claim"
    with claimed(path) as is_free:
        assert is_free
    assert not list(tmp_path.iterdir())
