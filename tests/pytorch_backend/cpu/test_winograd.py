"""Winograd's convolution of a block against direct convolution."""

import pytest
import torch
from pytorch_backend.networks import draw
from torch.nn import functional

from nst_pytorch.cpu.buffers import Scratch
from nst_pytorch.cpu.winograd import convolve, transform_filters


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-13), (torch.float32, 1e-5)])
@pytest.mark.parametrize(("ins", "outs", "rows", "columns"), [(3, 5, 1, 1), (7, 2, 3, 2)])
def test_winograd_is_convolution(ins, outs, rows, columns, dtype, bound):
    weight, bias = draw(outs, ins, 3, 3), draw(outs, seed=1)
    x = draw(1, ins, 4 * rows + 2, 4 * columns + 2, seed=2)
    tiles = torch.empty(4, 4, rows, columns, outs, dtype=dtype)
    source = x[0].permute(1, 2, 0).to(dtype)
    kernels = transform_filters(weight).to(dtype)
    convolve(source, kernels, bias.to(dtype), tiles.unbind(), Scratch(dtype))
    found = tiles.permute(4, 2, 1, 3, 0).reshape(1, outs, 4 * rows, 4 * columns)
    wanted = functional.conv2d(x, weight, bias)
    assert float((found - wanted).abs().max() / wanted.abs().max()) < bound

    back = torch.empty(4, 4, rows, columns, ins, dtype=torch.float64)
    around = functional.pad(wanted, (1, 1, 1, 1))
    source, scratch = around[0].permute(1, 2, 0), Scratch(torch.float64)
    convolve(source, transform_filters(weight), None, back.unbind(), scratch, flipped=True)
    found = back.permute(4, 2, 1, 3, 0).reshape(1, ins, 4 * rows, 4 * columns)
    wanted = functional.conv_transpose2d(wanted, weight, padding=1)
    torch.testing.assert_close(found, wanted)
