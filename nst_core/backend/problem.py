"""What a backend is given: the problem of one stage, as frozen records with their formulas.

Only NumPy arrays and these records cross from core to a backend.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from nst_core.arrays import Array, Image
from nst_core.backend.matching import (
    HYPERCOLUMN,
    NEAREST,
    NEAREST_PREFIX,
    Matching,
    Query,
    TapGroup,
)
from nst_core.vgg19 import BY_NAME

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""ImageNet's RGB mean and standard deviation: normalised = (image - MEAN) / STD."""

EpsilonForm = Literal["paper", "mxnet"]
Distance = Literal["mse", "scaled"]
Statistics = Literal["gram", "wasserstein", "sliced-wasserstein"]
Pooling = Literal["max", "average"]
Padding = Literal["zero", "replicate"]

SCALED_EPSILON = 1e-8
"""Added to sum|D| if a distance is ``scaled``."""

COVARIANCE_EPSILON = 1e-4
"""Added to the diagonal of a covariance, so that its square root has a derivative."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """What is minimised: the sum of the weighted losses below.

    The style losses count ``style_multiplicity`` times. For a tap l with features F (C, H, W) of
    the image, P of the content and S of the style:

    - content: w_l * mean((F - P)^2)
    - style: w_l * mean((G(F) - G(S))^2), G(F) = F F^T / (C*H*W) over F flattened to (C, H*W)
    - total variation: w * 0.5 * (mean|x[1:] - x[:-1]| over rows + the same over columns), on the
      normalised image x

    This is the objective of Dive into Deep Learning, "Neural Style Transfer", after Gatys, Ecker
    and Bethge, "Image Style Transfer Using Convolutional Neural Networks" (2016).

    If a distance is ``scaled``:

    - content: w_l * sum(D^2) / (sum|D| + 1e-8), D = F - P
    - style: the same with D = C * (G(F) - G(S)), which are Gram matrices over H*W alone

    The gradients of a scaled distance with respect to F and G have an L1 norm of about 1, whatever
    the size of the picture and of the features. It is from Crowson's style-transfer-pytorch.

    If the style's statistics are ``wasserstein``, the features' pixels are samples of a normal
    distribution with mean m (C,) and covariance K (C, C). The style loss is w_l times

    - (|m - n|^2 + tr(K + L - 2 (L^1/2 K L^1/2)^1/2)) / C

    n and L are the mean and covariance of S, and 1e-4 is added to the diagonals of K and L. This
    is the squared 2-Wasserstein distance of the two distributions (Olkin and Pukelsheim, 1982),
    divided by the number of channels. It is also from style-transfer-pytorch.

    If they are ``sliced-wasserstein``, the features' pixels are samples of any distribution. They
    are projected on P directions (``nst_core.backend.slicing.directions``). The style loss is w_l
    times

    - the mean over the directions of sum_i w_i (v_i - t_i)^2

    v_i are the image's projections in ascending order (equal ones in the order of their pixels,
    row by row), and w_i their weights, of sum 1: the region's density, or 1 / (H*W). t_i is the
    style's quantile at u_i = w_1 + ... + w_(i-1) + w_i / 2: linear interpolation, at
    u_i * K - 1/2 clamped to 0 ... K - 1, of the style's K quantiles (see
    ``nst_core.backend.slicing.quantiles``). So image and style may have different numbers of
    pixels. Of several styles the quantiles are averaged with their shares, direction by direction.
    This is the sliced Wasserstein loss of Heitz et al., "A Sliced Wasserstein Loss for Neural
    Texture Synthesis" (2021); there the directions are drawn anew at every step.

    With ``neighbours``, features are also compared one by one. At an image that core chooses, the
    query, each position p finds the position of the style whose features have the largest cosine
    with its own; of equal ones the first. From then on, until the next query, there are further
    style losses, each w times

    - sum over p of u_p * (1 - cos(F_p, T_p))

    T_p are the features found for p, and the weights u_p sum to 1. Features are those of one tap,
    or hypercolumns: the maps of all taps of ``neighbours``, each multiplied by its tap's weight
    over the largest weight and divided by its number of channels, resized to one grid by bilinear
    interpolation with aligned corners, and concatenated. w is the tap's weight; for hypercolumns
    the largest one. ``nst_core.backend.Matching`` says the rest. Hypercolumns are from Kolkin et
    al., "Neural Neighbor Style Transfer" (2022).

    With regions r (``Problem.guides``) a style loss is the sum over r of a_r times the loss of the
    region's statistics. a_r is the region's share of the area. In its statistics each pixel counts
    by the region's density: the Gram matrix is F diag(density) F^T / C. These are the guided Gram
    matrices of Gatys et al., "Controlling Perceptual Factors in Neural Style Transfer" (2017). What
    that paper calls guides, T_r with sum(T_r^2) = 1, are the square roots of the densities, and not
    the ``guides`` of a problem. Densities and areas come from
    ``nst_core.backend.guidance.regions_at``.

    If parts of the image are left out (``Problem.visibility``), pixels count by their visibility v,
    which is shrunk to the features' size by ``nst_core.backend.guidance.visibility_at``:

    - content: w_l * sum(v * (F - P)^2) / (C * sum(v))
    - scaled content: w_l * sum(v * D^2) / (sum(v * |D|) + 1e-8)
    - total variation: both means are weighted by the smaller visibility of the two pixels; see
      ``nst_core.backend.guidance.variation_weights``. A mean over nothing visible is 0.

    The style losses take no visibility: what is left out there is in no region.

    Attributes:
        content: Tap -> weight.
        style: Tap -> weight.
        total_variation: Weight.
        style_multiplicity: How often the style losses count in the total. The style losses that are
            reported do not include this factor.
        content_distance: ``mse`` or ``scaled``.
        style_distance: ``mse`` or ``scaled``, of Gram matrices.
        style_statistics: ``gram``, ``wasserstein`` or ``sliced-wasserstein``.
        projections: P, the number of directions at each tap, at least 1. For sliced Wasserstein.
        projection_seed: The seed of the directions, 0 or more.
        neighbours: Tap -> weight of the style losses of nearest neighbours; empty for none.
        matching: How their targets are sought.
    """

    content: Mapping[str, float]
    style: Mapping[str, float]
    total_variation: float
    style_multiplicity: float = 1.0
    content_distance: Distance = "mse"
    style_distance: Distance = "mse"
    style_statistics: Statistics = "gram"
    projections: int = 64
    projection_seed: int = 0
    neighbours: Mapping[str, float] = field(default_factory=dict)
    matching: Matching = NEAREST

    def style_losses(self) -> Mapping[str, float]:
        """Return the name of each style loss -> its weight.

        The losses of ``style`` have the names of their taps. Those of ``neighbours`` are called
        ``nearest relu1_1`` and so on; or ``hypercolumn``, which is one loss.
        """
        return {**self.style, **{group.name: group.weight for group in self.tap_groups()}}

    def tap_groups(self) -> tuple[TapGroup, ...]:
        """Return the taps of ``neighbours`` that are compared together."""
        if not self.neighbours:
            return ()
        if self.matching.form == "taps":
            return tuple(
                TapGroup(name=f"{NEAREST_PREFIX}{tap}", weight=weight, factors={tap: 1.0})
                for tap, weight in self.neighbours.items()
            )
        largest = max(self.neighbours.values())
        shares = {
            tap: weight / largest if largest else 1.0 for tap, weight in self.neighbours.items()
        }
        factors = {tap: share / BY_NAME[tap].out_channels for tap, share in shares.items()}
        return (TapGroup(name=HYPERCOLUMN, weight=largest, factors=factors),)

    def taps(self) -> tuple[str, ...]:
        """Return every tap that is compared, each once: content taps first."""
        return tuple(dict.fromkeys((*self.content, *self.style, *self.neighbours)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """How the network that computes the features may differ from VGG-19 as it was trained.

    Attributes:
        pooling: ``max``, or ``average``: the mean of each 2x2 values, as Gatys, Ecker and Bethge
            suggest. Average pooling makes the values of the features smaller from block to block.
        padding: The values that conv1_1 reads beyond the picture's edge: ``zero``, which is the
            mean colour, or ``replicate``, the nearest pixel. All other convolutions pad with zeros.
    """

    pooling: Pooling = "max"
    padding: Padding = "zero"


PLAIN_VGG = Architecture()
"""VGG-19 as it was trained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adam:
    """Adam's constants, and the place of epsilon in the update.

    In step t:

    - ``paper``: x -= lr * m_hat / (sqrt(v_hat) + epsilon), m_hat = m / (1 - beta1^t),
      v_hat = v / (1 - beta2^t), as in Kingma and Ba, "Adam: A Method for Stochastic Optimization"
      (2015), algorithm 1, and in PyTorch.
    - ``mxnet``: x -= lr * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + epsilon), as in
      MXNet's own Adam. Epsilon is added to the uncorrected root, so it weighs
      1 / sqrt(1 - beta2^t) times as much: 31.6 times at the first step for beta2 = 0.999.
    """

    beta1: float
    beta2: float
    epsilon: float
    epsilon_form: EpsilonForm = "paper"

    def bias_correction(self, *, learning_rate: float, step: int) -> tuple[float, float]:
        """Return (rate, divisor), the two numbers of a step in which the forms differ.

        The update is x -= rate * m / (sqrt(v) / divisor + epsilon) in both forms. The divisor of
        the form ``mxnet`` is 1.

        Args:
            learning_rate: The learning rate of this step.
            step: The number of this step, counted from 1.
        """
        rate = learning_rate / (1 - self.beta1**step)
        correction = math.sqrt(1 - self.beta2**step)
        return (rate, correction) if self.epsilon_form == "paper" else (rate * correction, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleSource:
    """One style picture, and its share in the blend.

    Attributes:
        image: (h, w, 3), of any size that the taps allow.
        weight: 0 or more. The picture's share is this weight divided by the sum of all weights,
            which is above 0.
        guides: (R, h, w), 0 or more: how much each pixel belongs to each of the problem's
            regions. None if the problem has no regions.
    """

    image: Image
    weight: float = 1.0
    guides: Array | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StyleTargets:
    """Everything about the style pictures that an image is compared with.

    Attributes:
        statistics: Tap -> number of the region -> arrays. The one array is the blend's Gram matrix
            (C, C) in the session's dtype. If the statistics are ``wasserstein``, there are two
            arrays: the blend's mean (C,) and second moment F F^T / (H*W) (C, C), both float64. If
            they are ``sliced-wasserstein``, the one array is the blend's quantiles (P, K), float64:
            see ``nst_core.backend.slicing``. A region that no style has at a tap is left out there.
            Without regions there is one region, of number 0. With ``neighbours``,
            there are none.
    """

    statistics: Mapping[str, Mapping[int, tuple[Array, ...]]]

    def copied(self) -> StyleTargets:
        """Return the same targets in new arrays."""
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
    """The problem of one stage.

    Attributes:
        content: The content picture, (H, W, 3).
        styles: The style pictures, at least one. The image is compared with a blend of their
            statistics, per tap and region: the sum of share times Gram matrix (or times mean and
            second moment F F^T / (H*W), or times quantiles) over the styles in which the region is
            present at the tap. The shares of these styles are scaled to sum to 1.
        start: The image that the optimisation starts from, (H, W, 3).
        weights: Canonical VGG-19 arrays: ``conv1_1.weight`` (O, I, 3, 3), ``conv1_1.bias`` (O,) ...
        objective: What is minimised.
        adam: The optimiser's constants.
        guides: (R, H, W), 0 or more: how much each pixel of the image belongs to each region. Each
            region is present in at least one style at every tap. None for one region, the whole
            picture.
        visibility: (H, W), from 0 to 1: how much each pixel of the image counts in the content
            losses and in the total variation. At every tap something is visible. None if all pixels
            count alike.
        architecture: How the network pools and pads.
        laplacian_levels: The number of levels of the Laplacian pyramid that is the session's
            variable, at least 0: see ``nst_core.optimisers.LaplacianPyramid``. With 0 the variable
            is the normalised image itself.
        style_targets: The targets that an earlier session computed from the same styles in the
            same way, see ``nst_core.problem.style_cache``. If they are given, the session does
            not read the styles, except for nearest neighbours.
        query: Where the first targets are sought if there are ``neighbours``. None if
            ``Session.match`` is going to be called before the first evaluation.
    """

    content: Image
    styles: tuple[StyleSource, ...]
    start: Image
    weights: Mapping[str, Array]
    objective: Objective
    adam: Adam
    guides: Array | None = None
    visibility: Array | None = None
    architecture: Architecture = PLAIN_VGG
    laplacian_levels: int = 0
    style_targets: StyleTargets | None = None
    query: Query | None = None

    def with_own_styles(self) -> Problem:
        """Return this problem with copies of what is read again at each search for neighbours."""

        def copied(style: StyleSource) -> StyleSource:
            guides = None if style.guides is None else style.guides.copy()
            return replace(style, image=style.image.copy(), guides=guides)

        guides = None if self.guides is None else self.guides.copy()
        return replace(self, styles=tuple(map(copied, self.styles)), guides=guides)

    def shares(self) -> tuple[tuple[StyleSource, float], ...]:
        """Return (style, share) for every style whose weight is above 0; the shares sum to 1."""
        total = sum(style.weight for style in self.styles)
        return tuple((style, style.weight / total) for style in self.styles if style.weight > 0)
