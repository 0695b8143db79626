"""The judges' network against the oracle's."""

import numpy as np
import oracle
import pytest

from nst_core import weights


def test_features_are_the_oracles(modules):
    from judging import network

    image = np.random.default_rng(0).random((20, 28, 3))
    taps = ("relu1_1", "conv2_2", "relu3_1", "relu4_1")
    found = network.features(image, taps)
    expected = oracle.forward(weights.load("bundled"), oracle.normalise(image), taps)
    for tap in taps:
        values = found[tap].numpy()
        assert values == pytest.approx(expected[tap], rel=1e-3, abs=1e-2)
