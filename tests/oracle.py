"""The oracle: a slow, plain NumPy reference for every backend. It imports nothing of `nst_core`.

Pictures are (H, W, 3) RGB in [0, 1]; the variable x is the normalised picture, (3, H, W). Every
function keeps the dtype it is given; `Transfer` computes in float64. Formulas: Gatys, Ecker and
Bethge (2016) in the form of Dive into Deep Learning; Simonyan and Zisserman (2015), configuration
E, for the network. Adam and whole trajectories are in `oracle_adam`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import oracle_matching
import oracle_sliced
import oracle_style

MEAN = np.array([0.485, 0.456, 0.406]).reshape(3, 1, 1)
STD = np.array([0.229, 0.224, 0.225]).reshape(3, 1, 1)
CHANNELS = {1: 64, 2: 128, 3: 256, 4: 512, 5: 512}


def _layers() -> Iterator[str]:
    for block, count in ((1, 2), (2, 2), (3, 4), (4, 4), (5, 4)):
        for position in range(1, count + 1):
            yield f"conv{block}_{position}"
            yield f"relu{block}_{position}"
        yield f"pool{block}"


LAYERS = tuple(_layers())
TAPS = tuple(layer for layer in LAYERS if not layer.startswith("pool"))


def normalise(image):
    return (image.transpose(2, 0, 1) - MEAN.astype(image.dtype)) / STD.astype(image.dtype)


def denormalise(x):
    return (x * STD.astype(x.dtype) + MEAN.astype(x.dtype)).transpose(1, 2, 0)


def image_gradient(gradient):
    """Return d/d(image) (H, W, 3) from d/dx (3, H, W): the chain rule through `normalise`."""
    return (gradient / STD.astype(gradient.dtype)).transpose(1, 2, 0)


# --- the network -------------------------------------------------------------------------------


def _columns(x):
    """(I, H, W) -> (9 I, H W): the 3x3 neighbourhood of every pixel, zeros outside."""
    height, width = x.shape[1:]
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    shifted = [padded[:, r : r + height, c : c + width] for r in range(3) for c in range(3)]
    return np.stack(shifted, axis=1).reshape(-1, height * width)


def convolve(x, weight, bias):
    """Cross-correlate with 3x3 kernels (O, I, 3, 3), stride 1, zero padding 1."""
    out = weight.reshape(len(weight), -1) @ _columns(x) + bias[:, None]
    return out.reshape(-1, *x.shape[1:])


def convolve_backward(gradient, weight):
    height, width = gradient.shape[1:]
    columns = weight.reshape(len(weight), -1).T @ gradient.reshape(len(gradient), -1)
    columns = columns.reshape(-1, 3, 3, height, width)
    padded = np.zeros((weight.shape[1], height + 2, width + 2), gradient.dtype)
    for r in range(3):
        for c in range(3):
            padded[:, r : r + height, c : c + width] += columns[:, r, c]
    return padded[:, 1:-1, 1:-1]


def _corners(x):
    """The four pixels of all 2x2 windows, as strided views without an odd last row or column."""
    height, width = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
    return [x[:, r:height:2, c:width:2] for r in range(2) for c in range(2)]


def average_pool(x):
    return np.mean(_corners(x), axis=0)


def average_pool_backward(gradient, x):
    out = np.zeros_like(x)
    for corner in _corners(out):
        corner[...] = gradient / 4
    return out


def replicated(x):
    """(C, H, W) -> (C, H + 2, W + 2): the edge pixels are repeated outside."""
    return np.pad(x, ((0, 0), (1, 1), (1, 1)), mode="edge")


def replicated_backward(gradient):
    out = gradient[:, 1:-1, 1:-1].copy()
    out[:, 0] += gradient[:, 0, 1:-1]
    out[:, -1] += gradient[:, -1, 1:-1]
    out[:, :, 0] += gradient[:, 1:-1, 0]
    out[:, :, -1] += gradient[:, 1:-1, -1]
    for row in (0, -1):
        for column in (0, -1):
            out[:, row, column] += gradient[:, row, column]
    return out


def max_pool(x):
    return np.max(_corners(x), axis=0)


def max_pool_backward(gradient, x):
    largest = np.argmax(_corners(x), axis=0)
    out = np.zeros_like(x)
    for number, corner in enumerate(_corners(out)):
        corner[...] = np.where(largest == number, gradient, 0)
    return out


def forward(
    weights, x, taps: Iterable[str], *, pooling="max", padding="zero"
) -> dict[str, np.ndarray]:
    """Return the output of every layer up to the last of `taps`, and x itself as `input`.

    With replicate padding conv1_1 is applied to a picture that is one pixel larger on every side,
    and its outermost results, which depend on zeros, are left out.
    """
    pool = {"max": max_pool, "average": average_pool}[pooling]
    outputs = {"input": x}
    for layer in LAYERS[: max(map(LAYERS.index, taps)) + 1]:
        if layer.startswith("conv"):
            weight, bias = weights[f"{layer}.weight"], weights[f"{layer}.bias"]
            if layer == "conv1_1" and padding == "replicate":
                x = convolve(replicated(x), weight, bias)[:, 1:-1, 1:-1]
            else:
                x = convolve(x, weight, bias)
        else:
            x = np.maximum(x, 0) if layer.startswith("relu") else pool(x)
        outputs[layer] = x
    return outputs


def backward(
    weights, outputs, gradients: Mapping[str, np.ndarray], *, pooling="max", padding="zero"
):
    """Return d/dx from the gradients at the taps; `outputs` are those of `forward`."""
    unpool = {"max": max_pool_backward, "average": average_pool_backward}[pooling]
    layers = list(outputs)
    gradient = np.zeros_like(outputs[layers[-1]])
    for layer, before in zip(layers[:0:-1], layers[-2::-1], strict=True):
        gradient = gradient + gradients.get(layer, 0)
        if layer.startswith("conv"):
            weight = weights[f"{layer}.weight"]
            if layer == "conv1_1" and padding == "replicate":
                outside = np.pad(gradient, ((0, 0), (1, 1), (1, 1)))
                gradient = replicated_backward(convolve_backward(outside, weight))
            else:
                gradient = convolve_backward(gradient, weight)
        elif layer.startswith("relu"):
            gradient = np.where(outputs[before] > 0, gradient, 0)
        else:
            gradient = unpool(gradient, outputs[before])
    return gradient


# --- the losses: each returns its value and its gradient ----------------------------------------


def gram(features):
    flat = features.reshape(len(features), -1)
    return flat @ flat.T / flat.size


def content_loss(features, target):
    difference = features - target
    return np.mean(difference**2), 2 * difference / difference.size


def scaled_content_loss(features, target):
    return scaled(features - target)


def weighted_content_loss(features, target, weights, *, scaled):
    """Each pixel counts by its weight (H, W), from 0 to 1."""
    difference = features - target
    squares, sizes = np.sum(weights * difference**2), np.sum(weights * np.abs(difference)) + 1e-8
    if not scaled:
        count = len(features) * np.sum(weights)
        return squares / count, 2 * weights * difference / count
    gradient = 2 * difference / sizes - squares * np.sign(difference) / sizes**2
    return squares / sizes, weights * gradient


def style_loss(features, target):
    """`target` is the style's Gram matrix."""
    flat = features.reshape(len(features), -1)
    difference = gram(features) - target
    gradient = 4 * difference @ flat / (difference.size * flat.size)
    return np.mean(difference**2), gradient.reshape(features.shape)


