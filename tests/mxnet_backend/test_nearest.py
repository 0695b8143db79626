"""The search for nearest neighbours, block by block, and grids read strip by strip."""

import numpy as np
import pytest

from nst_core.backend.positions import Grid


@pytest.fixture
def nearest(backend):
    from nst_mxnet import nearest
    from nst_mxnet._framework import mx

    with mx.util.np_shape(True), mx.util.np_array(True):
        yield nearest


def features(count, *, seed):
    return np.random.default_rng(seed).standard_normal((count, 6))


def test_blocks_find_what_the_whole_finds(nearest, monkeypatch):
    from nst_mxnet._framework import mx

    def searched():
        image, style = (
            nearest._Set(mx.np.array(one, dtype="float64"), mx.np.zeros(6, dtype="float64"))
            for one in (features(23, seed=1), features(31, seed=2))
        )
        return nearest.nearest(image, style)

    cosines, indices = searched()
    first, second = (
        one / np.linalg.norm(one, axis=1, keepdims=True)
        for one in (features(23, seed=1), features(31, seed=2))
    )
    np.testing.assert_array_equal(indices, np.argmax(first @ second.T, axis=1))
    np.testing.assert_allclose(cosines, np.max(first @ second.T, axis=1), rtol=1e-12)
    monkeypatch.setattr(nearest, "STYLE_ROWS", 7)
    monkeypatch.setattr(nearest, "IMAGE_ROWS", 5)
    again = searched()
    np.testing.assert_array_equal(again[1], indices)
    np.testing.assert_allclose(again[0], cosines, rtol=1e-12)


def test_of_equal_features_the_first_counts_also_across_blocks(nearest, monkeypatch):
    from nst_mxnet._framework import mx

    monkeypatch.setattr(nearest, "STYLE_ROWS", 4)
    own = features(3, seed=3)
    style = np.concatenate([features(5, seed=4), own, own, own])
    found = nearest.nearest(
        *(
            nearest._Set(mx.np.array(one, dtype="float64"), mx.np.zeros(6, dtype="float64"))
            for one in (own, style)
        )
    )
    np.testing.assert_array_equal(found[1], [5, 6, 7])


def test_a_grid_read_in_strips_is_the_whole_and_its_gradient_is_the_adjoint(nearest):
    from nst_mxnet._framework import mx
    from nst_mxnet.resampling import Resampling

    generator = np.random.default_rng(5)
    grid = Grid((8, 6), np.array([0, 3, 7]), np.array([1, 5]))
    values = mx.np.array(generator.standard_normal((1, 4, 13, 9)), dtype="float64")
    resampling = Resampling(grid, (13, 9), like=values)
    whole = resampling.of(values, slice(0, 13))
    strips = [slice(0, 1), slice(1, 6), slice(6, 12), slice(12, 13)]
    parts = sum(resampling.of(values[:, :, rows], rows) for rows in strips)
    np.testing.assert_allclose(parts.asnumpy(), whole.asnumpy(), atol=1e-14)
    # The corners coincide: row 7 of 8 is row 12 of 13, and column 5 of 6 column 8 of 9.
    np.testing.assert_allclose(whole.asnumpy()[:, 2, 1], values.asnumpy()[0, :, 12, 8])

    other = mx.np.array(generator.standard_normal(whole.shape), dtype="float64")
    gradient = np.concatenate([resampling.gradient(other, rows).asnumpy() for rows in strips], 2)
    left = np.vdot(whole.asnumpy(), other.asnumpy())
    assert left == pytest.approx(np.vdot(values.asnumpy(), gradient), rel=1e-12)
