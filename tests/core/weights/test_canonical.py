"""The canonical form: what it accepts, refuses, and guarantees."""

import numpy as np
import pytest

from nst_core.errors import WeightsError
from nst_core.vgg19 import CONVOLUTIONS
from nst_core.weights import Weights, from_features, load
from nst_core.weights.canonical import SHAPES, canonical_names


@pytest.fixture(scope="module")
def weights():
    return load("random:3")


def refusal(arrays) -> str:
    with pytest.raises(WeightsError) as caught:
        Weights(arrays, source="somewhere")
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("somewhere: ")
    return message


def features(weights):
    """The same arrays under torchvision's names, with the classifier beside them."""
    renamed = {
        f"features.{layer.index}.{part}": weights[f"{layer.name}.{part}"]
        for layer in CONVOLUTIONS
        for part in ("weight", "bias")
    }
    return {**renamed, "classifier.0.weight": np.zeros((2, 2), np.float32)}


def test_names_and_shapes_are_those_of_vgg19(weights):
    assert len(weights) == 32
    assert list(weights)[:3] == ["conv1_1.weight", "conv1_1.bias", "conv1_2.weight"]
    assert list(weights)[-1] == "conv5_4.bias"
    assert weights["conv1_1.weight"].shape == (64, 3, 3, 3)
    assert weights["conv4_1.weight"].shape == (512, 256, 3, 3)
    assert weights["conv5_4.bias"].shape == (512,)
    assert sum(array.size for array in weights.values()) == 20_024_384


def test_order_does_not_depend_on_the_order_given(weights):
    backwards = Weights(
        {name: weights[name] for name in reversed(list(weights))}, source="backwards"
    )
    assert list(backwards) == list(SHAPES)
    assert backwards.checksum == weights.checksum


def test_arrays_are_float32_contiguous_and_read_only(weights):
    for array in weights.values():
        assert array.dtype == np.float32
        assert array.flags.c_contiguous
        assert not array.flags.writeable


def test_arrays_are_copies(weights):
    bias = np.zeros(64, np.float32)
    mine = Weights({**weights, "conv1_1.bias": bias}, source="mine")
    bias[0] = 7
    assert mine["conv1_1.bias"][0] == 0


def test_attributes_cannot_be_set(weights):
    with pytest.raises(AttributeError):
        weights.source = "elsewhere"
    with pytest.raises(AttributeError):
        weights.other = 1
    with pytest.raises(TypeError):
        weights["conv1_1.bias"] = np.zeros(64)


@pytest.mark.parametrize("dtype", [np.float16, np.float64, ">f4"])
def test_any_floating_dtype_is_cast(weights, dtype):
    bias = np.linspace(-1, 1, 64).astype(dtype)
    result = Weights({**weights, "conv1_1.bias": bias}, source="cast")["conv1_1.bias"]
    assert result.dtype == np.float32
    assert np.array_equal(result, bias.astype(np.float32))


def test_other_memory_orders_are_straightened(weights):
    fortran = np.asfortranarray(weights["conv2_1.weight"])
    assert Weights({**weights, "conv2_1.weight": fortran}, source="f") == weights


def test_missing_name(weights):
    arrays = {name: array for name, array in weights.items() if name != "conv3_2.bias"}
    assert "conv3_2.bias is missing" in refusal(arrays)


def test_unknown_name(weights):
    assert "'conv6_1.weight'" in refusal({**weights, "conv6_1.weight": np.zeros(3)})


def test_wrong_shape(weights):
    message = refusal({**weights, "conv1_2.weight": np.zeros((64, 3, 3, 3), np.float32)})
    assert "conv1_2.weight has shape (64, 3, 3, 3), expected (64, 64, 3, 3)" in message


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, bool, complex])
def test_other_dtypes_are_refused(weights, dtype):
    assert "conv1_1.bias holds" in refusal({**weights, "conv1_1.bias": np.zeros(64, dtype)})


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
def test_values_that_float32_cannot_hold_are_refused(weights, value):
    bias = np.zeros(64, np.float64)
    bias[-1] = value
    message = refusal({**weights, "conv1_1.bias": bias})
    assert "conv1_1.bias holds a value that is not finite" in message


def test_checksum_tells_values_apart_but_not_sources(weights):
    same = Weights(dict(weights), source="elsewhere")
    assert same.checksum == weights.checksum
    assert same == weights
    assert hash(same) == hash(weights)
    bias = weights["conv5_4.bias"].copy()
    bias[-1] = np.nextafter(bias[-1], np.float32(1))
    other = Weights({**weights, "conv5_4.bias": bias}, source=weights.source)
    assert other.checksum != weights.checksum
    assert other != weights


def test_features_names_are_renamed(weights):
    assert from_features(features(weights), source="zoo") == weights
    assert from_features(features(weights), source="zoo").source == "zoo"


def test_features_index_n_is_the_nth_layer():
    assert canonical_names({"module.features.34.bias": 1}) == {"conv5_4.bias": 1}
    assert canonical_names({"features.2.weight": 1, "classifier.3.bias": 2}) == {
        "conv1_2.weight": 1
    }


def test_another_network_is_refused():
    with pytest.raises(WeightsError, match=r"^zoo: features\.17\.weight is not a convolution"):
        from_features({"features.17.weight": np.zeros(1)}, source="zoo")


def test_the_same_tensor_twice_is_refused():
    with pytest.raises(WeightsError, match=r"conv1_1\.bias is given twice"):
        canonical_names({"features.0.bias": 1, "module.features.0.bias": 1})


def test_a_source_with_a_line_break_still_gives_one_line():
    with pytest.raises(WeightsError) as caught:
        Weights({}, source="a\nb")
    assert "\n" not in str(caught.value)
