"""Adam, with epsilon where the paper and PyTorch have it, or where MXNet has it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from nst_core.backend import Adam

_PART = 1 << 16
"""Values in a part."""


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
        rate = learning_rate / (1 - beta1**self.step)
        correction = math.sqrt(1 - beta2**self.step)
        tensors = (x, gradient, self.first_moment, self.second_moment)
        for part, g, m, v in zip(*map(_parts, tensors), strict=True):
            m.mul_(beta1).add_(g, alpha=1 - beta1)
            v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
            root = v.sqrt()
            # Gradients here are as small as epsilon, so whether the bias of v is divided out
            # before it is added or after shows.
            if self.constants.epsilon_form == "paper":
                root.div_(correction)
                step = rate
            else:
                step = rate * correction
            root.add_(self.constants.epsilon)
            part.addcdiv_(m, root, value=-step)


def _parts(tensor: Tensor) -> Sequence[Tensor]:
    """Return views of a tensor (1, C, H, W): on a CPU of as many rows as a cache has room for."""
    if tensor.device.type != "cpu":
        return [tensor]
    _, channels, _, width = tensor.shape
    return torch.split(tensor, max(1, _PART // (channels * width)), dim=2)
