"""Replication padding and its gradient."""

import numpy as np
import pytest


def test_edge_pixels_are_repeated(backend):  # the fixture imports MXNet
    from nst_mxnet._framework import mx
    from nst_mxnet.padding import replicate_pad, replicate_pad_backward

    rng = np.random.default_rng(5)
    values, above = rng.standard_normal((1, 3, 5, 4)), rng.standard_normal((1, 3, 7, 6))
    with mx.util.np_shape(True), mx.util.np_array(True):
        padded = replicate_pad(mx.np.array(values, dtype="float64")).asnumpy()
        gradient = replicate_pad_backward(mx.np.array(above, dtype="float64")).asnumpy()
    around = (0, 0), (0, 0), (1, 1), (1, 1)
    np.testing.assert_array_equal(padded, np.pad(values, around, mode="edge"))
    # The padding is linear, so its gradient is the transpose.
    assert np.sum(values * gradient) == pytest.approx(np.sum(padded * above), rel=1e-12)
