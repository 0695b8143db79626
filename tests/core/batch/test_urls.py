"""Jobs whose pictures, outputs and checkpoints are in an object store."""

import io
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from fakes import FakeBackend
from faulty_s3 import FaultyS3

from nst_core import batch, images
from nst_core.batch import inputs
from nst_core.errors import SpecError
from nst_core.images import EncodeOptions
from nst_core.spec import presets, recipe
from nst_core.system import storage, toml

pytest.importorskip("s3fs", reason="the extra s3 is not installed")
pytest.importorskip("moto", reason="the extra dev is not installed")


@pytest.fixture(scope="module")
def server():
    with FaultyS3() as server, server.as_s3():
        server.make_bucket("pictures")
        yield server


@pytest.fixture
def bucket(server, pair, tmp_path):
    """The URL of a directory with content.png and style.png."""
    url = f"s3://pictures/{tmp_path.name}"
    for name in pair:
        storage.write_bytes(f"{url}/{name}", Path(name).read_bytes())
    server.bytes_read.clear()
    return url


@pytest.fixture
def run(job, bucket, monkeypatch):
    """``run(**changes)`` runs a job on the bucket with a fake backend."""

    def run(stop_at=None, **changes):
        shared, backend = batch.SharedResources(), FakeBackend(stop_at=stop_at)
        monkeypatch.setattr(shared, "backend", lambda _: backend)
        fields = {
            "content": f"{bucket}/content.png",
            "style": f"{bucket}/style.png",
            "output": f"{bucket}/out/a.png",
            "run": {"weights": "random", "backend": "fake"},
        }
        record = batch.run_job(job(**{**fields, **changes}), shared=shared)
        return record, len(backend.calls.steps())

    return run


def key(bucket, name):
    return bucket.removeprefix("s3:/") + f"/{name}"


def test_a_picture_is_made_and_not_made_again(run, bucket, server):
    record, _ = run()
    assert (record.status, record.reason) == ("done", "")
    url = f"{bucket}/out/a.png"
    assert storage.files_below(f"{bucket}/out", recursive=True) == [url]
    made = toml.loads(images.read_recipe(url), origin="recipe")
    assert made["run"]["content"] == f"{bucket}/content.png"
    assert set(made["made_with"]) >= {"content_version", "style_version", "content_sha256"}
    assert "not-a-" not in images.read_recipe(url), "credentials"
    server.bytes_read.clear()
    assert run()[0].status == "skipped"
    assert not server.bytes_read[key(bucket, "content.png")]

    # The same content, uploaded again in parts, has another ETag.
    before = storage.status(f"{bucket}/content.png").version
    upload_in_parts(f"{bucket}/content.png", Path("content.png").read_bytes())
    assert storage.status(f"{bucket}/content.png").version != before
    assert run()[0].status == "skipped"
    storage.write_bytes(f"{bucket}/content.png", Path("style.png").read_bytes())
    assert run()[0].status == "done"


def upload_in_parts(url, content):
    import s3fs

    fs = s3fs.S3FileSystem(use_listings_cache=False)
    bucket, _, name = url.removeprefix("s3://").partition("/")
    place = {"Bucket": bucket, "Key": name}
    upload = {**place, "UploadId": fs.call_s3("create_multipart_upload", **place)["UploadId"]}
    part = fs.call_s3("upload_part", **upload, PartNumber=1, Body=content)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    fs.call_s3("complete_multipart_upload", **upload, MultipartUpload=parts)


@pytest.mark.parametrize("extension", ["png", "jpg", "webp", "tif"])
def test_a_recipe_is_read_without_the_picture(bucket, server, extension):
    image = np.random.default_rng(0).random((500, 700, 3)).astype(np.float32)
    url = f"{bucket}/large.{extension}"
    images.write(image, url, recipe="a = 1", finish=EncodeOptions(dpi=72.0))
    server.bytes_read.clear()
    assert images.read_recipe(url) == "a = 1"
    size = storage.status(url).size
    assert server.bytes_read[key(bucket, f"large.{extension}")] < size / 8


