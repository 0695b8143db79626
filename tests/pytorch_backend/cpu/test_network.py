"""The network in blocks against the direct one, and bits that repeat."""

import pytest
import torch
from pytorch_backend.networks import (
    D2L,
    DEEP,
    WITHOUT_FUSION,
    direct_network,
    draw,
    squared_terms,
    winograd_network,
)

from nst_core.backend import PLAIN_VGG, Architecture


@pytest.mark.parametrize(
    ("taps", "size", "max_split_tiles", "architecture"),
    [
        (D2L, (45, 38), 160, PLAIN_VGG),
        (D2L, (97, 130), 160, PLAIN_VGG),
        (WITHOUT_FUSION, (33, 50), 0, PLAIN_VGG),
        (WITHOUT_FUSION, (33, 50), 160, PLAIN_VGG),
        (WITHOUT_FUSION, (16, 16), 160, PLAIN_VGG),
        (DEEP, (53, 34), 0, PLAIN_VGG),
        (DEEP, (53, 34), 160, PLAIN_VGG),
        (("relu1_2",), (2, 3), 160, PLAIN_VGG),
        (D2L, (45, 38), 0, Architecture(pooling="average", padding="replicate")),
        (WITHOUT_FUSION, (33, 50), 160, Architecture(pooling="average", padding="replicate")),
        (DEEP, (53, 34), 160, Architecture(pooling="average")),
        (("conv1_1",), (2, 3), 160, Architecture(padding="replicate")),
        (("relu1_1", "conv1_1", "relu2_1"), (50, 131), 160, Architecture(padding="replicate")),
    ],
)
def test_same_numbers_as_the_direct_network(taps, size, max_split_tiles, architecture):
    x = draw(1, 3, *size)
    blocks = winograd_network(
        taps, size, architecture=architecture, max_split_tiles=max_split_tiles
    )
    direct = direct_network(taps, architecture=architecture)
    terms = squared_terms(taps)
    blocks.evaluate(draw(1, 3, *size, seed=5), terms)  # leaves its traces in the buffers
    found, wanted = blocks.evaluate(x, terms), direct.evaluate(x, terms)
    scale = wanted.gradient.abs().max()
    torch.testing.assert_close(found.gradient / scale, wanted.gradient / scale, atol=1e-12, rtol=0)
    losses = {term.tap: loss for term, loss in wanted.losses}
    for term, loss in found.losses:
        torch.testing.assert_close(loss, losses[term.tap], rtol=1e-12, atol=0)

    seen, features = {}, {}
    blocks.forward(x, lambda tap, value, _: seen.update({tap: value.nchw.clone()}))
    direct.forward(x, lambda tap, value, _: features.update({tap: value.nchw}))
    assert seen.keys() == set(taps)
    torch.testing.assert_close(seen, features, rtol=1e-11, atol=1e-11)


def test_two_runs_give_the_same_bits():
    size = (97, 130)
    x = draw(1, 3, *size, dtype=torch.float32)
    one, other = (winograd_network(D2L, size, torch.float32) for _ in range(2))
    first = one.evaluate(x, squared_terms(D2L))
    for again in (one.evaluate(x, squared_terms(D2L)), other.evaluate(x, squared_terms(D2L))):
        assert torch.equal(again.gradient, first.gradient)
        assert [loss for _, loss in again.losses] == [loss for _, loss in first.losses]


@pytest.mark.parametrize("max_split_tiles", [0, 160])
@pytest.mark.parametrize("taps", [D2L, DEEP])
def test_products_in_bfloat16_stay_near(taps, max_split_tiles):
    size = (53, 34)
    x, terms = draw(1, 3, *size, dtype=torch.float32), squared_terms(taps)
    options = {"max_split_tiles": max_split_tiles}
    rounded = winograd_network(taps, size, torch.float32, products=torch.bfloat16, **options)
    exact = winograd_network(taps, size, torch.float32, **options)
    found, wanted = rounded.evaluate(x, terms), exact.evaluate(x, terms)
    deviation = (found.gradient - wanted.gradient).norm() / wanted.gradient.norm()
    assert 1e-3 < float(deviation) < 0.5
    for (_, loss), (_, near) in zip(found.losses, wanted.losses, strict=True):
        torch.testing.assert_close(loss, near, rtol=0.02, atol=0)
