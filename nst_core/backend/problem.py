"""What a backend is given: the problem of one stage, as plain records with its formulas.

Only NumPy arrays and these records cross from core to a backend.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from nst_core.arrays import Array, Image

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""ImageNet's RGB mean and standard deviation: normalised = (image - MEAN) / STD."""

EpsilonForm = Literal["paper", "mxnet"]
Distance = Literal["mse", "scaled"]
Statistics = Literal["gram", "wasserstein"]
Pooling = Literal["max", "average"]
Padding = Literal["zero", "replicate"]

SCALED_EPSILON = 1e-8
"""What is added to sum|D| where a distance is ``scaled``."""

COVARIANCE_EPSILON = 1e-4
"""What is added to a covariance's diagonal, so that its root has a derivative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What is minimised: the sum of all weighted losses below, the style's ``style_counted`` times.

    For a tap l with features F (C, H, W) of the image, P of the content, S of the style:

    - content: w_l * mean((F - P)^2)
    - style: w_l * mean((G(F) - G(S))^2), G(F) = F F^T / (C*H*W) over F flattened to (C, H*W)
    - total variation: w * 0.5 * (mean|x[1:] - x[:-1]| over rows + the same over columns), on the
      normalised image x

    as in Dive into Deep Learning, "Neural Style Transfer"; after Gatys, Ecker and Bethge, "Image
    Style Transfer Using Convolutional Neural Networks" (2016). Where a distance is ``scaled``:

    - content: w_l * sum(D^2) / (sum|D| + 1e-8), D = F - P
    - style: the same of D = C * (G(F) - G(S)), Gram matrices over H*W alone

    whose gradients with respect to F and G have an L1 norm of about 1, however large the picture
    and the features are, as in Crowson's style-transfer-pytorch. Where the style's statistics are
    ``wasserstein``, the features' pixels are taken as samples of a normal distribution with mean m
    (C,) and covariance K (C, C), and the style loss is w_l times

    - (|m - n|^2 + tr(K + L - 2 (L^1/2 K L^1/2)^1/2)) / C

    with n and L those of S, and 1e-4 added to the diagonals of K and L: the squared
    2-Wasserstein distance of the two distributions (Olkin and Pukelsheim, 1982) over the
    channels, also after style-transfer-pytorch.

    With regions r (``Problem.guides``) a style loss is the sum over them of a_r times the loss of
    the region's statistics, in which each pixel counts by the region's density (for the Gram
    matrix F diag(density) F^T / C), a_r being the region's share of the area: the guided Gram
    matrices of Gatys et al., "Controlling Perceptual Factors in Neural Style Transfer" (2017),
    whose guides T_r are the roots of the densities, so that sum(T_r^2) = 1. Densities and areas
    are those of ``nst_core.backend.guidance.regions_at``.

    Attributes:
        content: Tap -> weight.
        style: Tap -> weight.
        total_variation: Weight.
        style_counted: How often the style losses count in the total; those reported are without.
        content_distance: ``mse`` or ``scaled``.
        style_distance: Likewise, of Gram matrices.
        style_statistics: ``gram`` or ``wasserstein``.
    """

    content: Mapping[str, float]
    style: Mapping[str, float]
    total_variation: float
    style_counted: float = 1.0
    content_distance: Distance = "mse"
    style_distance: Distance = "mse"
    style_statistics: Statistics = "gram"

    def taps(self) -> tuple[str, ...]:
        """Return every tap that is compared, each once."""
        return tuple(dict.fromkeys((*self.content, *self.style)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """What may be other than VGG-19's own in the network that features are taken from.

    Attributes:
        pooling: ``max``, or ``average``: the mean of each 2x2 values, as Gatys, Ecker and Bethge
            suggest. Features are then smaller from block to block.
        padding: What conv1_1 finds beyond the picture's edge: ``zero``, which is the mean colour,
            or ``replicate``, the nearest pixel. All other convolutions pad with zeros.
    """

    pooling: Pooling = "max"
    padding: Padding = "zero"


PLAIN_VGG = Architecture()
"""As it was trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adam:
    """Adam's constants, and where epsilon stands.

    In step t:

    - ``paper``: x -= lr * m_hat / (sqrt(v_hat) + epsilon), m_hat = m / (1 - beta1^t),
      v_hat = v / (1 - beta2^t), as in Kingma and Ba, "Adam: A Method for Stochastic Optimization"
      (2015), algorithm 1, and in PyTorch.
    - ``mxnet``: x -= lr * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + epsilon), as in
      MXNet's own Adam: epsilon beside the root that is not yet corrected weighs
      1 / sqrt(1 - beta2^t) times as much, 31.6 at the first step for beta2 = 0.999.
    """

    beta1: float
    beta2: float
    epsilon: float
    epsilon_form: EpsilonForm = "paper"

    def bias_correction(self, *, learning_rate: float, step: int) -> tuple[float, float]:
        """Return the two numbers of a step in which the forms differ: rate and divisor.

        With them either form is x -= rate * m / (sqrt(v) / divisor + epsilon). The divisor of the
        form ``mxnet`` is 1.

        Args:
            learning_rate: Of this step.
            step: Counted from 1.
        """
        rate = learning_rate / (1 - self.beta1**step)
        correction = math.sqrt(1 - self.beta2**step)
        return (rate, correction) if self.epsilon_form == "paper" else (rate * correction, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleSource:
    """One style picture, and its share in the blend.

    Attributes:
        image: (h, w, 3), of any size that the taps allow.
        weight: 0 or more; its share is this weight over the sum of all, which is above 0.
        guides: (R, h, w), 0 or more: how much each pixel belongs to each of the problem's
            regions; None where the problem has none.
    """

    image: Image
    weight: float = 1.0
    guides: Array | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleTargets:
    """What the style pictures come to: all of them that an image is compared with.

    Attributes:
        statistics: Tap -> number of the region -> the blend's Gram matrix (C, C) in the session's
            dtype; or, where the statistics are ``wasserstein``, its mean (C,) and second moment
            F F^T / (H*W) (C, C), both float64. Regions of which no style has anything at a tap are
            left out there; without regions there is one, of number 0.
    """

    statistics: Mapping[str, Mapping[int, tuple[Array, ...]]]

    def copied(self) -> StyleTargets:
        """Return the same in arrays of its own."""
        return StyleTargets(
            statistics={
                tap: {
                    number: tuple(array.copy() for array in arrays)
                    for number, arrays in regions.items()
                }
                for tap, regions in self.statistics.items()
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One stage's work.

    Attributes:
        content: The content picture, (H, W, 3).
        styles: The style pictures, at least one. What the image is compared with is the blend of
            their statistics, for each tap and region: the sum of share times Gram matrix (or
            times mean and second moment F F^T / (H*W)) over the styles that have something of the
            region there, their shares made to sum to 1.
        start: What the optimisation starts from, (H, W, 3).
        weights: Canonical VGG-19 arrays: ``conv1_1.weight`` (O, I, 3, 3), ``conv1_1.bias`` (O,) ...
        objective: What is minimised.
        adam: The optimiser's constants.
        guides: (R, H, W), 0 or more: how much each pixel of the image belongs to each region. For
            each region one of the styles has something above 0 at every tap. None for one
            region, the whole picture.
        architecture: How the network pools and pads.
        style_targets: What an earlier session found of the same styles, in the same way: see
            ``nst_core.problem.style_cache``. Where they are given, the styles are not used again.
    """

    content: Image
    styles: tuple[StyleSource, ...]
    start: Image
    weights: Mapping[str, Array]
    objective: Objective
    adam: Adam
    guides: Array | None = None
    architecture: Architecture = PLAIN_VGG
    style_targets: StyleTargets | None = None

    def shares(self) -> tuple[tuple[StyleSource, float], ...]:
        """Return every style that has a share in the blend, with it; the shares sum to 1."""
        total = sum(style.weight for style in self.styles)
        return tuple((style, style.weight / total) for style in self.styles if style.weight > 0)
