"""Adam in chunks is the same as at once, to the bit."""

import pytest
import torch

from nst_core.backend import Adam
from nst_pytorch.adam import AdamUpdate


def draw(seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(1, 3, 23, 17, generator=generator, dtype=torch.float64)
    return x.contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("form", ["paper", "mxnet"])
def test_adam(form):
    constants = Adam(beta1=0.9, beta2=0.999, epsilon=1e-3, epsilon_form=form)
    found = []
    for chunk_size in (3 * 17 * 5, 10**6):
        x = draw(0)
        update = AdamUpdate(x, constants, chunk_size=chunk_size)
        for step in range(3):
            update.apply(x, draw(2 + step), learning_rate=0.1)
        found.append((x, update.first_moment, update.second_moment))
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other)
