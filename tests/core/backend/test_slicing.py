"""The directions of sliced Wasserstein losses, and the quantiles of a style."""

import numpy as np
import oracle_sliced
import pytest

from nst_core.backend.slicing import QUANTILES, directions, quantiles


def test_directions_have_length_one_and_come_from_the_seed_and_the_tap():
    drawn = directions("relu2_1", count=5, seed=3)
    assert drawn.shape == (5, 128)
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1)
    np.testing.assert_allclose(drawn, oracle_sliced.directions("relu2_1", 128, 5, 3), rtol=1e-12)
    np.testing.assert_array_equal(drawn, directions("relu2_1", count=5, seed=3))
    for other in (directions("relu2_1", count=5, seed=4), directions("relu2_2", count=5, seed=3)):
        assert abs(other - drawn).max() > 0.1


def test_quantiles_of_as_many_pixels_as_quantiles_are_the_pixels():
    values = np.random.default_rng(0).standard_normal((QUANTILES, 2))
    np.testing.assert_allclose(quantiles(values), np.sort(values, axis=0).T, rtol=1e-12)


def test_quantiles_of_two_pixels_are_on_the_line_between_their_middles():
    table = quantiles(np.array([[3.0], [1.0]]))[0]
    places = (np.arange(QUANTILES) + 0.5) / QUANTILES
    np.testing.assert_allclose(table, np.clip(1 + 2 * (places - 0.25) / 0.5, 1, 3))


def test_equal_weights_are_as_good_as_none():
    values = np.random.default_rng(1).standard_normal((301, 3))
    weighted = quantiles(values, np.full(301, 0.7))
    np.testing.assert_allclose(weighted, quantiles(values), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_order_of_the_pixels_does_not_matter_even_where_values_are_equal(seed):
    generator = np.random.default_rng(seed)
    values = generator.integers(0, 9, (200, 2)).astype(np.float64)
    density = generator.random(200) * generator.integers(0, 2, 200)
    mixed = generator.permutation(200)
    np.testing.assert_allclose(
        quantiles(values[mixed], density[mixed]), quantiles(values, density), rtol=1e-9
    )
    wanted = oracle_sliced.quantiles(values[:, 1], density / density.sum())
    np.testing.assert_allclose(quantiles(values, density)[1], wanted, rtol=1e-9, atol=1e-9)


def test_a_pixel_without_weight_does_not_count():
    values = np.array([[1.0], [9.0], [2.0]])
    np.testing.assert_allclose(
        quantiles(values, np.array([1.0, 0.0, 1.0])), quantiles(values[[0, 2]])
    )
