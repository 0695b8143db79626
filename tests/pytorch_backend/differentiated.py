"""A head of any loss, differentiated by autograd: what those written out are held against."""

import torch

from nst_pytorch.heads import Judged


class DifferentiatedHead:
    """See ``nst_pytorch.heads.Head``; ``loss`` is of features (1, C, H, W)."""

    def __init__(self, kind, tap, loss, *, counted=1.0):
        self.kind, self.tap, self.loss, self.counted = kind, tap, loss, counted

    def __call__(self, features):
        with torch.enable_grad():
            leaf = features.whole.detach().requires_grad_()
            loss = self.loss(features.laid(leaf).image)
            (found,) = torch.autograd.grad(loss, leaf)

        def add(gradient, _, place):
            gradient.add_(found[place], alpha=self.counted)

        return Judged(loss.detach(), add)
