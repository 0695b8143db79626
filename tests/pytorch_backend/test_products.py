"""Sums over maps that are large enough for the workers to share, with a border and without."""

import pytest
import torch

from nst_pytorch.maps import FeatureMap
from nst_pytorch.products import _PIECE, gram, mean_and_covariance, squared_distance


def drawn(height, width, *, border, seed=0):
    whole = torch.zeros(height + 3 * border, width + 2 * border, 8, dtype=torch.float64)
    values = FeatureMap(whole, border, border, height, width)
    generator = torch.Generator().manual_seed(seed)
    values.inner.copy_(1 + torch.randn(height, width, 8, dtype=torch.float64, generator=generator))
    return values


@pytest.mark.parametrize("border", [0, 1])
@pytest.mark.parametrize("height", [20, 301])
def test_sums_over_maps(height, border):
    features = drawn(height, 211, border=border)
    assert (features.rows.numel() > 2 * _PIECE) == (height > 20)  # alone, and by the workers
    rows = features.inner.reshape(-1, 8)
    torch.testing.assert_close(gram(features), rows.T @ rows / rows.numel())
    mean, covariance = mean_and_covariance(features)
    torch.testing.assert_close(mean, rows.mean(dim=0))
    torch.testing.assert_close(covariance, torch.cov(rows.T, correction=0))
    other = drawn(height, 211, border=border, seed=1)
    wanted = (features.inner - other.inner).square().sum()
    torch.testing.assert_close(squared_distance(features, other), wanted)
