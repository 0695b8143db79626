"""Adam, with epsilon placed as in the paper and PyTorch, or as in MXNet."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp

from nst_core.backend import Adam
from nst_jax._framework import Tensor


class AdamArrays(NamedTuple):
    """The optimised variable and Adam's moments, of one shape: see ``variables``."""

    z: Tensor
    first_moment: Tensor
    second_moment: Tensor


class AdamNumbers(NamedTuple):
    """The numbers of one step: see ``nst_core.backend.Adam``."""

    beta1: float
    rest1: float
    beta2: float
    rest2: float
    epsilon: float
    rate: float
    divisor: float

    @classmethod
    def of(cls, constants: Adam, *, learning_rate: float, step: int) -> AdamNumbers:
        """Return the numbers of a step, which is counted from 1."""
        beta1, beta2 = constants.beta1, constants.beta2
        correction = constants.bias_correction(learning_rate=learning_rate, step=step)
        return cls(beta1, 1 - beta1, beta2, 1 - beta2, constants.epsilon, *correction)


def updated(arrays: AdamArrays, gradient: Tensor, numbers: AdamNumbers) -> AdamArrays:
    """Return the arrays after one step, given the gradient at ``arrays.z``."""
    first = numbers.beta1 * arrays.first_moment + numbers.rest1 * gradient
    second = numbers.beta2 * arrays.second_moment + numbers.rest2 * gradient * gradient
    root = jnp.sqrt(second) / numbers.divisor + numbers.epsilon
    return AdamArrays(arrays.z - numbers.rate * first / root, first, second)
