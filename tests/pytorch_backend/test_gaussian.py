"""Roots of matrices by products alone, which CUDA needs, against those by eigenvalues."""

import math

import pytest
import torch

from nst_core.backend import COVARIANCE_EPSILON
from nst_pytorch.gaussian import roots_by_eigenvalues, roots_by_products


@pytest.mark.parametrize("channels", [1, 3, 64])
@pytest.mark.parametrize("largest", [1e-6, 1.0, 1e2])
def test_products_find_the_roots_that_eigenvalues_find(channels, largest):
    generator = torch.Generator().manual_seed(channels)
    vectors, _ = torch.linalg.qr(
        torch.randn(channels, channels, dtype=torch.float64, generator=generator)
    )
    # As wide as they get: both covariances have epsilon on their diagonal.
    ends = math.log10(largest), 2 * math.log10(COVARIANCE_EPSILON)
    values = torch.logspace(*ends, channels, dtype=torch.float64)
    matrix = (vectors * values) @ vectors.T
    trace, inverse = roots_by_products(matrix)
    right, right_inverse = roots_by_eigenvalues(matrix)
    assert trace.item() == pytest.approx(right.item(), rel=1e-9)
    assert torch.dist(inverse, right_inverse) < 1e-5 * right_inverse.norm()
