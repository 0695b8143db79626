"""The seam between core and backends: plain records, and two Protocols.

A backend computes what frameworks are compared on: normalisation and layout, VGG-19 features,
Gram matrices, the content, style and total variation losses, their gradient, and Adam. Core does
the rest: decoding, resizing, the schedule, the stages, the files. Only NumPy arrays and the
records below cross the seam, and every parameter is keyword-only, so that a type checker catches
a backend that renames one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from nst_core.arrays import Array, Image
from nst_core.weights.canonical import Weights

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""ImageNet's RGB mean and standard deviation: normalised = (image - MEAN) / STD."""

DType = Literal["float32", "float64"]
EpsilonForm = Literal["paper", "mxnet"]
Distance = Literal["mse", "scaled"]
Statistics = Literal["gram", "wasserstein"]
Pooling = Literal["max", "average"]
Padding = Literal["zero", "replicate"]
Conv = Literal["auto", "direct", "winograd"]
Precision = Literal["auto", "float32", "tf32", "bf16"]

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
    are those of ``nst_core.guides.regions_at``.

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
            ``nst_core.targets``. Where they are given, the styles are not looked at again.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """Weighted losses, as the documents report them.

    Attributes:
        content: Tap -> weighted loss.
        style: Tap -> weighted loss.
        total_variation: Weighted loss.
        total: What the gradient is taken of; it counts the style ``Objective.style_counted`` times.
    """

    content: Mapping[str, float]
    style: Mapping[str, float]
    total_variation: float
    total: float

    @property
    def content_sum(self) -> float:
        """Sum of the content losses."""
        return sum(self.content.values())

    @property
    def style_sum(self) -> float:
        """Sum of the style losses."""
        return sum(self.style.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Losses at an image, and the gradient of their total with respect to it, (H, W, 3)."""

    losses: Losses
    gradient: Image


@dataclass(frozen=True, slots=True, kw_only=True)
class AdamState:
    """Adam's state after ``step`` updates, arrays of (H, W, 3).

    ``image`` is the variable itself, the normalised image, not the one in [0, 1].
    """

    step: int
    image: Image
    first_moment: Array
    second_moment: Array


@dataclass(frozen=True, slots=True)
class Device:
    """A device that a backend can use: ``cpu``, ``cuda:0``, ``mps``; and what it is."""

    name: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How it is computed, which changes speed, memory and rounding, and not what is computed.

    Every backend takes the defaults; one that can't do what is asked for says so in one line.

    Attributes:
        conv: The convolutions' algorithm: ``direct``; ``winograd`` (Lavin and Gray, "Fast
            Algorithms for Convolutional Neural Networks", 2016) wherever it can be had; or
            ``auto``, whichever is faster for each layer and size.
        precision: What float32 values may be rounded to before they are multiplied. ``float32``:
            nothing less. ``tf32`` and ``bf16``: that, in the convolutions; Gram matrices, losses
            and the image stay in float32. ``auto``: ``tf32`` on CUDA, ``float32`` elsewhere.
        checkpointing: Whether the backward pass computes parts of the forward pass again instead
            of keeping what it needs of them: slower, in less memory, with the same results.
    """

    conv: Conv = "auto"
    precision: Precision = "auto"
    checkpointing: bool = False


AUTOMATIC = Execution()
"""What suits the device."""


class Session(Protocol):
    """An image being optimised. The variable is the normalised image, as in the documents."""

    def features(self, *, image: Image) -> Mapping[str, Array]:
        """Return tap -> features (C, H, W) of ``image``, for every tap of the objective."""
        ...

    def evaluate(self, *, image: Image) -> Evaluation:
        """Return losses and gradient at ``image`` (H, W, 3); changes nothing in the session."""
        ...

    def step(self, *, learning_rate: float) -> None:
        """Take one Adam update; may return before it is done."""
        ...

    def losses(self) -> Losses:
        """Return the losses of the last step, taken before its update; waits for them.

        Raises:
            RuntimeError: before the first step.
        """
        ...

    def image(self) -> Image:
        """Return the image as it is now, (H, W, 3), not clipped; waits for it."""
        ...

    def style_targets(self) -> StyleTargets:
        """Return a copy of what the image is compared with of the styles.

        A session that is started with them computes the same, to the bit.
        """
        ...

    def state(self) -> AdamState:
        """Return the optimiser's state, a copy that later steps don't change; waits for it."""
        ...

    def restore(self, *, state: AdamState) -> None:
        """Go on from ``state``, as if its steps had been taken here."""
        ...


class Backend(Protocol):
    """A framework that can do the work."""

    @property
    def name(self) -> str:
        """The name that `--backend` takes."""
        ...

    @property
    def version(self) -> str:
        """The framework's version."""
        ...

    def devices(self) -> Sequence[Device]:
        """Return the devices that can be used now, the fastest kind first, `cpu` always there."""
        ...

    def start(
        self,
        problem: Problem,
        *,
        device: str,
        dtype: DType,
        execution: Execution = AUTOMATIC,
    ) -> Session:
        """Load the weights, compute the targets once, and return a session at ``problem.start``.

        Args:
            problem: The work.
            device: The name of one of ``devices()``.
            dtype: The type that everything is computed in.
            execution: How it is computed.

        Raises:
            BackendError: if the device is not there, or can't compute in ``dtype`` or so.
        """
        ...

    def pretrained(self) -> Weights:
        """Return the VGG-19 weights of this framework's own zoo as canonical arrays.

        Raises:
            WeightsError: if they can't be had, saying what failed and what works offline.
        """
        ...
