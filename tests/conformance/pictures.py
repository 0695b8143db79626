"""Pictures and weights for the suite, all seeded.

Every value of a picture is a multiple of 1/256, which float32 represents exactly. So neighbours
that are equal or different in float64 are so in float32, and both types are on the same side of the
kink of |x| at 0. With arbitrary float64 values the float32 gradient is correct but differs by 5e-4.

The pictures also have grain. In an area of one colour all four pixels of a pooling window are
equal. The rounding error of the convolution then decides which of them gets the gradient, and two
correct gradients differ by some percent, so nothing can be tested there. `kink_distance` returns
how far a picture is from such a point.
"""

from functools import lru_cache

import numpy as np
import oracle

import nst_core.weights


def picture(seed: int, height: int, width: int) -> np.ndarray:
    """Return waves and grain, (H, W, 3) float64 in (0, 1)."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    image = np.empty((height, width, 3))
    for channel in range(3):
        frequency, phase = generator.uniform(0.1, 0.6, 2), generator.uniform(0, 6, 1)
        wave = np.sin(frequency[0] * rows + frequency[1] * columns + phase)
        image[..., channel] = 0.5 + 0.3 * wave + generator.uniform(-0.15, 0.15, wave.shape)
    return _exact(image)


def noise(seed: int, height: int, width: int) -> np.ndarray:
    """Return an image that is standard normal when normalised, so in places far outside [0, 1]."""
    x = np.random.default_rng(seed).standard_normal((3, height, width))
    return _exact(oracle.denormalise(x))


def half_flat(seed: int, height: int, width: int) -> np.ndarray:
    """Return a picture whose upper half is one colour: there |x| has no derivative."""
    image = picture(seed, height, width)
    image[: height // 2] = 0.75
    return image


def guides(count: int, height: int, width: int) -> np.ndarray:
    """Return soft regions (R, H, W), which sum to 1 except in a corner that is in no region.

    The last region is a few pixels large; from block 2 or 3 on, nothing is left of it.
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


def visibility(height: int, width: int) -> np.ndarray:
    """Return (H, W) in [0, 1]: nothing on the left, all on the right, a soft and wavy edge."""
    rows, columns = np.mgrid[:height, :width]
    return _exact(np.clip((columns - width / 3 + 2 * np.sin(rows / 3)) / 5, 0, 1))


def _exact(image: np.ndarray) -> np.ndarray:
    return np.round(image * 256) / 256


@lru_cache(maxsize=3)
def weights(source: str):
    """Return canonical arrays: `he`, drawn here, with biases; or a source of nst_core.weights."""
    return _he() if source == "he" else nst_core.weights.load(source)


def _he() -> dict[str, np.ndarray]:
    generator = np.random.default_rng(19)
    arrays, channels = {}, 3
    for layer in oracle.LAYERS:
        if layer.startswith("conv"):
            shape = (oracle.CHANNELS[int(layer[4])], channels, 3, 3)
            scale = np.float32(np.sqrt(2 / (9 * channels)))
            arrays[f"{layer}.weight"] = generator.standard_normal(shape, np.float32) * scale
            # Not zero: otherwise a backend that forgets the biases would pass.
            arrays[f"{layer}.bias"] = 0.1 * generator.standard_normal(shape[0], np.float32)
            channels = shape[0]
    return arrays
