"""Max pooling and its gradient, beside MXNet's own."""

import numpy as np


def test_gradient_goes_to_the_first_of_equal_values(backend):  # the fixture imports MXNet
    from nst_mxnet._framework import mx
    from nst_mxnet.pooling import max_pool, max_pool_backward

    rng = np.random.default_rng(2)
    values = rng.integers(0, 3, (1, 8, 7, 9)).astype(np.float32)
    above = rng.random((1, 8, 3, 4), dtype=np.float32)
    with mx.util.np_shape(True), mx.util.np_array(True):
        pooled, argmax = max_pool(mx.np.array(values))
        found = max_pool_backward(mx.np.array(above), argmax, values.shape).asnumpy()
        x = mx.np.array(values)
        x.attach_grad()
        with mx.autograd.record():
            library = mx.npx.pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max")
        library.backward(mx.np.array(above))
    np.testing.assert_array_equal(pooled.asnumpy(), library.asnumpy())
    # Where all four values are zero, a ReLU before the pooling lets no gradient through.
    np.testing.assert_array_equal(found * (values > 0), x.grad.asnumpy() * (values > 0))
    assert not found[values == 0].any()
