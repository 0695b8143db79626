"""Which network computes what."""

import pytest
import torch
from conformance import pictures

from nst_core.backend import PLAIN_VGG, Execution
from nst_pytorch import precision
from nst_pytorch.cpu.network import WinogradNetwork
from nst_pytorch.cpu.windowed import WindowedNetwork
from nst_pytorch.network import Network
from nst_pytorch.precision import Arithmetic
from nst_pytorch.select_network import NetworkSelector, windows_for

TAPS, LARGE, SMALL = ("relu1_1", "relu4_4", "conv5_1"), (96, 144), (96, 143)
CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("size", "dtype", "execution", "wanted"),
    [
        (LARGE, "float32", {}, WinogradNetwork),
        (SMALL, "float32", {}, Network),
        (LARGE, "float64", {}, Network),
        (LARGE, "float32", {"precision": "bf16"}, WinogradNetwork),
        (SMALL, "float32", {"precision": "bf16"}, Network),
        (LARGE, "float32", {"conv": "direct"}, Network),
        (SMALL, "float64", {"conv": "winograd"}, WinogradNetwork),
        # It keeps less than a direct network that computes its blocks again.
        (LARGE, "float32", {"checkpointing": True}, WinogradNetwork),
        (SMALL, "float32", {"conv": "winograd", "checkpointing": True}, WinogradNetwork),
        (LARGE, "float32", {"conv": "direct", "checkpointing": True}, Network),
        (LARGE, "float64", {"checkpointing": True}, Network),
    ],
)
def test_which_network_computes(monkeypatch, size, dtype, execution, wanted):
    monkeypatch.setattr(precision, "multiplies_bf16", lambda: True)
    execution = Execution(**execution)
    kind = getattr(torch, dtype)
    networks = NetworkSelector(
        weights=pictures.weights("random:3"),
        taps=TAPS,
        device=CPU,
        dtype=kind,
        architecture=PLAIN_VGG,
        arithmetic=Arithmetic.of(execution.precision, device=CPU, dtype=kind),
        execution=execution,
    )
    assert type(networks.select_network(size)) is wanted


def test_on_a_gpu_large_images_are_computed_in_windows(monkeypatch):
    monkeypatch.setattr("nst_pytorch.cpu.windows.MAX_GPU_WINDOW_SIDE", 192)
    taps, size = ("relu1_1", "relu2_1"), (60, 400)
    execution = Execution(checkpointing=True, precision="float32")

    def grid(**options):
        return windows_for(size, taps, Execution(**options), on_cpu=False)

    assert grid() is None
    assert grid(checkpointing=True).window_size < size
    assert windows_for(size, taps, execution, on_cpu=True) is None  # below 768 pixels
    weights = pictures.weights("random:3")
    gpu = torch.device("meta")  # any device that is no CPU: nothing is computed
    networks = NetworkSelector(
        weights=weights, taps=taps, device=gpu, dtype=torch.float32, architecture=PLAIN_VGG,
        arithmetic=Arithmetic(tf32=False, convolutions=torch.float32), execution=execution,
    )  # fmt: skip
    windowed = networks.select_network(size)
    assert type(windowed) is WindowedNetwork
    assert not windowed._network.checkpointing
    assert type(networks.select_network((60, 192))) is Network
    assert networks.select_network((60, 192)).checkpointing
