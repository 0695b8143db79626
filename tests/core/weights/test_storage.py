"""Weights in files, at full size: out and in again, and every file that can't be one."""

import json
import shutil
import struct

import numpy as np
import pytest

from nst_core.errors import WeightsError
from nst_core.vgg19 import CONVOLUTIONS
from nst_core.weights import Weights, load, save


@pytest.fixture(scope="module")
def weights():
    return load("random:5")


@pytest.fixture(scope="module")
def exported(weights, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "vgg19.safetensors"
    save(weights, path)
    yield path
    path.unlink()


@pytest.fixture
def tmp_path(tmp_path):
    """As pytest's, but emptied at once: pytest keeps its own, and these files have 80 MB each."""
    yield tmp_path
    shutil.rmtree(tmp_path)


def refusal(path) -> str:
    with pytest.raises(WeightsError) as caught:
        load(str(path))
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


def header(path) -> dict:
    with path.open("rb") as stream:
        return json.loads(stream.read(struct.unpack("<Q", stream.read(8))[0]))


def write_tensors(path, tensors):
    from safetensors.numpy import save_file

    save_file(tensors, path)
    return path


def features(weights):
    return {
        f"features.{layer.index}.{part}": weights[f"{layer.name}.{part}"]
        for layer in CONVOLUTIONS
        for part in ("weight", "bias")
    }


def test_safetensors_round_trip(weights, exported):
    again = load(str(exported))
    assert again.checksum == weights.checksum
    assert again.source == str(exported)


def test_safetensors_metadata(weights, exported):
    assert header(exported)["__metadata__"] == {
        "source": "random:5",
        "checksum": weights.checksum,
    }
    assert exported.stat().st_size > 80_000_000
    assert [path.name for path in exported.parent.iterdir()] == [exported.name]


def test_safetensors_with_features_names_and_half_precision(weights, tmp_path):
    half = {name: array.astype(np.float16) for name, array in features(weights).items()}
    half["classifier.0.bias"] = np.zeros(3, np.float16)
    loaded = load(str(write_tensors(tmp_path / "half.safetensors", half)))
    for name, array in loaded.items():
        assert np.array_equal(array, weights[name].astype(np.float16)), name


def test_a_failed_save_leaves_the_old_file(weights, tmp_path, monkeypatch):
    import safetensors.numpy

    path = tmp_path / "vgg19.safetensors"
    path.write_bytes(b"old")
    monkeypatch.setattr(safetensors.numpy, "save", lambda *_, **__: None)  # not to be written
    with pytest.raises(TypeError):
        save(weights, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_save_refuses_other_suffixes_and_places(weights, tmp_path):
    with pytest.raises(WeightsError, match=r"vgg19\.pth: weights are written as \.safetensors"):
        save(weights, tmp_path / "vgg19.pth")
    with pytest.raises(WeightsError, match="can't write"):
        save(weights, tmp_path / "missing" / "vgg19.safetensors")


@pytest.mark.parametrize("extension", [".safetensors", ".SAFETENSORS", ".pth", ".pt", ".PTH"])
def test_files_that_are_none(tmp_path, extension):
    path = tmp_path / f"w{extension}"
    assert refusal(path) == "no such file"
    path.mkdir()
    assert "directory" in refusal(path)
    path.rmdir()
    path.write_bytes(b"")
    assert refusal(path) == "the file is empty"
    path.write_text("<!DOCTYPE html>\n<p>Not found</p>\n" * 9)
    expected = (
        "not a valid safetensors file" if "s" in extension.lower() else "not a file of torch.save"
    )
    assert expected in refusal(path)


def test_a_pipe_is_not_waited_for(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.pth")
    assert "directory or device" in refusal(tmp_path / "pipe.pth")


@pytest.mark.parametrize("length", [4, 100, 50_000_000])
def test_truncated_safetensors(exported, tmp_path, length):
    path = tmp_path / "cut.safetensors"
    with exported.open("rb") as stream:
        path.write_bytes(stream.read(length))
    assert "not a valid safetensors file" in refusal(path)


def test_safetensors_of_something_else(tmp_path):
    path = write_tensors(tmp_path / "w.safetensors", {"other": np.zeros(3, np.float32)})
    assert "'other' is not a tensor of VGG-19" in refusal(path)


def test_safetensors_with_a_bad_tensor(weights, tmp_path):
    path = tmp_path / "w.safetensors"
    bias = np.zeros(64, np.float32)
    for bad, reason in [
        (bias[:3], "conv1_1.bias has shape (3,)"),
        (bias + np.nan, "conv1_1.bias holds a value that is not finite"),
        (bias.astype(np.int32), "conv1_1.bias holds int32"),
    ]:
        # Those after conv1_1 are wrong as well, which keeps the file small.
        first = {"conv1_1.weight": weights["conv1_1.weight"], "conv1_1.bias": bad}
        write_tensors(path, dict.fromkeys(weights, bias[:1]) | first)
        assert reason in refusal(path)


def test_safetensors_in_bfloat16(tmp_path):
    entry = {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}
    text = json.dumps({"conv1_1.bias": entry}).encode()
    path = tmp_path / "w.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(4))
    refusal(path)


# What torch writes.


def torch_features(weights):
    torch = pytest.importorskip("torch")
    return {name: torch.from_numpy(array.copy()) for name, array in features(weights).items()}


def test_legacy_state_dict_of_a_module(weights, tmp_path):
    """As torchvision's own file: a module's state dict, with a classifier."""
    torch = pytest.importorskip("torch")
    convolutions = {layer.index: layer for layer in CONVOLUTIONS}
    network = torch.nn.Module()
    network.features = torch.nn.Sequential(
        *(
            torch.nn.Conv2d(convolutions[i].in_channels, convolutions[i].out_channels, 3)
            if i in convolutions
            else torch.nn.ReLU()
            for i in range(37)
        )
    )
    network.classifier = torch.nn.Sequential(torch.nn.Linear(4, 2))
    network.load_state_dict(torch_features(weights), strict=False)
    path = tmp_path / "vgg19.pth"
    torch.save(network.state_dict(), path, _use_new_zipfile_serialization=False)
    assert load(str(path)) == weights


def test_zip_checkpoint_with_parameters_strides_and_prefixes(weights, tmp_path):
    torch = pytest.importorskip("torch")
    tensors = torch_features(weights)
    kernel = tensors["features.2.weight"]
    tensors["features.2.weight"] = kernel.to(memory_format=torch.channels_last)
    tensors["features.5.weight"] = torch.nn.Parameter(tensors["features.5.weight"])
    tensors["features.0.bias"] = tensors["features.0.bias"].double()
    assert not tensors["features.2.weight"].is_contiguous()
    path = tmp_path / "checkpoint.pt"
    nested = {"epoch": 4, "state_dict": {f"module.{k}": v for k, v in tensors.items()}}
    torch.save(nested, path)
    assert load(str(path)) == weights
    with path.open("r+b") as stream:
        stream.truncate(60_000_000)
    assert "zip archive" in refusal(path)


@pytest.mark.parametrize("zip_format", [True, False], ids=["zip", "legacy"])
def test_torch_files_of_something_else(tmp_path, zip_format):
    torch = pytest.importorskip("torch")
    path = tmp_path / "w.pth"

    def write(value):
        torch.save(value, path, _use_new_zipfile_serialization=zip_format)

    zero = torch.zeros(1)
    every = dict.fromkeys(
        (f"features.{layer.index}.{part}" for layer in CONVOLUTIONS for part in ("weight", "bias")),
        zero,
    )
    write([1, 2])
    assert "holds a list" in refusal(path)
    write(zero)
    assert "holds a Tensor" in refusal(path)
    write({"features.0.weight": zero})
    assert "conv1_1.bias is missing" in refusal(path)
    write(every | {"fc.weight": zero})
    assert "'fc.weight' is not a tensor of VGG-19" in refusal(path)
    write({"features.1.weight": zero})
    assert "features.1.weight is not a convolution of VGG-19" in refusal(path)
    write(every)
    assert "conv1_1.weight: has shape (1,), expected (64, 3, 3, 3)" in refusal(path)
    write(every | {"features.0.weight": 3})
    assert "conv1_1.weight is not a tensor" in refusal(path)


def test_a_dictionary_cannot_hide_its_own_methods(tmp_path):
    """BUILD gives an OrderedDict attributes: items = None would hide the method."""
    code = b"\x80\x02ccollections\nOrderedDict\n)R}(X\x05\x00\x00\x00itemsNX\x03\x00\x00\x00getNub."
    import pickle

    from nst_core.weights.torchfile import MAGIC

    parts = [pickle.dumps(part, 2) for part in (MAGIC, 1001, {"little_endian": True})]
    path = tmp_path / "w.pth"
    path.write_bytes(b"".join([*parts, code, pickle.dumps([], 2)]))
    assert "conv1_1.weight is missing" in refusal(path)


def test_integers_are_refused_whatever_the_file(weights, tmp_path):
    torch = pytest.importorskip("torch")
    tensors = torch_features(weights)
    tensors["features.34.bias"] = torch.zeros(512, dtype=torch.uint8)
    path = tmp_path / "w.pt"
    torch.save(tensors, path)
    assert "conv5_4.bias holds uint8" in refusal(path)


def test_caffe_files_get_what_bundled_gets(tmp_path):
    from nst_core.weights import bundled

    published = Weights(bundled.read_published(), source="published")
    path = tmp_path / "original.safetensors"
    save(published, path)
    loaded = load(f"caffe:{path}")
    assert loaded == load("bundled")
    assert loaded.source == f"caffe:{path}"
    assert load(str(path)) == published
