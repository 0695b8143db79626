"""Adam, with epsilon placed as in the paper and PyTorch, or as in MXNet."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from nst_core.backend import Adam

CHUNK_SIZE = 1 << 16
"""Values that the CPU updates at a time, so that they stay in a cache."""


class AdamUpdate:
    """Adam's moments for one tensor, and its update rule.

    Args:
        x: The tensor that is optimised; ``apply`` changes it in place.
        constants: beta1, beta2, epsilon and where epsilon stands.
        chunk_size: How many values the CPU takes at a time; a GPU takes all.
    """

    def __init__(self, x: Tensor, constants: Adam, *, chunk_size: int = CHUNK_SIZE) -> None:
        self.constants = constants
        self.step = 0
        self.first_moment = torch.zeros_like(x)
        self.second_moment = torch.zeros_like(x)
        self._chunk_size = chunk_size

    @torch.no_grad()
    def apply(self, x: Tensor, gradient: Tensor, *, learning_rate: float) -> None:
        """Take one step: see ``nst_core.backend.Adam``."""
        beta1, beta2 = self.constants.beta1, self.constants.beta2
        self.step += 1
        rate, divisor = self.constants.bias_correction(learning_rate=learning_rate, step=self.step)
        tensors = (x, gradient, self.first_moment, self.second_moment)
        for chunk, g, m, v in zip(*map(self._chunks, tensors), strict=True):
            m.mul_(beta1).add_(g, alpha=1 - beta1)
            v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
            root = v.sqrt()
            # The gradients are as small as epsilon here. So it makes a difference whether the bias
            # of v is divided out before epsilon is added or after it, in the rate.
            if divisor != 1:
                root.div_(divisor)
            root.add_(self.constants.epsilon)
            chunk.addcdiv_(m, root, value=-rate)

    def _chunks(self, tensor: Tensor) -> Sequence[Tensor]:
        """Return views of a tensor (1, C, H, W): rows that fit into a CPU's cache, or all."""
        if tensor.device.type != "cpu":
            return [tensor]
        _, channels, _, width = tensor.shape
        return torch.split(tensor, max(1, self._chunk_size // (channels * width)), dim=2)
