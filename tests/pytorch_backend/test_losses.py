"""The total variation in chunks is the same as at once."""

import numpy as np
import oracle
import pytest
import torch

from nst_core.backend.guidance import variation_weights
from nst_pytorch.losses import total_variation


def draw(seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(1, 3, 23, 17, generator=generator, dtype=torch.float64)
    return x.contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("chunk_size", [1, 3 * 17 * 5, 10**6])
def test_total_variation(chunk_size):
    x, gradient = draw(0), draw(1)
    loss, wanted = oracle.total_variation(x[0].numpy())
    before = gradient.clone()
    found = total_variation(x, gradient, weight=3, chunk_size=chunk_size)
    assert float(found) == pytest.approx(3 * loss)
    torch.testing.assert_close((gradient - before)[0], 3 * torch.from_numpy(wanted))


@pytest.mark.parametrize("chunk_size", [1, 3 * 17 * 5, 10**6])
def test_weighted_total_variation(chunk_size):
    x, gradient = draw(0), draw(1)
    visibility = np.random.default_rng(2).random((23, 17)).round()
    loss, wanted = oracle.weighted_total_variation(x[0].numpy(), visibility)
    before = gradient.clone()
    rows, columns = map(torch.from_numpy, variation_weights(visibility))
    found = total_variation(x, gradient, weight=3, weights=(rows, columns), chunk_size=chunk_size)
    assert float(found) == pytest.approx(3 * loss)
    torch.testing.assert_close((gradient - before)[0], 3 * torch.from_numpy(wanted))