def test_an_interrupted_job_goes_on_from_the_store(run, job, bucket):
    changes = {
        "spec": {**job().spec, "stages": [{"size": "16x24", "steps": 6}]},
        "checkpoint_every": 2,
        "output": f"{bucket}/out/b.png",
    }
    with pytest.raises(KeyboardInterrupt):
        run(stop_at=5, **changes)
    assert storage.status(f"{bucket}/out/b.png.checkpoint") is not None
    record, steps = run(**changes)
    assert (record.status, steps) == ("done", 2)
    assert storage.files_below(f"{bucket}/out", recursive=True) == [f"{bucket}/out/b.png"]


def test_failures_name_the_object(run, bucket):
    storage.write_bytes(f"{bucket}/bad.png", b"no picture")
    for content, says in (
        ("missing.png", "no such file; check the URL"),
        ("bad.png", f"can't read {bucket}/bad.png: not a JPEG"),
    ):
        record, _ = run(content=f"{bucket}/{content}")
        assert record.status == "failed"
        assert says in record.reason
        assert storage.files_below(f"{bucket}/out", recursive=True) == []


def test_inputs_by_directory_pattern_and_list(bucket, monkeypatch):
    for name in ("d/b.jpg", "d/a.png", "d/n.txt", "d/e/c.tif", "d/.x/h.png", "d/out/z.png"):
        storage.write_bytes(f"{bucket}/{name}", b"")
    found = inputs.find_inputs([f"{bucket}/d"], recursive=True, output_dir=f"{bucket}/d/out/")
    assert [one.path.removeprefix(f"{bucket}/d/") for one in found] == ["a.png", "b.jpg", "e/c.tif"]
    assert [one.subdirectory for one in found] == ["", "", "e"]
    assert len(inputs.find_inputs([f"{bucket}/d/"])) == 2
    assert [one.path for one in inputs.find_inputs([f"{bucket}/d/*.jpg"])] == [f"{bucket}/d/b.jpg"]
    with pytest.raises(SpecError, match="also the output directory"):
        inputs.find_inputs([f"{bucket}/d"], output_dir=f"{bucket}/d")
    storage.write_bytes(f"{bucket}/list.txt", b"s3://b/1.png\nfile:///2.png\r\n\n3.png\n")
    expected = ["s3://b/1.png", "/2.png", "3.png"]
    assert inputs.read_list(f"{bucket}/list.txt") == expected
    Path("empty.txt").write_text("\n")
    for name in ("empty.txt", "missing.txt"):
        with pytest.raises(SpecError):
            inputs.read_list(name)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a.png\n")))
    assert inputs.read_list("-") == ["a.png"]


def test_outputs_are_urls_of_the_directory():
    jobs = batch.plan(
        ["s3://b/in/a.jpg"], ["t.png", "u.png"], directory="s3://b/out/", extension="png",
        spec=presets.load("d2l"), run=recipe.checked_run({}), max_pixels=1, command="",
        naming="content", subdirectories={"s3://b/in/a.jpg": "x"},
    )  # fmt: skip
    assert [job.output for job in jobs] == ["s3://b/out/t/x/a.png", "s3://b/out/u/x/a.png"]
    with pytest.raises(SpecError, match="is also an input"):
        batch.plan(
            ["s3://b/a.png"], ["t.png"], directory="s3://b", extension="png", naming="content",
            spec=presets.load("d2l"), run=recipe.checked_run({}), max_pixels=1, command="",
        )  # fmt: skip


def test_a_mask_and_a_style_in_the_store(run, bucket):
    mask = np.zeros((30, 40), np.uint8)
    mask[15:] = 255
    PIL.Image.fromarray(mask).save("mask.png")
    storage.write_bytes(f"{bucket}/mask.png", Path("mask.png").read_bytes())
    changes = {"content_mask": f"{bucket}/mask.png", "style_mask": "mask.png"}
    assert run(**changes)[0].status == "done"
    assert run(**changes)[0].status == "skipped"
    mask[10:] = 255
    PIL.Image.fromarray(mask).save("mask.png")
    assert run(**changes)[0].status == "done"
