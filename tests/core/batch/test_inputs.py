"""Files, directories and patterns as the inputs of a batch."""

import os
from pathlib import Path

import pytest

from nst_core.batch.inputs import find_inputs
from nst_core.errors import SpecError

LATIN = os.fsdecode(b"caf\xe9.jpg")


@pytest.fixture
def photos(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in (
        "photos/b.jpg", "photos/a.PNG", f"photos/{LATIN}", "photos/notes.txt", "photos/._b.jpg",
        "photos/sub/c.tif", "photos/sub/deep/d.webp", "photos/.hidden/e.png", "photos/[1].png",
        "photos/out/f.png", "empty/notes.txt",
    ):  # fmt: skip
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def paths(*arguments, **options):
    return [one.path for one in find_inputs(arguments, **options)]


FLAT = ["photos/[1].png", "photos/a.PNG", "photos/b.jpg", f"photos/{LATIN}"]


def test_a_directory_is_its_pictures_in_order(photos):
    assert paths("photos") == paths("photos/") == FLAT
    assert paths("photos/b.jpg", "missing.jpg", "empty/notes.txt") == [
        "photos/b.jpg", "missing.jpg", "empty/notes.txt",
    ]  # fmt: skip


def test_recursive(photos):
    found = find_inputs(["photos"], recursive=True, output_dir=Path("photos/out"))
    assert [one.path for one in found] == [*FLAT, "photos/sub/c.tif", "photos/sub/deep/d.webp"]
    assert [one.subdirectory for one in found] == [""] * 4 + ["sub", "sub/deep"]
    assert "photos/out/f.png" in paths("photos", recursive=True)


def test_patterns(photos):
    assert paths("photos/*.jpg") == ["photos/b.jpg", f"photos/{LATIN}"]
    assert paths("photos/[ab].*") == ["photos/a.PNG", "photos/b.jpg"]
    assert paths("photos/[1].png") == ["photos/[1].png"], "an existing path is no pattern"
    assert paths("photos/**/*.tif") == ["photos/sub/c.tif"]
    assert paths("photos/s*") == ["photos/sub/c.tif"]


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("empty", "empty holds no picture; --recursive looks"),
        ("photos/*.gif", "no file matches photos/*.gif"),
        ("photos/out", "photos/out is also the output directory"),
    ],
)
def test_mistakes_are_one_line(photos, argument, says):
    with pytest.raises(SpecError) as caught:
        find_inputs([argument], output_dir=Path("photos/out"))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
