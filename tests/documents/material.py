"""The input and output of every transcription: pictures, weights, and reported losses."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import PIL.Image

import nst_core.weights
from nst_core.vgg19 import CONVOLUTIONS


class Reported(NamedTuple):
    """The losses of one step, before its update; ``total`` is what is minimised."""

    content: float
    style: float
    tv: float
    total: float


@dataclass(frozen=True)
class Material:
    """Two pictures, 8-bit RGB (H, W, 3), and VGG-19 as canonical float32 arrays."""

    content: np.ndarray
    style: np.ndarray
    weights: nst_core.weights.Weights

    @property
    def content_img(self) -> PIL.Image.Image:
        return PIL.Image.fromarray(self.content)

    @property
    def style_img(self) -> PIL.Image.Image:
        return PIL.Image.fromarray(self.style)

    def indexed_arrays(self) -> dict[str, np.ndarray]:
        """Return the weights by their names in ``features``: ``0.weight``, ``0.bias`` ..."""
        return {
            f"{layer.index}.{kind}": np.array(self.weights[f"{layer.name}.{kind}"])
            for layer in CONVOLUTIONS
            for kind in ("weight", "bias")
        }


def material(*, content: tuple[int, int], style: tuple[int, int]) -> Material:
    """Return pictures of (height, width) and the weights ``random:0``."""
    return Material(picture(1, *content), picture(2, *style), random_weights())


def picture(seed: int, height: int, width: int) -> np.ndarray:
    """Return smooth noise with grain; channels differ, and different pictures have other means."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (height // 8 + 2, width // 8 + 2, 3), dtype=np.uint8)
    smooth = PIL.Image.fromarray(coarse).resize((width, height), PIL.Image.Resampling.BICUBIC)
    grain = generator.integers(-24, 25, (height, width, 3))
    tint = generator.integers(-40, 41, 3)
    return np.clip(np.asarray(smooth, np.int64) + grain + tint, 0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def random_weights() -> nst_core.weights.Weights:
    return nst_core.weights.load("random:0")
