"""The written-out backward pass against autograd, and what is kept for it."""

import pytest
import torch
from conformance import pictures
from pytorch_backend.differentiated import DifferentiatedLoss
from torch.nn import functional

from nst_core.vgg19 import layers_until
from nst_pytorch.network import Network

TAPS = ("conv1_1", "relu1_1", "relu2_2", "conv3_1", "relu3_1", "conv4_1")
TERMS = {
    tap: [
        DifferentiatedLoss("style", tap, lambda value, n=n: (value**2).mean() * n),
        DifferentiatedLoss("content", tap, lambda value: value.sin().sum(), multiplicity=0.5),
    ]
    for n, tap in enumerate(TAPS, start=1)
}


def network(**options):
    weights = pictures.weights("random:3")
    cpu = torch.device("cpu")
    return Network(weights, taps=TAPS, device=cpu, dtype=torch.float64, **options)


def image(height=45, width=38):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(1, 3, height, width, generator=generator, dtype=torch.float64)


def by_autograd(x):
    weights = pictures.weights("random:3")
    leaf = value = x.clone().requires_grad_()
    total = 0
    for layer in layers_until(TAPS):
        if layer.kind == "conv":
            weight, bias = (
                torch.tensor(weights[f"{layer.name}.{part}"]).double()
                for part in ("weight", "bias")
            )
            value = functional.conv2d(value, weight, bias, padding=1)
        elif layer.kind == "relu":
            value = functional.relu(value)
        else:
            value = functional.max_pool2d(value, 2)
        for term in TERMS.get(layer.name, ()):
            total = total + term.multiplicity * term.loss(value)
    return total.detach(), torch.autograd.grad(total, leaf)[0]


@pytest.mark.parametrize("size", [(45, 38), (8, 9), (33, 8)])
def test_gradient_is_autograds(size):
    x = image(*size)
    found = network().evaluate(x, TERMS)
    total, gradient = by_autograd(x)
    torch.testing.assert_close(sum(term.multiplicity * loss for term, loss in found.losses), total)
    torch.testing.assert_close(found.gradient, gradient, rtol=1e-10, atol=1e-12)


def test_checkpointing_changes_no_bit():
    x = image()
    plain, frugal = network().evaluate(x, TERMS), network(checkpointing=True).evaluate(x, TERMS)
    assert torch.equal(plain.gradient, frugal.gradient)
    assert [loss for _, loss in plain.losses] == [loss for _, loss in frugal.losses]
