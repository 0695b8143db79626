"""Moments of parts that are added up."""

import torch

from nst_pytorch.feature_map import FeatureMap
from nst_pytorch.statistics import Moments


def test_parts_add_up_in_float32_whatever_the_mean():
    values = 1000 + torch.randn(30, 40, 5, generator=torch.Generator().manual_seed(0))
    each = torch.zeros(30, 40, 1)
    each[:10] = torch.rand(10, 40, 1, generator=torch.Generator().manual_seed(1))
    each /= each.sum()

    def moments(rows, density):
        of = [FeatureMap.unpadded(one[rows]) for one in (values, each)]
        return Moments.of(of[0], of[1] if density else None, centred=True)

    rows = values.view(-1, 5).double()
    for density, weights in ((False, None), (True, each.flatten().double())):
        # Two parts have a density of zero throughout; they are added first or last.
        parts = [moments(slice(top, top + 10), density) for top in (0, 10, 20)]
        for ordered in (parts, parts[::-1]):
            mean, covariance = sum(ordered[1:], ordered[0]).normalised(1 if density else 1200)
            wanted = torch.cov(rows.T, correction=0, aweights=weights)
            torch.testing.assert_close(covariance.double(), wanted, atol=1e-4, rtol=0)
            average = rows.mean(dim=0) if weights is None else weights @ rows
            torch.testing.assert_close(mean.double(), average, atol=1e-3, rtol=0)
