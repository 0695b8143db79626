"""Files in object stores: in memory, and on moto's S3, which fails now and then."""

import os
from contextlib import suppress

import pytest
from faulty_s3 import FaultyS3

from nst_core.system import files, lease, storage
from nst_core.system.files import FileError
from nst_core.system.storage import StorageError

pytest.importorskip("s3fs", reason="the extra s3 is not installed")
pytest.importorskip("moto", reason="the extra dev is not installed")


@pytest.fixture(scope="module")
def server():
    with FaultyS3(share=0.15, late_s=1.2) as server, server.as_s3():
        yield server


@pytest.fixture(params=["memory", "s3"])
def store(request, server, monkeypatch, tmp_path):
    """The URL of an empty directory."""
    monkeypatch.setattr(storage, "_PAUSE", 0.01)
    name = f"t{abs(hash(tmp_path)):x}"
    if request.param == "s3":
        server.make_bucket(name)
    return f"{request.param}://{name}/d"


def test_what_is_a_url():
    assert [storage.is_url(one) for one in ("s3://b/a", "gs://b/a", "memory://a")] == [True] * 3
    for one in ("a.png", "/a//b", "C:/a", "c://a", "file:///a/b.png", "s3:/a"):
        assert not storage.is_url(one), one
    assert storage.local("file:///a b/c%20d.png") == "/a b/c%20d.png"
    assert files.join("s3://b/d/", "", "e", "f.png") == "s3://b/d/e/f.png"
    assert files.join("d", "", "f.png") == os.path.join("d", "f.png")  # noqa: PTH118


def test_an_object_is_there_whole_or_not_at_all(store):
    url = f"{store}/a.png"
    assert storage.status(url) is None
    assert storage.read_bytes(url) is None
    content = os.urandom(200_000)
    with files.atomic_writer(url) as file:
        assert file.suffix == ".png"
        file.write_bytes(content)
        assert storage.status(url) is None
    before = storage.status(url)
    assert before.size == 200_000
    with suppress(KeyError), files.atomic_writer(url) as file:
        file.write_bytes(b"half")
        raise KeyError
    assert storage.status(url) == before
    with storage.open_head(url) as stream:
        stream.seek(-5, 2)
        assert stream.read() == content[-5:]
        stream.seek(70_000)
        assert stream.read(9) == content[70_000:70_009]
    with files.atomic_writer(url) as file:
        file.write_bytes(b"another")
    assert storage.status(url).version != before.version
    assert storage.files_below(store, recursive=False) == [url]
    storage.remove(url)
    storage.remove(url)
    assert storage.files_below(store, recursive=True) == []


def test_directories_and_patterns(store):
    for name in ("b.jpg", "a.png", "below/c.jpg"):
        storage.write_bytes(f"{store}/{name}", name.encode())
    assert storage.files_below(store, recursive=False) == [f"{store}/a.png", f"{store}/b.jpg"]
    assert len(storage.files_below(store, recursive=True)) == 3
    assert storage.matching(f"{store}/*.jpg") == [f"{store}/b.jpg"]
    assert storage.is_directory(store)
    assert not storage.is_directory(f"{store}/a.png")


def test_a_claim_has_one_holder(store, monkeypatch):
    url = f"{store}/a.png"
    with files.claimed(url, owner="one") as first, files.claimed(url, owner="two") as second:
        assert (first, second) == (True, False)
        with files.claimed(url, owner="one") as again:
            assert again, "a worker of the same batch has vanished"
    assert storage.files_below(store, recursive=True) == []
    with monkeypatch.context() as vanishing:
        vanishing.setattr(lease, "SECONDS", -1.0)
        assert lease._acquire(url, "vanished", "token") == 0
    with files.claimed(url, owner="two") as is_free:
        assert is_free


def test_only_one_of_many_gets_a_claim(store):
    from concurrent.futures import ThreadPoolExecutor

    def acquire(number):
        return lease._acquire(f"{store}/a.png", f"{number}", f"{number}")

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(acquire, range(8)), key=str) == [0, *[None] * 7]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("s3://key:secret@bucket/a.png", "a URL at s3://bucket holds credentials"),
        ("https://host/a.png?signature=secret", "a URL at https://host holds credentials"),
        ("nonsense://a/b.png", "Protocol not known: nonsense"),
        ("memory://nothing/a.png", "can't read memory://nothing/a.png: no such file"),
    ],
)
def test_mistakes_are_one_line(url, says, tmp_path):
    with pytest.raises(StorageError) as caught:
        storage.fetch(url, tmp_path / "a")
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_output_that_would_not_appear_whole_is_refused():
    with pytest.raises(FileError, match="would not appear whole"):
        files.check_writable("sftp://host/a.png")
