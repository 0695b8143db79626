"""Random weights: the same everywhere, and fit to run through."""

import numpy as np
import pytest

from nst_core.errors import WeightsError
from nst_core.weights import load
from nst_core.weights.measure_activations import mean_activations

CHECKSUM = "7a0aeaee501738be7339b487e1e4e39e8b4c139020926969274710cf0e776811"


@pytest.fixture(scope="module")
def weights():
    return load("random")


def test_seed_zero_is_the_default_and_always_the_same(weights):
    assert weights.checksum == CHECKSUM
    assert weights.source == "random"
    assert load("random:0").checksum == CHECKSUM


def test_another_seed_is_another_network(weights):
    assert load("random:1").checksum != weights.checksum


def test_variance_is_he_s(weights):
    for name, array in weights.items():
        if array.ndim == 1:
            assert not array.any()
        else:
            expected = np.sqrt(2 / (9 * array.shape[1]))
            # The standard deviation of n normal numbers is known to 1 / sqrt(2 n).
            tolerance = 5 / np.sqrt(2 * array.size)
            assert array.std() == pytest.approx(expected, rel=tolerance), name


def test_activations_stay_of_order_one(weights):
    picture = np.random.default_rng(0).random((48, 64, 3)).astype(np.float32)
    for name, mean in mean_activations(weights, picture).items():
        assert 0.1 < mean < 10, (name, mean)


def test_largest_seed():
    assert load("random:18446744073709551615").source == "random:18446744073709551615"


@pytest.mark.parametrize(
    "seed", ["", "-1", "x", "1.5", "1 ", "٣", "18446744073709551616", "1" * 5000, "1\n2"]
)
def test_bad_seeds(seed):
    with pytest.raises(WeightsError, match=r"^bad seed .* as in random:7$") as caught:
        load(f"random:{seed}")
    assert len(str(caught.value)) < 200
