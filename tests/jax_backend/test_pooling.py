"""Max pooling and its gradient: equal values, and values that are no numbers."""

import numpy as np


def test_gradient_goes_to_the_first_of_equal_values(backend):
    import jax

    from nst_jax.pooling import pool

    x = np.zeros((5, 4, 1), np.float32)
    x[2, 1], x[3, 0], x[0, 2], x[0, 3] = 1, 1, 2, 2
    gradient = jax.grad(lambda x: pool(x, "max").sum())(x)
    wanted = np.zeros_like(x)
    wanted[0, 0] = wanted[2, 1] = wanted[0, 2] = wanted[2, 2] = 1
    np.testing.assert_array_equal(gradient, wanted)


def test_what_is_no_number_stays_none(backend):
    from nst_jax.pooling import pool

    for place in range(4):
        x = np.ones((2, 2, 1), np.float32)
        x.flat[place] = np.nan
        assert np.isnan(pool(x, "max")).all()
