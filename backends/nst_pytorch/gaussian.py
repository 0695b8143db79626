"""The 2-Wasserstein distance of normal distributions, in float64.

Eigenvalues of the product of two covariances range over a dozen powers of ten. MPS has no float64,
so there all this is computed on the CPU.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from nst_core.backend import COVARIANCE_EPSILON


def precise(tensor: Tensor) -> Tensor:
    """Return the tensor in float64, where that can be had."""
    return tensor.to(precise_device(tensor)).double()


def precise_device(like: Tensor) -> torch.device:
    """Return the tensor's device, or the CPU where that one has no float64."""
    return torch.device("cpu") if like.device.type == "mps" else like.device


class Gaussian:
    """A normal distribution that others are compared with.

    Args:
        mean: (C,).
        second_moment: (C, C), E[f f^T], float64.
    """

    def __init__(self, mean: Tensor, second_moment: Tensor) -> None:
        self.mean = mean
        self.covariance = _regular(second_moment - torch.outer(mean, mean))
        values, vectors = torch.linalg.eigh(self.covariance)
        self.root = (vectors * values.clamp(min=COVARIANCE_EPSILON).sqrt()) @ vectors.T

    def distance(self, mean: Tensor, covariance: Tensor) -> Tensor:
        """Return the squared distance, over C, to a distribution of any dtype and device."""
        regular = _regular(precise(covariance))
        apart = (precise(mean) - self.mean).square().sum()
        trace: Tensor = _RootTrace.apply(regular, self.root)
        spread = regular.trace() + self.covariance.trace() - 2 * trace
        return (apart + spread) / len(self.mean)


class _RootTrace(torch.autograd.Function):
    """tr((R K R)^1/2) of a covariance K (C, C) and a root R, with its gradient in closed form.

    dtr/dK = R (R K R)^-1/2 R / 2. What autograd makes of ``eigh`` divides by differences of
    eigenvalues, which may be equal; none are needed.
    """

    @staticmethod
    def forward(context: Any, covariance: Tensor, root: Tensor) -> Tensor:
        find = by_products if covariance.is_cuda else by_eigenvalues
        trace, twice_gradient = find(covariance, root)
        context.save_for_backward(twice_gradient)
        return trace

    @staticmethod
    def backward(context: Any, outer: Tensor) -> tuple[Tensor, None]:
        (twice_gradient,) = context.saved_tensors
        return 0.5 * outer * twice_gradient, None


def by_eigenvalues(covariance: Tensor, root: Tensor) -> tuple[Tensor, Tensor]:
    """Return tr((R K R)^1/2) () and R (R K R)^-1/2 R (C, C) of K and R (C, C), float64."""
    values, vectors = torch.linalg.eigh(root @ covariance @ root)
    # None is smaller but for rounding: both K and R^2 have epsilon on the diagonal.
    roots: Tensor = values.clamp(min=COVARIANCE_EPSILON**2).sqrt()
    basis = root @ vectors
    return roots.sum(), (basis / roots) @ basis.T


_LEAST = 1e-10
"""Of singular values over the norm: 1e-4, from epsilon in both covariances, over 1e6."""


def by_products(covariance: Tensor, root: Tensor) -> tuple[Tensor, Tensor]:
    """Return what ``by_eigenvalues`` does, but by products of matrices.

    For a GPU: it waits for nothing, so a CUDA graph can hold it, and a GPU multiplies fast but
    takes long for eigenvalues. With K = L L^T and the polar decomposition L^T R = U H, H is
    (R K R)^1/2, and R H^-1 R = L^-T U R: no matrix is worse conditioned than the roots are.
    """
    lower, _ = torch.linalg.cholesky_ex(covariance)
    product = lower.T @ root
    polar = _polar(product)
    turned = torch.linalg.solve_triangular(lower.T, polar @ root, upper=True)
    return (polar * product).sum(), (turned + turned.T) / 2


def _polar(matrix: Tensor) -> Tensor:
    """Return the orthogonal factor of a square matrix, by Newton and Schulz's iteration.

    Higham, "Functions of Matrices" (2008), section 8.3; in each step scaled so that small singular
    values grow most, by 2.55 for 1.5, while no large one, off by rounding, comes near zero.
    """
    x: Tensor = matrix / torch.linalg.matrix_norm(matrix)
    least = _LEAST
    while least < 1 - 1e-12:
        scale = min(1.7, math.sqrt(3 / (1 + least + least**2)))
        x = (1.5 * scale) * x - (0.5 * scale**3) * (x @ (x.T @ x))
        least *= scale * (3 - (scale * least) ** 2) / 2
    return x


def _regular(covariance: Tensor) -> Tensor:
    identity = torch.eye(len(covariance), dtype=covariance.dtype, device=covariance.device)
    return covariance + COVARIANCE_EPSILON * identity
