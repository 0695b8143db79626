"""Winograd's convolution of a block against direct convolution."""

import pytest
import torch
from pytorch_backend.networks import draw
from torch.nn import functional

from nst_pytorch.cpu.buffers import Scratch
from nst_pytorch.cpu.winograd import block_transforms, convolve, transform_filters


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


@pytest.mark.parametrize("flipped", [False, True])
def test_products_in_bfloat16_are_rounded_and_nothing_else(flipped):
    ins, outs, rows, columns = 7, 5, 3, 2
    kernels = transform_filters(draw(outs, ins, 3, 3, dtype=torch.float32))
    if flipped:
        ins, outs = outs, ins
    source = draw(4 * rows + 2, 4 * columns + 2, ins, seed=2, dtype=torch.float32)
    found, wanted = (torch.empty(4, 4, rows, columns, outs) for _ in range(2))
    rounded = kernels.to(torch.bfloat16)
    scratch = Scratch(torch.float32)
    convolve(source, rounded, None, found.unbind(), scratch, flipped=flipped)
    # The same in steps: V and M are rounded; the transforms are those of float32.
    steps = block_transforms(scratch, rows, columns, ins, outs, None, torch.float32)
    steps.transform_input(source, flipped=flipped)
    v = steps.V.to(torch.bfloat16)
    matrices = rounded.transpose(1, 2) if flipped else rounded
    steps.M.copy_(torch.bmm(v, matrices))
    steps.transform_output(None, wanted.unbind(), flipped=flipped)
    torch.testing.assert_close(found, wanted, atol=0, rtol=0)
    exact = torch.empty_like(found)
    convolve(source, kernels, None, exact.unbind(), scratch, flipped=flipped)
    assert 1e-4 < float((found - exact).norm() / exact.norm()) < 0.06
