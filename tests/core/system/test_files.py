"""Files that appear whole or not at all."""

import errno
import os
import resource
import stat
import tempfile
from pathlib import Path

import pytest

from nst_core.errors import NstError, PictureError
from nst_core.system.files import FileError, atomic_writer, check_writable, display_path


@pytest.fixture
def locked():
    """A directory that can be entered but not written in, whoever runs the tests."""
    with tempfile.TemporaryDirectory() as name:
        free = Path(name) / "free"
        free.mkdir()
        free.chmod(0o777)
        (free / "old.csv").write_text("old")
        (free / "old.csv").chmod(0o444)
        Path(name).chmod(0o555)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)  # nobody; root may write anywhere
        try:
            yield Path(name)
        finally:
            os.seteuid(user)
            Path(name).chmod(0o755)


def one_line(error, path):
    text = str(error.value)
    assert "\n" not in text
    assert text.startswith(f"can't write {path}: ")
    assert ";" in text, "it says what to do"
    return text


def test_writes_a_new_file_and_replaces_an_old_one(tmp_path):
    path = tmp_path / "loss.csv"
    for content in ("one", "two"):
        with atomic_writer(path) as temporary:
            assert temporary.parent == path.parent
            assert temporary.suffix == ".csv"
            assert temporary != path
            temporary.write_text(content)
        assert path.read_text() == content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("failure", [RuntimeError("bug"), KeyboardInterrupt()])
def test_a_failing_block_keeps_the_old_file_and_its_own_exception(tmp_path, failure):
    path = tmp_path / "loss.csv"
    path.write_text("old")
    with pytest.raises(type(failure)) as caught, atomic_writer(path) as temporary:  # noqa: PT012
        temporary.write_text("half")
        raise failure
    assert caught.value is failure
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_readers_see_the_old_file_until_the_end(tmp_path):
    path = tmp_path / "loss.csv"
    path.write_text("old")
    with atomic_writer(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"


def test_content_is_on_the_disk_before_the_rename(tmp_path, monkeypatch):
    path, events = tmp_path / "a.csv", []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (events.append("fsync"), fsync(fd)))
    monkeypatch.setattr(Path, "replace", lambda a, b: (events.append("replace"), replace(a, b)))
    with atomic_writer(path) as temporary:
        temporary.write_text("new")
    assert events == ["fsync", "replace"]


def test_full_disk(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text("old")

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError) as error, atomic_writer(path) as temporary:
        temporary.write_text("new")
    assert one_line(error, path).endswith("the disk is full; free some space")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_really_fails(tmp_path):
    path = tmp_path / "a.bin"
    path.write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(FileError) as error, atomic_writer(path) as temporary:
            temporary.write_bytes(bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    one_line(error, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_new_file_respects_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        with atomic_writer(tmp_path / "a.csv") as temporary:
            temporary.write_text("")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o666 & ~umask


def test_a_replaced_file_keeps_its_mode(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("old")
    path.chmod(0o640)
    with atomic_writer(path) as temporary:
        temporary.write_text("new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_the_mode_survives_a_block_that_makes_its_own_file(tmp_path):
    # As libraries do that write atomically themselves.
    path = tmp_path / "a.csv"
    before = os.umask(0o022)
    try:
        with atomic_writer(path) as temporary:
            own = tmp_path / "own"
            own.write_text("new")
            own.chmod(0o600)
            own.replace(temporary)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_link_is_written_through(tmp_path):
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "a.csv", tmp_path / "link.csv"
    link.symlink_to(target)
    for content in ("dangling", "existing"):
        with atomic_writer(link) as temporary:
            assert temporary.parent == target.parent
            temporary.write_text(content)
        assert link.is_symlink()
        assert target.read_text() == content


def test_relative_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_writable("a.csv")
    with atomic_writer("a.csv") as temporary:
        temporary.write_text("x")
    assert (tmp_path / "a.csv").read_text() == "x"


def refused(path, error_type=FileError):
    with pytest.raises(error_type) as error:
        check_writable(path, error=error_type)
    text = one_line(error, display_path(path))
    with pytest.raises(error_type) as error, atomic_writer(path, error=error_type):
        pytest.fail("the block was entered")
    assert str(error.value) == text
    return text


def test_refusals(tmp_path):
    missing = tmp_path / "no" / "a.csv"
    assert refused(missing).endswith(f"there is no directory {tmp_path / 'no'}; create it first")
    assert refused(tmp_path).endswith("it is a directory; name a file")
    assert refused("/dev/null").endswith("it is not an ordinary file; name another")
    assert "the path is empty" in refused("")
    assert "not a usable path" in refused(f"{tmp_path}/a\0.csv")
    assert "too long" in refused(tmp_path / ("a" * 300)).lower()
    (tmp_path / "file").write_text("")
    assert "no directory" in refused(tmp_path / "file" / "a.csv")
    loop = tmp_path / "loop.csv"
    loop.symlink_to(loop)
    refused(loop)


def test_the_callers_error_type(tmp_path):
    assert issubclass(FileError, NstError)
    refused(tmp_path, PictureError)


def test_no_permission(locked):
    assert refused(locked / "a.csv").endswith(
        f"no permission in {locked}; write to another directory"
    )


def test_write_protected(locked):
    # The directory alone would allow to replace the file.
    check_writable(locked / "free" / "new.csv")
    assert "write-protected" in refused(locked / "free" / "old.csv")


def test_check_leaves_nothing_and_touches_nothing(tmp_path):
    path = tmp_path / "a.csv"
    check_writable(path)
    assert list(tmp_path.iterdir()) == []
    path.write_text("old")
    before = path.stat()
    check_writable(path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_ino == before.st_ino


def test_check_really_tries(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(FileError, match="no permission"):
        check_writable(tmp_path / "a.csv")


def test_shown():
    assert display_path(Path("out/é 中.png")) == "out/é 中.png"
    assert display_path("two\nlines") == r"$'two\nlines'"
    assert display_path("") == "''"
