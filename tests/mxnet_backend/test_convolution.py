"""The convolution's gradient is MXNet's own, in float32 to the bit."""

import numpy as np
import pytest


@pytest.fixture
def numpy_semantics(backend):  # the fixture imports MXNet
    from nst_mxnet._framework import mx

    with mx.util.np_shape(True), mx.util.np_array(True):
        yield mx


def arrays(mx, dtype):
    rng = np.random.default_rng(4)
    shapes = (1, 5, 9, 7), (6, 5, 3, 3), (6,), (1, 6, 9, 7)
    return [mx.np.array(rng.standard_normal(shape), dtype=dtype) for shape in shapes]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("replicates", [False, True])
def test_gradient_is_the_library_s(numpy_semantics, dtype, replicates):
    from nst_mxnet.convolution import convolve, convolve_backward

    mx = numpy_semantics
    x, weight, bias, above = arrays(mx, dtype)
    found = convolve_backward(above, weight, replicates=replicates).asnumpy()
    x.attach_grad()
    with mx.autograd.record():
        out = convolve(x, weight, bias, replicates=replicates)
    out.backward(above)
    assert out.shape == above.shape
    if dtype == "float32" and not replicates:
        np.testing.assert_array_equal(found, x.grad.asnumpy())
    else:  # the terms are added in another order
        bound = 1e-5 if dtype == "float32" else 1e-13
        np.testing.assert_allclose(found, x.grad.asnumpy(), rtol=0, atol=bound)
