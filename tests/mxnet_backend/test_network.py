"""The network holds the weights that it is given, unchanged."""

import numpy as np
import pytest

from nst_core.vgg19 import CONVOLUTIONS
from nst_core.weights import load


@pytest.fixture(scope="module")
def weights():
    return load("random:3")


@pytest.fixture
def network(backend, weights):
    from nst_mxnet._framework import mx
    from nst_mxnet.network import Network

    with mx.util.np_shape(True), mx.util.np_array(True):
        yield Network(weights, taps=["relu5_4", "conv1_1"], device=mx.cpu(), dtype="float32")


def test_arrays_are_exactly_those_given(network, weights):
    for layer in CONVOLUTIONS:
        for part, array in zip(("weight", "bias"), network.parameters[layer.name], strict=True):
            held, given = array.asnumpy(), weights[f"{layer.name}.{part}"]
            assert held.dtype == given.dtype
            np.testing.assert_array_equal(held, given)


def test_taps_are_in_the_network_s_order(network):
    assert network.taps == ("conv1_1", "relu5_4")
