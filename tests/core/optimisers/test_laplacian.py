"""The Laplacian pyramid as a change of variables."""

import numpy as np
import oracle_pyramid
import pytest

from nst_core.optimisers import LaplacianPyramid

SIZES = [(37, 41), (16, 24), (5, 2), (1, 7), (3, 3)]


def pyramid(size, levels=8):
    return LaplacianPyramid(height=size[0], width=size[1], levels=levels)


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


def planes(image):
    return image.transpose(2, 0, 1)


@pytest.mark.parametrize("size", SIZES)
def test_is_the_oracles(size):
    image = normal(0, *size, 3)
    levels = oracle_pyramid.decompose(planes(image), 8)
    z = pyramid(size).undo(image)
    if len(levels) > 1:
        np.testing.assert_allclose(z, oracle_pyramid.flatten(levels), atol=1e-14)
    other = normal(1, *z.shape)
    split = [planes(level) for level in pyramid(size).split(other)]
    np.testing.assert_allclose(
        planes(pyramid(size).apply(other)), oracle_pyramid.compose(split), atol=1e-14
    )
    given = pyramid(size).split(pyramid(size).transpose(image))
    wanted = oracle_pyramid.compose_adjoint(planes(image), 8)
    for level, known in zip(given, wanted, strict=True):
        np.testing.assert_allclose(planes(level), known, atol=1e-13)


@pytest.mark.parametrize("size", SIZES)
def test_the_transpose_is_the_adjoint(size):
    change = pyramid(size)
    z, g = normal(2, *change.shape), normal(3, *size, 3)
    left, right = np.vdot(change.apply(z), g), np.vdot(z, change.transpose(g))
    assert left == pytest.approx(right, rel=1e-12)


def test_the_oracles_adjoint_is_the_adjoint():
    levels = [normal(n, 3, *size) for n, size in enumerate(oracle_pyramid.sizes(9, 14, 8))]
    g = normal(9, 3, 9, 14)
    left = np.vdot(oracle_pyramid.compose(levels), g)
    pairs = zip(levels, oracle_pyramid.compose_adjoint(g, 8), strict=True)
    assert left == pytest.approx(sum(np.vdot(a, b) for a, b in pairs), rel=1e-12)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2e-6), ("float64", 1e-14)])
@pytest.mark.parametrize("size", SIZES)
def test_gives_back_the_image(size, dtype, tolerance):
    image = normal(4, *size, 3).astype(dtype)
    z = pyramid(size).undo(image)
    assert z.dtype == image.dtype
    assert z.shape == pyramid(size).shape
    back = pyramid(size).apply(z)
    assert back.dtype == image.dtype
    np.testing.assert_allclose(back, image, atol=tolerance)


def test_the_number_of_levels_is_limited_by_the_shorter_side():
    assert pyramid((64, 96)).sizes == (
        (64, 96), (32, 48), (16, 24), (8, 12), (4, 6), (2, 3), (1, 1)
    )  # fmt: skip
    assert pyramid((63, 96), levels=2).sizes == ((63, 96), (31, 48), (15, 24))
    assert len(pyramid((512, 512)).sizes) == 9
    assert pyramid((5, 5), levels=0).shape == (5, 5, 3)


def test_a_flat_image_is_all_residual():
    z = pyramid((16, 16)).undo(np.full((16, 16, 3), 0.7))
    *levels, residual = pyramid((16, 16)).split(z)
    assert all(abs(level).max() < 1e-15 for level in levels)
    np.testing.assert_allclose(residual, 0.7)
