"""Adam, with epsilon placed as in the paper and PyTorch, or as in MXNet."""

from __future__ import annotations

from nst_core.backend import Adam
from nst_mxnet._framework import Tensor, mx


class AdamUpdate:
    """Adam's moments for one array, and its update rule.

    MXNet's own ``adam`` has only one of the two forms, and its moments can't be restored. It adds
    epsilon to the root before that is corrected, so that epsilon counts 31 times as much at the
    first step. The gradients here are as small as epsilon, so the images differ.

    Args:
        x: The array that will be optimised; only its shape, dtype and device are used here.
        constants: beta1, beta2, epsilon and where epsilon stands.
    """

    def __init__(self, x: Tensor, constants: Adam) -> None:
        self.constants = constants
        self.step = 0
        self.first_moment = mx.np.zeros_like(x)
        self.second_moment = mx.np.zeros_like(x)

    def apply(self, x: Tensor, gradient: Tensor, *, learning_rate: float) -> None:
        """Take one step, in place: see ``nst_core.backend.Adam``."""
        beta1, beta2 = self.constants.beta1, self.constants.beta2
        self.step += 1
        self.first_moment *= beta1
        self.first_moment += (1 - beta1) * gradient
        self.second_moment *= beta2
        self.second_moment += (1 - beta2) * gradient * gradient
        rate, divisor = self.constants.bias_correction(learning_rate=learning_rate, step=self.step)
        root = mx.np.sqrt(self.second_moment)
        root /= divisor
        root += self.constants.epsilon
        x -= rate * self.first_moment / root
