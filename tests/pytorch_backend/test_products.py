"""Sums over maps that are large enough for the workers to share, with a border and without."""

from unittest import mock

import pytest
import torch

from nst_pytorch.maps import FeatureMap
from nst_pytorch.products import _PIECE, distances, mean_and_squares, squared_distance, squares
from nst_pytorch.workers import Workers, one_core


def drawn(height, width, *, border, channels=8, seed=0):
    shape = height + 3 * border, width + 2 * border, channels
    whole = torch.zeros(*shape, dtype=torch.float64)
    values = FeatureMap(whole, border, border, height, width)
    generator = torch.Generator().manual_seed(seed)
    values.inner.copy_(
        1 + torch.randn(height, width, channels, dtype=torch.float64, generator=generator)
    )
    return values


@pytest.mark.parametrize("border", [0, 1])
@pytest.mark.parametrize("height", [20, 301])
def test_sums_over_maps(height, border):
    features = drawn(height, 211, border=border)
    assert (features.whole.numel() > 2 * _PIECE) == (height > 20)  # alone, and by the workers
    rows = features.inner.reshape(-1, 8)
    torch.testing.assert_close(squares(features), rows.T @ rows)
    mean, centred = mean_and_squares(features)
    torch.testing.assert_close(mean, rows.mean(dim=0))
    torch.testing.assert_close(centred, torch.cov(rows.T, correction=0) * len(rows))
    other = drawn(height, 211, border=border, seed=1)
    difference = features.inner - other.inner
    torch.testing.assert_close(squared_distance(features, other), difference.square().sum())
    absolute, squared = distances(features, other)
    torch.testing.assert_close(absolute, difference.abs().sum())
    torch.testing.assert_close(squared, difference.square().sum())


@pytest.mark.parametrize("size", [(9, 14), (1, 130)])
def test_small_maps_of_many_channels_are_shared_on_one_core(size):
    features = drawn(*size, border=1, channels=512)
    rows = features.inner.reshape(-1, 512)
    shared = mock.patch.object(Workers, "each", autospec=True, side_effect=Workers.each)
    with one_core(), shared as each:
        found = squares(features)
        _, centred = mean_and_squares(features)
        assert each.call_count == 2  # the mean is too little work
    torch.testing.assert_close(found, rows.T @ rows)
    torch.testing.assert_close(centred, torch.cov(rows.T, correction=0) * len(rows))
