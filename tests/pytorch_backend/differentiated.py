"""A loss term of any function, differentiated by autograd: the reference for those written out."""

import torch

from nst_pytorch.loss_terms import LossAndGradient


class DifferentiatedLoss:
    """See ``nst_pytorch.loss_terms.LossTerm``; ``loss`` is a function of features (1, C, H, W)."""

    def __init__(self, kind, tap, loss, *, multiplicity=1.0):
        self.kind, self.tap, self.loss, self.multiplicity = kind, tap, loss, multiplicity

    def __call__(self, features):
        with torch.enable_grad():
            leaf = features.padded.detach().requires_grad_()
            loss = self.loss(features.with_values(leaf).nchw)
            (found,) = torch.autograd.grad(loss, leaf)

        def add_gradient(gradient, _, window):
            gradient.add_(found[window], alpha=self.multiplicity)

        return LossAndGradient(loss.detach(), add_gradient)
