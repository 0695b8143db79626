"""The scaled distance against autograd through the network."""

import pytest
import torch
from pytorch_backend.differentiated import DifferentiatedLoss
from pytorch_backend.networks import direct_network, draw, winograd_network

from nst_pytorch.content_loss import ScaledContentLoss
from nst_pytorch.style_loss import scaled_distance


@pytest.mark.parametrize("taps", [("conv1_1", "relu2_1"), ("relu1_1", "conv3_1")])
@pytest.mark.parametrize("size", [(18, 23), (97, 130)])
def test_scaled_distances_are_differentiated(taps, size):
    x, targets = draw(1, 3, *size), {}
    network = winograd_network(taps, size)
    network.forward(
        draw(1, 3, *size, seed=1), lambda tap, value, _: targets.update({tap: value.copy()})
    )

    def by_autograd(tap):
        target = targets[tap].nchw
        return DifferentiatedLoss("content", tap, lambda y: 3 * scaled_distance(y - target))

    wanted = direct_network(taps).evaluate(x, {tap: [by_autograd(tap)] for tap in taps})
    terms = {tap: [ScaledContentLoss(tap, targets[tap], weight=3)] for tap in taps}
    found = network.evaluate(x, terms)
    for (_, loss), (_, other) in zip(found.losses, wanted.losses, strict=True):
        torch.testing.assert_close(loss, other, rtol=1e-12, atol=0)
    scale = wanted.gradient.abs().max()
    torch.testing.assert_close(found.gradient / scale, wanted.gradient / scale, atol=1e-12, rtol=0)