def scaled(difference, *, epsilon=1e-8):
    """sum(D^2) / (sum|D| + epsilon) and its gradient, by the quotient rule."""
    squares, sizes = np.sum(difference**2), np.sum(np.abs(difference)) + epsilon
    return squares / sizes, (2 * difference * sizes - squares * np.sign(difference)) / sizes**2


def total_variation(x):
    gradient = np.zeros_like(x)
    down, right = x[:, 1:] - x[:, :-1], x[:, :, 1:] - x[:, :, :-1]
    gradient[:, 1:] += np.sign(down) / (2 * down.size)
    gradient[:, :-1] -= np.sign(down) / (2 * down.size)
    gradient[:, :, 1:] += np.sign(right) / (2 * right.size)
    gradient[:, :, :-1] -= np.sign(right) / (2 * right.size)
    return (np.mean(np.abs(down)) + np.mean(np.abs(right))) / 2, gradient


def weighted_total_variation(x, visibility):
    """A difference counts by the smaller visibility (H, W) of its pixels, in both means."""
    loss, gradient = 0.0, np.zeros_like(x)
    for axis in (0, 1):
        length = x.shape[1 + axis]
        first, second = np.arange(length - 1), np.arange(1, length)
        weights = np.fmin(visibility.take(first, axis), visibility.take(second, axis))
        count = 2 * len(x) * np.sum(weights)
        if not count:
            continue
        difference = x.take(second, 1 + axis) - x.take(first, 1 + axis)
        loss += np.sum(weights * np.abs(difference)) / count
        slope = weights * np.sign(difference) / count
        picked = (slice(None),) * (1 + axis)
        gradient[(*picked, second)] += slope
        gradient[(*picked, first)] -= slope
    return loss, gradient


