"""The guided filter as local affine maps of colours."""

import numpy as np
import pytest

from nst_core.images.guided_filter import affine_maps, apply_maps

RNG = np.random.default_rng(0)
GUIDE = RNG.random((20, 30, 3))
EVEN = np.ones((20, 30))
LINEAR = np.array([[0.5, 0.1, 0], [0.2, 0.4, 0.1], [0, 0.3, 0.9]])


def test_an_affine_map_of_the_guide_is_found_exactly():
    image = GUIDE @ LINEAR + [0.1, 0.2, 0.3]
    maps = affine_maps(GUIDE, image, weights=EVEN, radius=3, ridge=0)
    np.testing.assert_allclose(apply_maps(GUIDE, maps), image, atol=1e-5)
    # Maps are smooth, so they also fit a guide of another size.
    large = GUIDE.repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_allclose(apply_maps(large, maps), large @ LINEAR + [0.1, 0.2, 0.3], atol=1e-5)


def least_squares(guide, image, weights, y, x, radius, ridge):
    """The map of one window, by least squares over its pixels, shrunk to the identity."""
    rows = slice(max(0, y - radius), y + radius + 1)
    columns = slice(max(0, x - radius), x + radius + 1)
    root = np.sqrt(weights[rows, columns].reshape(-1, 1) / weights[rows, columns].sum())
    a, b = (one[rows, columns].reshape(-1, 3) for one in (guide, image))
    design = np.concatenate([a, np.ones((len(a), 1))], axis=1) * root
    system = np.concatenate([design, np.sqrt(ridge) * np.eye(3, 4)])
    wanted = np.concatenate([b * root, np.sqrt(ridge) * np.eye(3)])
    return np.linalg.lstsq(system, wanted, rcond=None)[0]


@pytest.mark.parametrize("weighted", [False, True])
def test_maps_are_those_of_least_squares(weighted):
    image = RNG.random(GUIDE.shape)
    weights = RNG.random((20, 30)) if weighted else EVEN
    radius, ridge = 2, 0.01
    found = affine_maps(GUIDE, image, weights=weights, radius=radius, ridge=ridge)
    for y, x in ((10, 15), (0, 0)):
        inside = [
            (v, u) for v in range(20) for u in range(30) if max(abs(v - y), abs(u - x)) <= radius
        ]
        fitted = [least_squares(GUIDE, image, weights, v, u, radius, ridge) for v, u in inside]
        share = [weights[place] for place in inside]
        np.testing.assert_allclose(
            found[y, x], np.average(fitted, axis=0, weights=share), atol=1e-6
        )


def test_noise_of_the_image_goes_and_edges_of_the_guide_stay():
    guide = np.zeros((40, 40, 3))
    guide[:, 20:] = 0.8
    noisy = 1 - guide + RNG.normal(0, 0.1, guide.shape)
    maps = affine_maps(guide, noisy, weights=np.ones((40, 40)), radius=5, ridge=1e-3)
    found = apply_maps(guide, maps)
    assert np.abs(found - (1 - guide)).max() < 0.05


def test_pixels_of_weight_zero_do_not_count():
    weights = EVEN.copy()
    weights[:, 15:] = 0
    image = GUIDE @ LINEAR
    spoiled = image.copy()
    spoiled[:, 15:] = RNG.random((20, 15, 3))
    maps = affine_maps(GUIDE, spoiled, weights=weights, radius=4, ridge=1e-6)
    np.testing.assert_allclose(apply_maps(GUIDE, maps)[:, :15], image[:, :15], atol=1e-4)
