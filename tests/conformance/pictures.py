"""Pictures and weights for the suite, all seeded.

Every value of a picture is a multiple of 1/256, which float32 holds exactly. So neighbours that
are equal or differ are so in float32 as well, and float32 and float64 stand on the same side of
the kinks of |.|: with arbitrary float64 values the float32 gradient is off by 5e-4, rightly.

And the pictures have grain. Within one flat colour all four pixels of a pooling window tie, the
rounding error of the convolution decides which of them gets the gradient, and two right answers
differ by some percent: there the gradient is no fact that could be tested. `clearance` says how far
the pictures keep from that.
"""

from functools import lru_cache

import numpy as np
import oracle

import nst_core.weights


def picture(seed: int, height: int, width: int) -> np.ndarray:
    """Waves and grain, (H, W, 3) float64 in (0, 1)."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    image = np.empty((height, width, 3))
    for channel in range(3):
        frequency, phase = generator.uniform(0.1, 0.6, 2), generator.uniform(0, 6, 1)
        wave = np.sin(frequency[0] * rows + frequency[1] * columns + phase)
        image[..., channel] = 0.5 + 0.3 * wave + generator.uniform(-0.15, 0.15, wave.shape)
    return _exact(image)


def noise(seed: int, height: int, width: int) -> np.ndarray:
    """Standard normal in the normalised image, so well outside [0, 1] in places."""
    x = np.random.default_rng(seed).standard_normal((3, height, width))
    return _exact(oracle.denormalise(x))


def half_flat(seed: int, height: int, width: int) -> np.ndarray:
    """A picture whose upper half is one colour: equal neighbours, where |.| has no derivative."""
    image = picture(seed, height, width)
    image[: height // 2] = 0.75
    return image


def guides(count: int, height: int, width: int) -> np.ndarray:
    """Soft regions (R, H, W) that sum to 1 everywhere but in a corner that belongs to none.

    The last is a few pixels large, of which nothing is left from block 2 or 3 on.
    """
    rows, columns = np.mgrid[:height, :width]
    edges = np.linspace(0, width, count)[1:-1, None, None]
    steps = np.clip((columns - edges + np.sin(rows)) / 4, 0, 1)
    shares = np.abs(np.diff(steps, axis=0, prepend=1, append=0))
    found = np.concatenate([shares, np.zeros((1, height, width))])
    found[:, -1, -1] = 0
    found[-1, -1, -1] = 1
    found[:, :2, :3] = 0
    return _exact(found)


def _exact(image: np.ndarray) -> np.ndarray:
    return np.round(image * 256) / 256


@lru_cache(maxsize=3)
def weights(source: str):
    """Canonical arrays: `he`, drawn here, with biases; or anything that nst_core.weights loads."""
    return _he() if source == "he" else nst_core.weights.load(source)


def _he() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(19)
    arrays, channels = {}, 3
    for layer in oracle.LAYERS:
        if layer.startswith("conv"):
            shape = (oracle.CHANNELS[int(layer[4])], channels, 3, 3)
            scale = np.float32(np.sqrt(2 / (9 * channels)))
            arrays[f"{layer}.weight"] = generator.standard_normal(shape, np.float32) * scale
            # Not zero, or a backend that forgets the biases would pass.
            arrays[f"{layer}.bias"] = 0.1 * generator.standard_normal(shape[0], np.float32)
            channels = shape[0]
    return arrays
