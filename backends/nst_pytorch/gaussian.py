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
    device = "cpu" if tensor.device.type == "mps" else tensor.device
    return tensor.to(device).double()


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
        find = roots_by_products if covariance.is_cuda else roots_by_eigenvalues
        trace, inverse = find(root @ covariance @ root)
        context.save_for_backward(root @ inverse @ root)
        return trace

    @staticmethod
    def backward(context: Any, outer: Tensor) -> tuple[Tensor, None]:
        (map_,) = context.saved_tensors
        return 0.5 * outer * map_, None


def roots_by_eigenvalues(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return tr(M^1/2) () and M^-1/2 (C, C) of a symmetric positive M (C, C), float64."""
    values, vectors = torch.linalg.eigh(matrix)
    # None is smaller but for rounding: both K and R^2 have epsilon on the diagonal.
    roots: Tensor = values.clamp(min=COVARIANCE_EPSILON**2).sqrt()
    return roots.sum(), (vectors / roots) @ vectors.T


_LEAST_ROOT = 1e-7
"""Below the smallest eigenvalue's root over the largest one's: sqrt(1e-8 / 1e6)."""


def roots_by_products(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return what ``roots_by_eigenvalues`` does, by nothing but products of matrices.

    For a GPU: it waits for nothing, so a CUDA graph can hold it, and a GPU multiplies fast but
    takes long for eigenvalues. Newton and Schulz's iteration in its coupled form (Higham,
    "Functions of Matrices", 2008, section 6.7), for Y -> M^1/2 and Z -> M^-1/2 both; scaled in
    each step by what makes the smallest eigenvalue grow most, which halves their number.
    """
    norm = torch.linalg.matrix_norm(matrix)
    identity = torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
    root, inverse, least = matrix / norm, identity, _LEAST_ROOT
    while least < 1 - 1e-12:
        scale = math.sqrt(3 / (1 + least + least**2))
        step = (1.5 * scale) * identity - (0.5 * scale**3) * (inverse @ root)
        root, inverse = root @ step, step @ inverse
        least *= scale * (3 - (scale * least) ** 2) / 2
    return root.trace() * norm.sqrt(), inverse / norm.sqrt()


def _regular(covariance: Tensor) -> Tensor:
    identity = torch.eye(len(covariance), dtype=covariance.dtype, device=covariance.device)
    return covariance + COVARIANCE_EPSILON * identity
