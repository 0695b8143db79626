"""Adam with epsilon where the paper has it or where MXNet has it, for ``gluon.Trainer``."""

from __future__ import annotations

import math

from nst_core.backend import Adam
from nst_mxnet._framework import Tensor, mx


class AdamUpdate(mx.optimizer.Optimizer):  # type: ignore[misc]  # MXNet has no types
    """Adam's moments for one array, and its update rule.

    MXNet's own ``adam`` has only one of the two forms, and no moments that can be restored. Its
    epsilon stands beside the root that is not yet corrected, which makes it 31 times larger at
    the first step; gradients here are as small as epsilon, so the pictures differ.

    Args:
        x: The array that is optimised; changed in place by ``update``.
        constants: beta1, beta2, epsilon and where it stands. The learning rate is the trainer's.
    """

    def __init__(self, x: Tensor, constants: Adam) -> None:
        super().__init__()
        self.constants = constants
        self.updates = 0  # Gluon 2 has a method `step`
        self.first_moment = mx.np.zeros_like(x)
        self.second_moment = mx.np.zeros_like(x)

    def create_state(self, index: int, weight: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ARG002
        """Return the moments, which exist from the start, so that they can be restored."""
        return self.first_moment, self.second_moment

    def update(self, index: object, weight: Tensor, grad: Tensor, state: object) -> None:  # noqa: ARG002
        """Take one step: see ``nst_core.backend.Adam``."""
        if isinstance(weight, list | tuple):  # Gluon 2 updates lists of parameters
            (weight,), (grad,) = weight, grad
        # Gluon 1 hands over views of class mx.nd; these are mx.np views of the same memory.
        weight, grad = weight.as_np_ndarray(), grad.as_np_ndarray()
        beta1, beta2 = self.constants.beta1, self.constants.beta2
        self.updates += 1
        self.first_moment *= beta1
        self.first_moment += (1 - beta1) * grad
        self.second_moment *= beta2
        self.second_moment += (1 - beta2) * grad * grad
        rate = self.learning_rate / (1 - beta1**self.updates)
        correction = math.sqrt(1 - beta2**self.updates)
        root = mx.np.sqrt(self.second_moment)
        if self.constants.epsilon_form == "paper":
            root /= correction
        else:
            rate *= correction
        root += self.constants.epsilon
        weight -= rate * self.first_moment / root
