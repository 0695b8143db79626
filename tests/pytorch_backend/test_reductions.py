"""Sums over maps that are large enough for the workers to share, with padding and without."""

from unittest import mock

import pytest
import torch

from nst_pytorch.feature_map import FeatureMap
from nst_pytorch.reductions import (
    PIECE_SIZE,
    absolute_and_squared_distance,
    gram_matrix,
    mean_and_scatter,
    squared_distance,
)
from nst_pytorch.thread_pool import ThreadPool, single_threaded


def drawn(height, width, *, padding, channels=8, seed=0):
    shape = height + 3 * padding, width + 2 * padding, channels
    padded = torch.zeros(*shape, dtype=torch.float64)
    values = FeatureMap(padded, padding, padding, height, width)
    generator = torch.Generator().manual_seed(seed)
    values.interior.copy_(
        1 + torch.randn(height, width, channels, dtype=torch.float64, generator=generator)
    )
    return values


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("height", [20, 301])
def test_sums_over_maps(height, padding):
    features = drawn(height, 211, padding=padding)
    # One is computed at once, the other by the workers.
    assert (features.padded.numel() > 2 * PIECE_SIZE) == (height > 20)
    rows = features.interior.reshape(-1, 8)
    torch.testing.assert_close(gram_matrix(features), rows.T @ rows)
    mean, scatter = mean_and_scatter(features)
    torch.testing.assert_close(mean, rows.mean(dim=0))
    torch.testing.assert_close(scatter, torch.cov(rows.T, correction=0) * len(rows))
    other = drawn(height, 211, padding=padding, seed=1)
    difference = features.interior - other.interior
    torch.testing.assert_close(squared_distance(features, other), difference.square().sum())
    absolute, squared = absolute_and_squared_distance(features, other)
    torch.testing.assert_close(absolute, difference.abs().sum())
    torch.testing.assert_close(squared, difference.square().sum())


@pytest.mark.parametrize("size", [(9, 14), (1, 130)])
def test_small_maps_of_many_channels_are_shared_on_one_core(size):
    features = drawn(*size, padding=1, channels=512)
    rows = features.interior.reshape(-1, 512)
    shared = mock.patch.object(ThreadPool, "map", autospec=True, side_effect=ThreadPool.map)
    with single_threaded(), shared as map_:
        found = gram_matrix(features)
        _, scatter = mean_and_scatter(features)
        assert map_.call_count == 2  # the mean is too little work
    torch.testing.assert_close(found, rows.T @ rows)
    torch.testing.assert_close(scatter, torch.cov(rows.T, correction=0) * len(rows))
