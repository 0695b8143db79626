"""The output of the first layer is never stored."""

import torch
from pytorch_backend.networks import draw, squared_terms, winograd_network

from nst_pytorch.feature_map import FeatureMap


def test_no_output_of_the_first_layer_is_stored():
    size = (97, 130)
    network = winograd_network(("relu1_1", "relu2_1"), size)
    network.evaluate(draw(1, 3, *size), squared_terms(("relu2_1",)))
    stored = [one.numel() for one in every_tensor(network.first)]
    # The image, its gradient by blocks, the kernels: nowhere near 64 channels.
    assert sum(stored) < 10 * size[0] * size[1] + 4 * 27 * 64


def every_tensor(thing):
    if isinstance(thing, torch.Tensor):
        yield thing
    elif isinstance(thing, FeatureMap):
        yield thing.padded
    elif isinstance(thing, dict):
        for value in thing.values():
            yield from every_tensor(value)
    elif type(thing).__module__.startswith("nst_pytorch.cpu.first_"):
        yield from every_tensor(vars(thing))
