"""Sources by name."""

import importlib.metadata
from types import SimpleNamespace

import pytest

from nst_core.backend import registry
from nst_core.errors import BackendError, NstError, WeightsError
from nst_core.weights import bundled, catalogue, load, sources


@pytest.mark.parametrize(
    "source",
    [
        "",
        "vgg19",
        "Bundled",
        "bundled ",
        "weights.bin",
        "randomly",
        "https://x/y",
        "caffe:x",
        "a\nb",
    ],
)
def test_unknown_sources_are_told_what_is_allowed(source):
    with pytest.raises(WeightsError) as caught:
        load(source)
    message = str(caught.value)
    assert message == f"unknown weights {source!r}: allowed are {catalogue.ALLOWED}"
    assert "\n" not in message


@pytest.mark.parametrize(
    "source",
    ["nowhere.pth", "caffe:nowhere.pth", "caffe:nowhere.safetensors"],
)
def test_paths_are_taken_as_paths(source):
    with pytest.raises(WeightsError, match=r": no such file$"):
        load(source)


def test_a_tilde_is_the_home_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(WeightsError) as caught:
        load("caffe:~/nowhere.pt")
    assert str(caught.value) == f"{tmp_path / 'nowhere.pt'}: no such file"


@pytest.mark.parametrize(("source", "backend"), [("torchvision", "pytorch"), ("gluoncv", "mxnet")])
def test_zoos_are_asked_through_their_backends(monkeypatch, source, backend):
    arrays = dict(load("random:3"))
    zoos = {backend: SimpleNamespace(pretrained=lambda: arrays)}
    monkeypatch.setattr(registry, "load", zoos.__getitem__)
    found = load(source)
    assert (found, found.source) == (load("random:3"), source)


def test_a_missing_framework_is_one_line(monkeypatch):
    def missing(name):
        raise BackendError(f"backend {name!r} needs a package")

    monkeypatch.setattr(registry, "load", missing)
    with pytest.raises(NstError, match="backend 'pytorch' needs a package"):
        load("torchvision")


def test_every_source_has_a_row():
    rows = sources()
    assert [row.name for row in rows] == [
        "bundled",
        "torchvision",
        "gluoncv",
        "random[:SEED]",
        "PATH",
        "caffe:PATH",
    ]
    assert all(
        row.description and "\n" not in row.description + row.unavailable_reason for row in rows
    )
    for row in rows[3:]:
        assert row.unavailable_reason == ""


@pytest.mark.parametrize(
    ("package", "row", "command"),
    [
        ("torch", 1, "torch not installed: pip install 'nst[pytorch]'"),
        ("mxnet", 2, "mxnet not installed: pip install 'nst[mxnet]'"),
        ("gluoncv", 2, "gluoncv not installed: pip install 'nst[mxnet]'"),
    ],
)
def test_what_is_missing_is_said_with_its_command(monkeypatch, package, row, command):
    def version(name):
        if name == package:
            raise importlib.metadata.PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(importlib.metadata, "version", version)
    rows = sources()
    assert rows[row].unavailable_reason == command
    assert rows[3 - row].unavailable_reason == ""


def test_bundled_s_row_says_what_is_missing(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    assert sources()[0].unavailable_reason == ""
    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    assert sources()[0].unavailable_reason.endswith(bundled.INSTALL)
