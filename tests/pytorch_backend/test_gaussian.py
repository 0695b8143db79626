"""The trace of a root and its gradient, both ways, against a singular value decomposition."""

import pytest
import torch

from nst_core.backend import COVARIANCE_EPSILON
from nst_pytorch.gaussian import Gaussian, by_eigenvalues, by_products

PRECISE = torch.float64


def covariance(channels, pixels, *, size, generator):
    """Return that of features of which many are nearly always zero, as deep ones are."""
    features = torch.randn(channels, pixels, dtype=PRECISE, generator=generator).clamp(min=0)
    features *= size * torch.logspace(0, -6, channels, dtype=PRECISE)[:, None]
    return torch.cov(features) + COVARIANCE_EPSILON * torch.eye(channels, dtype=PRECISE)


def reference(covariance, root):
    """Return trace and gradient as ``by_products`` defines them, without its iteration."""
    lower = torch.linalg.cholesky(covariance)
    left, values, right = torch.linalg.svd(lower.T @ root)
    return values.sum(), torch.linalg.inv(lower.T) @ left @ right @ root


@pytest.mark.parametrize(("channels", "pixels"), [(3, 50), (64, 500), (128, 40)])
@pytest.mark.parametrize(
    ("find", "size", "allowed"),
    [
        (by_products, 1e-3, 1e-12),
        (by_products, 1.0, 1e-11),
        (by_products, 100.0, 1e-8),
        # Eigenvalues of R K R are squares of singular values, so half of the digits are lost.
        (by_eigenvalues, 1e-3, 1e-12),
        (by_eigenvalues, 1.0, 1e-6),
    ],
)
def test_trace_and_gradient(find, size, allowed, channels, pixels):
    generator = torch.Generator().manual_seed(channels)
    target, other = (covariance(channels, pixels, size=size, generator=generator) for _ in range(2))
    root = Gaussian(torch.zeros(channels, dtype=PRECISE), target).root
    trace, gradient = find(other, root)
    right, right_gradient = reference(other, root)
    assert trace.item() == pytest.approx(right.item(), rel=allowed)
    assert torch.dist(gradient, right_gradient) < allowed * right_gradient.norm()
