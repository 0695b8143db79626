"""Inputs, taps and networks that several of these tests share."""

import torch
from conformance import pictures
from pytorch_backend.differentiated import DifferentiatedLoss

from nst_pytorch.cpu.network import WinogradNetwork
from nst_pytorch.network import Network

D2L = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_4", "conv5_1")
WITHOUT_FUSION = ("conv1_1", "relu1_2", "conv2_2", "relu2_2", "conv3_2", "conv3_4")
DEEP = ("conv1_2", "relu3_3", "conv4_4", "relu5_2")


def draw(*shape, dtype=torch.float64, seed=0):
    # Exact in float32, so that both dtypes see the same side of every kink.
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def squared_terms(taps):
    return {
        tap: [DifferentiatedLoss("style", tap, lambda value, n=n: (value**2).mean() * n)]
        for n, tap in enumerate(taps, start=1)
    }


def winograd_network(taps, size, dtype=torch.float64, **options):
    return WinogradNetwork(
        pictures.weights("random:3"), taps=taps, size=size, dtype=dtype, **options
    )


def direct_network(taps, **options):
    weights, cpu = pictures.weights("random:3"), torch.device("cpu")
    return Network(weights, taps=taps, device=cpu, dtype=torch.float64, **options)
