"""Adam as in the paper and as in MXNet, step decay, and whole trajectories.

Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015), algorithm 1. Like
`oracle`, to which it belongs, it imports nothing of `nst_core`.
"""

import numpy as np
import oracle
import oracle_pyramid


def moments(gradient, first, second, *, betas):
    """Return the (biased) moments after one more gradient."""
    beta1, beta2 = betas
    return beta1 * first + (1 - beta1) * gradient, beta2 * second + (1 - beta2) * gradient**2


def update(first, second, *, step, betas, learning_rate, epsilon):
    """Return what `step`, counted from 1, subtracts from x; the moments include its gradient."""
    beta1, beta2 = betas
    corrected = first / (1 - beta1**step), second / (1 - beta2**step)
    return learning_rate * corrected[0] / (np.sqrt(corrected[1]) + epsilon)


def update_stock_mxnet(first, second, *, step, betas, learning_rate, epsilon):
    """The same in MXNet's own Adam: epsilon is added to the root that is *not* corrected."""
    beta1, beta2 = betas
    rate = learning_rate * np.sqrt(1 - beta2**step) / (1 - beta1**step)
    return rate * first / (np.sqrt(second) + epsilon)


UPDATES = {"paper": update, "mxnet": update_stock_mxnet}


def step_decay(step: int, *, learning_rate: float, factor: float, every: int) -> float:
    """Return the learning rate of `step`, counted from 0."""
    return learning_rate * factor ** (step // every)


def trajectory(
    transfer: oracle.Transfer, x, learning_rates, *, betas, epsilon, epsilon_form="paper"
):
    """Run Adam; yield after each step the losses before its update and x after it."""
    first, second = np.zeros_like(x), np.zeros_like(x)
    for step, rate in enumerate(learning_rates, start=1):
        losses, gradient = transfer.evaluate(x)
        first, second = moments(gradient, first, second, betas=betas)
        x = x - UPDATES[epsilon_form](
            first, second, step=step, betas=betas, learning_rate=rate, epsilon=epsilon
        )
        yield losses, x


def pyramid_trajectory(
    transfer: oracle.Transfer, x, learning_rates, *, levels, betas, epsilon, epsilon_form="paper"
):
    """Run Adam on the levels of a Laplacian pyramid; yield as `trajectory`, and the pyramid."""
    pyramid = oracle_pyramid.decompose(x, levels)
    first, second = ([np.zeros_like(level) for level in pyramid] for _ in range(2))
    for step, rate in enumerate(learning_rates, start=1):
        losses, gradient = transfer.evaluate(oracle_pyramid.compose(pyramid))
        gradients = oracle_pyramid.compose_adjoint(gradient, levels)
        for number, one in enumerate(gradients):
            first[number], second[number] = moments(one, first[number], second[number], betas=betas)
            pyramid[number] = pyramid[number] - UPDATES[epsilon_form](
                first[number],
                second[number],
                step=step,
                betas=betas,
                learning_rate=rate,
                epsilon=epsilon,
            )
        yield losses, oracle_pyramid.compose(pyramid), pyramid
