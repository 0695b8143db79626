"""Content, style and total variation losses, as ``nst_core.backend.Objective`` defines them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from nst_core.backend import Losses, Objective


def gram(features: Tensor) -> Tensor:
    """Return the Gram matrix (C, C) of features (1, C, H, W), divided by C*H*W."""
    _, channels, height, width = features.shape
    # (H*W, C) is a view of channels_last features; (C, H*W) would be a transposed copy.
    rows = features.permute(0, 2, 3, 1).reshape(height * width, channels)
    return rows.T @ rows / (channels * height * width)


def content_loss(features: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared difference of two feature maps (1, C, H, W)."""
    return (features - target).square().mean()


def style_loss(features: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared difference of the features' Gram matrix and ``target`` (C, C)."""
    return (gram(features) - target).square().mean()


def total_variation(x: Tensor) -> Tensor:
    """Return half the mean absolute vertical difference of ``x`` (1, 3, H, W) plus horizontal."""
    vertical = (x[:, :, 1:, :] - x[:, :, :-1, :]).abs().mean()
    horizontal = (x[:, :, :, 1:] - x[:, :, :, :-1]).abs().mean()
    return 0.5 * (vertical + horizontal)


@dataclass(frozen=True, slots=True)
class Targets:
    """What the image is compared with: content features and style Gram matrices, by tap."""

    content: Mapping[str, Tensor]
    style: Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class WeightedLosses:
    """The weighted losses of one evaluation, as scalars still on the device."""

    content: Mapping[str, Tensor]
    style: Mapping[str, Tensor]
    total_variation: Tensor
    total: Tensor

    def detached(self) -> WeightedLosses:
        """Return the same values without the graph, which would keep every activation alive."""
        return WeightedLosses(
            content={tap: loss.detach() for tap, loss in self.content.items()},
            style={tap: loss.detach() for tap, loss in self.style.items()},
            total_variation=self.total_variation.detach(),
            total=self.total.detach(),
        )

    def read(self) -> Losses:
        """Wait for the values and bring them over in one transfer."""
        scalars = [*self.content.values(), *self.style.values(), self.total_variation, self.total]
        values = iter(torch.stack(scalars).tolist())
        return Losses(
            content={tap: next(values) for tap in self.content},
            style={tap: next(values) for tap in self.style},
            total_variation=next(values),
            total=next(values),
        )


def weighted_losses(
    x: Tensor, features: Mapping[str, Tensor], *, targets: Targets, objective: Objective
) -> WeightedLosses:
    """Return all losses of the normalised image ``x`` (1, 3, H, W), whose features are given."""
    content = {
        tap: weight * content_loss(features[tap], targets.content[tap])
        for tap, weight in objective.content.items()
    }
    style = {
        tap: weight * style_loss(features[tap], targets.style[tap])
        for tap, weight in objective.style.items()
    }
    tv = objective.total_variation * total_variation(x)
    counted = [objective.style_counted * loss for loss in style.values()]
    total = torch.stack([*content.values(), *counted, tv]).sum()
    return WeightedLosses(content=content, style=style, total_variation=tv, total=total)
