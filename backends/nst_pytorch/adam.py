"""Adam as the paper and PyTorch write it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from nst_core.backend import Adam


class AdamUpdate:
    """Adam's moments for one tensor, and its update rule.

    Args:
        x: The tensor that is optimised; changed in place by ``apply``.
        constants: beta1, beta2 and epsilon.
    """

    def __init__(self, x: Tensor, constants: Adam) -> None:
        self.constants = constants
        self.step = 0
        self.first_moment = torch.zeros_like(x)
        self.second_moment = torch.zeros_like(x)

    @torch.no_grad()
    def apply(self, x: Tensor, gradient: Tensor, *, learning_rate: float) -> None:
        """Take one step: x -= lr * m_hat / (sqrt(v_hat) + epsilon)."""
        beta1, beta2 = self.constants.beta1, self.constants.beta2
        self.step += 1
        self.first_moment.mul_(beta1).add_(gradient, alpha=1 - beta1)
        self.second_moment.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        # The bias of v is divided out before epsilon is added: gradients here are as small as
        # epsilon, so where it stands shows.
        root = self.second_moment.sqrt().div_(math.sqrt(1 - beta2**self.step))
        root.add_(self.constants.epsilon)
        x.addcdiv_(self.first_moment, root, value=-learning_rate / (1 - beta1**self.step))
