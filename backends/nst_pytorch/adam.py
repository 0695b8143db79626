"""Adam, with epsilon where the paper and PyTorch have it, or where MXNet has it."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from nst_core.backend import Adam


class AdamUpdate:
    """Adam's moments for one tensor, and its update rule.

    Args:
        x: The tensor that is optimised; changed in place by ``apply``.
        constants: beta1, beta2, epsilon and where it stands.
    """

    def __init__(self, x: Tensor, constants: Adam) -> None:
        self.constants = constants
        self.step = 0
        self.first_moment = torch.zeros_like(x)
        self.second_moment = torch.zeros_like(x)

    @torch.no_grad()
    def apply(self, x: Tensor, gradient: Tensor, *, learning_rate: float) -> None:
        """Take one step: see ``nst_core.backend.Adam``."""
        beta1, beta2 = self.constants.beta1, self.constants.beta2
        self.step += 1
        self.first_moment.mul_(beta1).add_(gradient, alpha=1 - beta1)
        self.second_moment.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        rate = learning_rate / (1 - beta1**self.step)
        correction = math.sqrt(1 - beta2**self.step)
        # Gradients here are as small as epsilon, so whether the bias of v is divided out before
        # it is added or after shows.
        root = self.second_moment.sqrt()
        if self.constants.epsilon_form == "paper":
            root.div_(correction)
        else:
            rate *= correction
        root.add_(self.constants.epsilon)
        x.addcdiv_(self.first_moment, root, value=-rate)
