"""The planned size of the buffers that all workers share against the one they have."""

import pytest
from pytorch_backend.networks import D2L, draw, squared_terms, winograd_network

from nst_pytorch.cpu.buffers import M, V
from nst_pytorch.cpu.convolution import shared_buffer_sizes
from nst_pytorch.cpu.winograd import PLANE_PADDING


@pytest.mark.parametrize("taps", [D2L, ("conv3_1",)])
def test_shared_buffers_have_the_planned_size(taps):
    size = (97, 130)
    blocks = winograd_network(taps, size)
    planned = shared_buffer_sizes(blocks.plan.convolutions, blocks._scratch[0].dtype)
    shared = blocks._convolution._shared
    before = {name: shared.take(name, count).data_ptr() for name, count in planned.items()}
    blocks.evaluate(draw(1, 3, *size), squared_terms(taps))
    # Views of them are kept, so they must not grow.
    assert {name: flat.data_ptr() for name, flat in shared._flat.items()} == before
    assert {name: flat.numel() for name, flat in shared._flat.items()} == planned
    # conv3_1...: 6 by 8 tiles; conv2_1... has too many.
    padding = PLANE_PADDING // 8
    assert planned == dict.fromkeys((V, M), 36 * (48 * 256 + padding))