@dataclass(frozen=True)
class Losses:
    """Weighted losses; the style losses count `style_multiplicity` times in the total."""

    content: dict[str, float]
    style: dict[str, float]
    total_variation: float
    style_multiplicity: float = 1.0

    @property
    def total(self) -> float:
        style = self.style_multiplicity * sum(self.style.values())
        return sum(self.content.values()) + style + self.total_variation


class Transfer:
    """The whole objective in float64.

    Weights are given as tap -> weight, styles as (picture, weight), or as (picture, weight, guides)
    with guides (R, h, w) if the image has guides; see `oracle_style`. With a visibility (H, W) the
    image's pixels count by it in content losses and total variation.
    """

    def __init__(
        self,
        weights,
        *,
        content,
        styles,
        content_weights,
        style_weights,
        tv_weight,
        style_multiplicity=1.0,
        content_distance="mse",
        style_distance="mse",
        style_statistics="gram",
        projections=64,
        projection_seed=0,
        guides=None,
        visibility=None,
        architecture=None,
        neighbours=None,
        matching=None,
        query=None,
        seed=(0,),
    ):
        self.weights = {name: np.asarray(value, np.float64) for name, value in weights.items()}
        self.content_weights, self.style_weights = dict(content_weights), dict(style_weights)
        self.tv_weight = tv_weight
        self.architecture = architecture or {}  # `pooling` and `padding`
        self.style_multiplicity = style_multiplicity
        self.taps = {*content_weights, *style_weights, *(neighbours or {})}
        contents = self.outputs(content)
        self.contents = {tap: contents[tap] for tap in content_weights}
        scaled = content_distance == "scaled"
        plain = scaled_content_loss if scaled else content_loss
        self.content_losses = dict.fromkeys(content_weights, plain)
        self.total_variation = total_variation
        if visibility is not None:
            self.content_losses = {
                tap: partial(
                    weighted_content_loss,
                    weights=oracle_style.shrunk(visibility, tap),
                    scaled=scaled,
                )
                for tap in content_weights
            }
            self.total_variation = partial(weighted_total_variation, visibility=visibility)
        self.nearest = None
        if neighbours:
            self.nearest = oracle_matching.Nearest(
                self.outputs,
                styles=[(picture, *rest, None)[:3] for picture, *rest in styles],
                weights=neighbours,
                guides=guides,
                settings=matching,
            )
            if query is not None:
                self.match(query, seed)
        sources = [(self.outputs(picture), *rest) for picture, *rest in styles]
        if style_statistics == "sliced-wasserstein":
            drawn = {"count": projections, "seed": projection_seed}
            self.style_targets = {
                tap: oracle_sliced.targets_at(tap, sources, **drawn) for tap in style_weights
            }
            self.style_losses = {
                tap: oracle_sliced.loss_to(target, tap, guides=guides, **drawn)
                for tap, target in self.style_targets.items()
            }
            return
        self.style_targets = {tap: oracle_style.targets_at(tap, sources) for tap in style_weights}
        self.style_losses = {
            tap: oracle_style.loss_to(
                target, tap, guides=guides, distance=style_distance, statistics=style_statistics
            )
            for tap, target in self.style_targets.items()
        }

    def outputs(self, image) -> dict[str, np.ndarray]:
        return self._forward(normalise(np.asarray(image, np.float64)))

    def match(self, query, seed) -> None:
        """Find the targets of nearest neighbours at a picture."""
        self.nearest.match(query, seed)

    def _forward(self, x):
        return forward(self.weights, x, self.taps, **self.architecture)

    def evaluate(self, x) -> tuple[Losses, np.ndarray]:
        """Return the losses at x and d(total)/dx."""
        outputs = self._forward(x)
        content, style = {}, {}
        gradients = {tap: np.zeros_like(outputs[tap]) for tap in self.taps}
        for tap, weight in self.content_weights.items():
            loss, gradient = self.content_losses[tap](outputs[tap], self.contents[tap])
            content[tap] = weight * loss
            gradients[tap] += weight * gradient
        for tap, style_loss_at in self.style_losses.items():
            weight = self.style_weights[tap]
            loss, gradient = style_loss_at(outputs[tap])
            style[tap] = weight * loss
            gradients[tap] += self.style_multiplicity * weight * gradient
        for name, (loss, found) in (self.nearest.evaluate(outputs) if self.nearest else {}).items():
            weight = self.nearest.weight(name)
            style[name] = weight * loss
            for tap, gradient in found.items():
                gradients[tap] += self.style_multiplicity * weight * gradient
        tv, tv_gradient = self.total_variation(x)
        gradient = backward(self.weights, outputs, gradients, **self.architecture)
        gradient = gradient + self.tv_weight * tv_gradient
        return Losses(content, style, self.tv_weight * tv, self.style_multiplicity), gradient
