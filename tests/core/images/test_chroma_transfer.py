"""The style's colours laid over a painted picture, against the formulas written out."""

import numpy as np
import pytest

from nst_core.images.chroma_transfer import in_style_colours
from nst_core.images.weighted_colours import WeightedColours

RNG = np.random.default_rng(0)
SIZE = (9, 12)
EVEN = np.ones(SIZE)


def lab(lightness, colour, size=SIZE):
    """Normal OKLab colours; two axes of `colour` that are not independent."""
    light = RNG.normal(0.5, lightness, (*size, 1))
    axes = RNG.standard_normal((*size, 2)) @ [[colour, colour / 2], [0, colour / 3]]
    return np.concatenate([light, axes], axis=2)


def style_of(image):
    return WeightedColours(image.reshape(-1, 3), np.ones(image.shape[0] * image.shape[1]))


PAINTED, CONTENT = lab(0.2, 0.02), lab(0.1, 0.05)
STYLE = lab(0.15, 0.03, (20, 20)) + np.array([0, 0.1, 0])


def root(matrix):
    y, z = matrix, np.eye(len(matrix))
    for _ in range(60):
        y, z = (y + np.linalg.inv(z)) / 2, (z + np.linalg.inv(y)) / 2
    return y


def moved(source, statistics, target):
    """(K_T + r)^1/2 (K_S + r)^-1/2 (x - m_S) + m_T, the roots by Denman and Beavers."""
    s, t = (one.reshape(-1, one.shape[-1]) for one in (statistics, target))
    k_s, k_t = (np.cov(one.T, bias=True) + 1e-4 * np.eye(one.shape[1]) for one in (s, t))
    return (source - s.mean(0)) @ (root(k_t) @ np.linalg.inv(root(k_s))).T + t.mean(0)


def bilateral(chroma, lightness):
    height, width = lightness.shape
    for _ in range(5):
        result = np.zeros_like(chroma)
        for y, x in np.ndindex(height, width):
            total = 0.0
            for v in (y - 1, y, y + 1):
                for u in (x - 1, x, x + 1):
                    place = (min(max(v, 0), height - 1), min(max(u, 0), width - 1))
                    weight = np.exp(-10 * abs(lightness[place] - lightness[y, x]))
                    result[y, x] += weight * chroma[place]
                    total += weight
            result[y, x] /= total
        chroma = result
    return chroma


def clamped(image, style):
    flat = style.reshape(-1, 3)
    return np.clip(image, flat.min(0), flat.max(0))


def test_lightness_is_the_painted_and_colours_are_the_contents_moved():
    found = in_style_colours(PAINTED, CONTENT, share=EVEN, style=style_of(STYLE))
    light = np.clip(PAINTED[..., 0], STYLE[..., 0].min(), STYLE[..., 0].max())
    chroma = bilateral(moved(CONTENT[..., 1:], CONTENT[..., 1:], STYLE[..., 1:]), light)
    expected = clamped(np.concatenate([light[..., None], chroma], axis=2), STYLE)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    small = in_style_colours(PAINTED.astype(np.float32), CONTENT, share=EVEN, style=style_of(STYLE))
    assert small.dtype == np.float32
    np.testing.assert_allclose(small, expected, atol=1e-5)


@pytest.mark.parametrize("grey", ["style", "content"])
def test_without_colours_all_channels_of_the_painted_picture_are_moved(grey):
    content, style = CONTENT, STYLE
    if grey == "style":
        style = STYLE * [1, 0.1, 0.1]
    else:
        content = CONTENT * [1, 0.05, 0.05]
    found = in_style_colours(PAINTED, content, share=EVEN, style=style_of(style))
    light = np.clip(PAINTED[..., 0], style[..., 0].min(), style[..., 0].max())
    image = np.concatenate([light[..., None], PAINTED[..., 1:]], axis=2)
    np.testing.assert_allclose(found, clamped(moved(image, image, style), style), atol=1e-12)


def test_only_the_share_counts_in_the_statistics():
    share = np.zeros(SIZE)
    share[:, :5] = 0.5
    other = CONTENT.copy()
    other[:, 5:] += 0.3
    first, second = (
        in_style_colours(PAINTED, one, share=share, style=style_of(STYLE))
        for one in (CONTENT, other)
    )
    # Five passes of the filter reach no further than the first column.
    np.testing.assert_allclose(first[:, 0], second[:, 0], atol=1e-3)
    half = in_style_colours(
        PAINTED[:, :5], CONTENT[:, :5], share=EVEN[:, :5], style=style_of(STYLE)
    )
    np.testing.assert_allclose(first[:, 0], half[:, 0], atol=1e-2)
    assert np.abs(first[:, 0] - PAINTED[:, 0]).max() > 0.01
