"""Optimal transport of colours, against distributions whose transport is known."""

import numpy as np
import pytest

from nst_core.images.colour_transport import transported
from nst_core.images.weighted_colours import WeightedColours

RNG = np.random.default_rng(0)
SQUARE = RNG.random((4000, 3))


def even(colours):
    return WeightedColours(np.asarray(colours, float), np.ones(len(colours)))


def moved(source, target, seed=0):
    return transported(even(source), even(target), seed=seed)


def test_the_transport_of_normal_distributions_is_linear():
    """x -> A (x - m_S) + m_T; A is symmetric, positive, and maps one covariance to the other."""
    spread = np.diag([0.2, 0.1, 0.05])
    turn, _ = np.linalg.qr(RNG.standard_normal((3, 3)))
    covariance = turn @ np.diag([0.03, 0.01, 0.004]) @ turn.T
    source = RNG.standard_normal((12000, 3)) @ spread + 0.4
    target = RNG.multivariate_normal([0.6, 0.5, 0.3], covariance, 12000)
    # spread^-1 (spread C spread)^1/2 spread^-1, by the eigenvectors
    values, vectors = np.linalg.eigh(spread @ covariance @ spread)
    root = (vectors * np.sqrt(values)) @ vectors.T
    linear = np.linalg.inv(spread) @ root @ np.linalg.inv(spread)
    expected = (source - 0.4) @ linear + [0.6, 0.5, 0.3]
    found = moved(source, target)
    assert np.abs(found.mean(0) - target.mean(0)).max() < 0.005
    assert np.abs(np.cov(found.T) - covariance).max() < 0.001
    # Of a distance of 0.37 between the colours and their places.
    assert np.sqrt(((found - expected) ** 2).sum(1)).mean() < 0.04


def test_every_direction_has_the_targets_quantiles():
    target = np.concatenate([RNG.normal(0.2, 0.03, (900, 3)), RNG.normal(0.8, 0.05, (2100, 3))])
    found = moved(SQUARE, target)
    levels = np.linspace(0.02, 0.98, 49)
    for direction in [*np.eye(3).tolist(), [1, 1, 1], [1, -1, 0]]:
        ours, theirs = (np.quantile(one @ direction, levels) for one in (found, target))
        assert np.abs(ours - theirs).mean() < 0.02


def test_equal_colours_stay_equal_and_one_colour_becomes_the_mean():
    doubled = np.repeat(SQUARE[:50], 2, axis=0)
    found = moved(doubled, SQUARE)
    np.testing.assert_array_equal(found[::2], found[1::2])
    only = moved(np.full((30, 3), 0.9), SQUARE)
    np.testing.assert_allclose(only, np.broadcast_to(SQUARE.mean(0), (30, 3)), atol=2e-3)


def test_weights_count_and_those_of_zero_do_not():
    greys = np.repeat([[0.1] * 3, [0.9] * 3, [5.0] * 3], 200, axis=0)
    target = WeightedColours(greys, np.repeat([3.0, 1.0, 0.0], 200))
    found = transported(even(SQUARE), target, seed=0)
    assert found.max() < 1.2
    assert found.mean(0) == pytest.approx([0.3] * 3, abs=0.01)
    # Only the darker half of the source counts: it takes all of the target.
    dark = SQUARE.mean(axis=1) < 0.5
    half = transported(WeightedColours(SQUARE, dark * 1.0), even(SQUARE), seed=0)
    assert half[dark].mean(0) == pytest.approx(SQUARE.mean(0), abs=0.02)


def test_the_seed_decides():
    target = SQUARE**2
    np.testing.assert_array_equal(moved(SQUARE, target, 1), moved(SQUARE, target, 1))
    assert not np.array_equal(moved(SQUARE, target, 1), moved(SQUARE, target, 2))


def test_more_colours_than_samples_have_the_same_transport():
    many = RNG.random((40000, 3))
    found = moved(many, many**2)
    assert np.abs(np.sort(found, axis=0) - np.sort(many**2, axis=0)).mean() < 0.01
