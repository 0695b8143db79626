"""The topology as data, against torchvision's and GluonCV's own."""

import pytest
import torch
from torch import nn

from nst_core import vgg19
from nst_core.errors import SpecError

KINDS = {"Conv2d": "conv", "ReLU": "relu", "MaxPool2d": "pool"}


def test_layers_are_torchvisions_features():
    from torchvision.models import vgg19 as torchvision_vgg19

    with torch.device("meta"):
        features = torchvision_vgg19().features
    assert len(features) == len(vgg19.LAYERS)
    for index, (theirs, ours) in enumerate(zip(features, vgg19.LAYERS, strict=True)):
        assert ours.index == index
        assert ours.kind == KINDS[type(theirs).__name__]
        if isinstance(theirs, nn.Conv2d):
            assert (theirs.in_channels, theirs.out_channels) == (
                ours.in_channels,
                ours.out_channels,
            )


@pytest.mark.parametrize(
    ("index", "name"),
    [
        (0, "conv1_1"),
        (1, "relu1_1"),
        (5, "conv2_1"),
        (10, "conv3_1"),
        (19, "conv4_1"),
        (25, "conv4_4"),
        (28, "conv5_1"),
        (35, "relu5_4"),
    ],
)
def test_the_documents_indices(index, name):
    assert vgg19.tap_name(index) == vgg19.tap_name(str(index)) == vgg19.tap_name(name) == name


@pytest.mark.parametrize(
    "tap", ["pool1", "4", 36, "conv1_3", "", "relu", -1, "conv1_1 relu1_1", "²"]
)
def test_what_is_no_tap(tap):
    with pytest.raises(SpecError, match="unknown tap"):
        vgg19.tap_name(tap)


def test_shapes_and_smallest_side():
    assert vgg19.feature_shape("conv5_1", height=300, width=450) == (512, 18, 28)
    assert vgg19.smallest_side(["conv5_1", "relu1_1"]) == 16
    assert vgg19.smallest_side(["relu1_2"]) == 2
    for tap in vgg19.TAPS:
        side = max(vgg19.smallest_side([tap]), 1)
        assert min(vgg19.feature_shape(tap, height=side, width=side)) >= 1


def test_flops_of_d2ls_step():
    # 1.73 GFLOP a megapixel-channel pair, summed by hand for two layers.
    assert vgg19.convolution_flops(["relu1_2"], height=10, width=20) == 2 * 9 * 200 * (
        3 * 64 + 64 * 64
    )
    whole = vgg19.convolution_flops(["conv5_1"], height=300, width=450)
    assert whole == pytest.approx(97e9, rel=0.01)


def test_layers_until_stops_at_the_deepest():
    assert [layer.name for layer in vgg19.layers_until(["relu1_1", "conv2_1"])] == [
        "conv1_1",
        "relu1_1",
        "conv1_2",
        "relu1_2",
        "pool1",
        "conv2_1",
    ]


def test_layers_in_blocks():
    found = vgg19.blocks(vgg19.layers_until(["conv3_2"]))
    assert [[layer.name for layer in block] for block in found] == [
        ["conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1"],
        ["conv2_1", "relu2_1", "conv2_2", "relu2_2", "pool2"],
        ["conv3_1", "relu3_1", "conv3_2"],
    ]
    assert [block[0].block for block in vgg19.blocks(vgg19.LAYERS)] == [1, 2, 3, 4, 5]
    assert vgg19.blocks([]) == ()


def test_a_convolution_and_its_relu_name_each_other():
    conv, relu = vgg19.BY_NAME["conv4_3"], vgg19.BY_NAME["relu4_3"]
    assert (conv.relu, conv.conv, relu.relu, relu.conv) == (
        "relu4_3", "conv4_3", "relu4_3", "conv4_3",
    )  # fmt: skip


def test_parameters_are_as_many_as_torchvisions():
    from torchvision.models import vgg19 as torchvision_vgg19

    with torch.device("meta"):
        features = torchvision_vgg19().features
    assert vgg19.parameter_count(vgg19.LAYERS) == sum(p.numel() for p in features.parameters())
