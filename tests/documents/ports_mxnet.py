"""What ports to MXNet of documents that are written for PyTorch alone have in common.

In MXNet a recorded array can't be overwritten, and Adam and L-BFGS differ from PyTorch's. So this
module has what PyTorch does implicitly, written again from its documentation.
"""

import warnings
from collections import deque

import numpy

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from mxnet import np
    from mxnet.gluon import nn
    from mxnet.util import use_np

RGB_MEAN, RGB_STD = (numpy.array(c) for c in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))


@use_np
def preprocess(img, dtype):
    """Return a Pillow image normalised, (1, 3, H, W); the division by 255 is in float32."""
    pixels = numpy.asarray(img, numpy.float32) / numpy.float32(255)
    normalised = (pixels.astype(dtype) - RGB_MEAN.astype(dtype)) / RGB_STD.astype(dtype)
    return np.array(normalised.transpose(2, 0, 1)[None], dtype=dtype)


def extract_features(net, x, layers):
    """Return the outputs of ``layers`` as they are after the ReLUs have worked in place."""
    found = {}
    for i in range(len(net)):
        x = net[i](x)
        if i in layers:
            found[i] = x
        if i - 1 in layers and isinstance(net[i], nn.Activation):
            found[i - 1] = x
    return [found[i] for i in layers]


class Adam:
    """``torch.optim.Adam``: epsilon is added to the root of the corrected second moment."""

    def __init__(self, x, lr, betas=(0.9, 0.999)):
        self.x, self.lr, self.betas = x, lr, betas
        self.mean, self.var, self.t = np.zeros_like(x), np.zeros_like(x), 0

    def step(self):
        beta1, beta2 = self.betas
        self.t += 1
        self.mean = beta1 * self.mean + (1 - beta1) * self.x.grad
        self.var = beta2 * self.var + (1 - beta2) * self.x.grad**2
        mean, var = self.mean / (1 - beta1**self.t), self.var / (1 - beta2**self.t)
        self.x[:] = self.x - self.lr * mean / (np.sqrt(var) + 1e-8)


class LBFGS:
    """``torch.optim.LBFGS`` with ``max_iter=1`` and ``tolerance_grad=0``."""

    def __init__(self, x, lr, history_size):
        self.x, self.lr = x, lr
        self.pairs = deque(maxlen=history_size)  # s, y, 1 / s.y
        self.scale = 1.0
        self.gradient = self.step_taken = None

    def step(self):
        gradient = self.x.grad.reshape(-1).copy()
        length = self.lr
        if self.gradient is None:
            length *= min(1.0, 1 / float(np.abs(gradient).sum()))
        else:
            y, s = gradient - self.gradient, self.step_taken
            curvature = float((s * y).sum())
            if curvature > 1e-10:
                self.pairs.append((s, y, 1 / curvature))
                self.scale = curvature / float((y * y).sum())
        self.gradient = gradient
        self.step_taken = length * self.direction(gradient)
        self.x[:] = self.x + self.step_taken.reshape(self.x.shape)

    def direction(self, gradient):
        """Nocedal and Wright (2006), algorithm 7.4."""
        q, alphas = -gradient, []
        for s, y, rho in reversed(self.pairs):
            alphas.append(rho * float((s * q).sum()))
            q = q - alphas[-1] * y
        r = self.scale * q
        for (s, y, rho), alpha in zip(self.pairs, reversed(alphas), strict=True):
            r = r + s * (alpha - rho * float((y * r).sum()))
        return r
