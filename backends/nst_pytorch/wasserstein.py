"""The 2-Wasserstein distance of normal distributions, in float64.

The eigenvalues of the product of two covariances range over a dozen powers of ten. MPS has no
float64, so there all of this is computed on the CPU.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from nst_core.backend import COVARIANCE_EPSILON


def to_float64(tensor: Tensor) -> Tensor:
    """Return the tensor in float64, on a device that has it."""
    return tensor.to(float64_device(tensor)).double()


def float64_device(like: Tensor) -> torch.device:
    """Return the tensor's device, or the CPU if that device has no float64."""
    return torch.device("cpu") if like.device.type == "mps" else like.device


class Gaussian:
    """A normal distribution that others are compared with.

    Args:
        mean: (C,), float64.
        second_moment: (C, C), E[f f^T], float64.
    """

    def __init__(self, mean: Tensor, second_moment: Tensor) -> None:
        self.mean = mean
        self.covariance = _regularised(second_moment - torch.outer(mean, mean))
        values, vectors = torch.linalg.eigh(self.covariance)
        self.root = (vectors * values.clamp(min=COVARIANCE_EPSILON).sqrt()) @ vectors.T

    def distance(self, mean: Tensor, covariance: Tensor) -> Tensor:
        """Return the squared distance (), divided by C, to a distribution of any dtype and device.

        Args:
            mean: (C,).
            covariance: (C, C).
        """
        regular = _regularised(to_float64(covariance))
        shift = (to_float64(mean) - self.mean).square().sum()
        trace: Tensor = _SqrtTrace.apply(regular, self.root)
        spread = regular.trace() + self.covariance.trace() - 2 * trace
        return (shift + spread) / len(self.mean)


class _SqrtTrace(torch.autograd.Function):
    """tr((R K R)^1/2) of a covariance K (C, C) and a root R, with its gradient in closed form.

    dtr/dK = R (R K R)^-1/2 R / 2. Autograd's gradient of ``eigh`` divides by differences of
    eigenvalues, which may be equal. The closed form needs none.
    """

    @staticmethod
    def forward(context: Any, covariance: Tensor, root: Tensor) -> Tensor:
        values, vectors = torch.linalg.eigh(root @ covariance @ root)
        # Except for rounding none is smaller: both K and R^2 have epsilon on the diagonal.
        roots: Tensor = values.clamp(min=COVARIANCE_EPSILON**2).sqrt()
        context.save_for_backward(root @ vectors, roots)
        return roots.sum()

    @staticmethod
    def backward(context: Any, outer: Tensor) -> tuple[Tensor, None]:
        basis, roots = context.saved_tensors
        return 0.5 * outer * (basis / roots) @ basis.T, None


def _regularised(covariance: Tensor) -> Tensor:
    identity = torch.eye(len(covariance), dtype=covariance.dtype, device=covariance.device)
    return covariance + COVARIANCE_EPSILON * identity
