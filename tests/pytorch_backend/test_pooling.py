"""The two ways of max-pooling, one of which only CUDA takes, are one."""

import pytest
import torch

from nst_pytorch.pooling import (
    library_max_pool,
    library_max_pool_backward,
    max_pool,
    max_pool_backward,
)


@pytest.mark.parametrize("size", [(2, 2), (7, 10), (12, 5)])
def test_library_pools_as_the_comparisons_do(size):
    generator = torch.Generator().manual_seed(1)
    # Whole numbers, so that there are ties, and zeros, as after a ReLU.
    x = torch.randint(-2, 4, (1, 5, *size), generator=generator).clamp(min=0).double()
    x = x.contiguous(memory_format=torch.channels_last)
    pooled, codes = max_pool(x)
    library, indices = library_max_pool(x)
    assert torch.equal(pooled, library)
    gradient = torch.randn(pooled.shape, dtype=torch.float64, generator=generator)
    found = max_pool_backward(gradient, codes, x.shape)
    # The comparisons also take the ReLU before the pooling back, the library doesn't.
    assert torch.equal(found, library_max_pool_backward(gradient, indices, x.shape) * (x > 0))
