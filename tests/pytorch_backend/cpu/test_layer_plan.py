"""The planned memory of the layers against what they allocate."""

import pytest
import torch
from pytorch_backend.networks import (
    D2L,
    DEEP,
    WITHOUT_FUSION,
    draw,
    squared_terms,
    winograd_network,
)

from nst_pytorch.cpu.layer_plan import NetworkPlan
from nst_pytorch.feature_map import FeatureMap


@pytest.mark.parametrize("taps", [D2L, WITHOUT_FUSION, DEEP])
def test_stored_bytes_are_the_planned_ones(taps):
    size = (97, 130)
    blocks = winograd_network(taps, size)
    blocks.evaluate(draw(1, 3, *size), squared_terms(taps))
    storages = {}
    for layer in blocks.layers:
        for value in vars(layer).values():
            tensor = value.padded if isinstance(value, FeatureMap) else value
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                storages[storage.data_ptr()] = storage.nbytes()
    planned = NetworkPlan.of(taps, size=size).map_bytes(torch.float64)
    assert sum(storages.values()) == planned
