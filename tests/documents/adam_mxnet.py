"""MXNet's stock Adam in float64, which MXNet itself does not have.

``adam_update`` keeps its constants in float32, whatever the dtype of the arrays. So 1 - beta2 =
1 - 0.999 is 1.3e-5 too small, and the second moment too; after eight steps the losses are off by
up to 4e-3.
"""

import math
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from mxnet import autograd, gluon, init, np, optimizer
    from mxnet.util import use_np


@optimizer.register
class DoubleAdam(optimizer.Adam):
    """``mxnet.optimizer.Adam`` as in its documentation, computed by array operations."""

    def update(self, index, weight, grad, state):
        self._update_count(index)
        t = self._index_update_count[index]
        lr = self._get_lr(index) * math.sqrt(1 - self.beta2**t) / (1 - self.beta1**t)
        mean, var = state
        mean[:] = self.beta1 * mean + (1 - self.beta1) * grad
        var[:] = self.beta2 * var + (1 - self.beta2) * grad * grad
        # Epsilon is added to the uncorrected root: at step 1 it counts 31 times the paper's.
        weight[:] = weight - lr * mean / (var.sqrt() + self.epsilon)


@use_np
def updated(name, gradients, *, learning_rate, dtype):
    """Return zeros (n,) after the steps of that optimiser with fixed gradients (steps, n)."""
    parameter = gluon.Parameter("x", shape=gradients.shape[1:], dtype=dtype)
    parameter.initialize(init.Zero())
    trainer = gluon.Trainer({"x": parameter}, name, {"learning_rate": learning_rate})
    for gradient in np.array(gradients, dtype=dtype):
        with autograd.record():
            loss = (parameter.data() * gradient).sum()
        loss.backward()
        trainer.step(1)
    return parameter.data().asnumpy()
