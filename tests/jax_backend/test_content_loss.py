"""The absolute value that the losses take."""

import numpy as np


def test_derivative_at_the_kink_is_zero(backend):
    import jax

    from nst_jax.content_loss import absolute

    x = np.array([-2.0, -0.0, 0.0, 3.0], np.float32)
    np.testing.assert_array_equal(absolute(x), np.abs(x))
    np.testing.assert_array_equal(jax.grad(lambda x: absolute(x).sum())(x), [-1, 0, 0, 1])
