"""The compiled transforms against PyTorch's operations: the same bits."""

import pytest
import torch
from pytorch_backend.networks import D2L, draw, squared_terms, winograd_network

from nst_pytorch.cpu import compiled, winograd
from nst_pytorch.cpu.buffers import Scratch
from nst_pytorch.cpu.winograd import (
    BlockShape,
    CompiledTransforms,
    SteppedTransforms,
    block_transforms,
)

pytestmark = pytest.mark.skipif(compiled.llvm is None, reason="llvmlite is not installed")
F32, BF16 = torch.float32, torch.bfloat16


def both(ins, outs, rows, columns, products):
    shape = BlockShape(rows, columns, ins, outs, F32, products, shared=False)
    assert shape.is_compiled
    return [kind(Scratch(F32), shape, None) for kind in (CompiledTransforms, SteppedTransforms)]


def views(rows, columns, channels, *, as_tiles):
    """Return a buffer and its four column views, in either of the layouts that layers use."""
    if as_tiles:
        tiles = torch.zeros(4, 4, rows, columns, channels)
        return tiles, tiles.unbind()
    padded = torch.zeros(4 * rows + 2, 4 * columns + 3, channels)
    region = padded[1 : 4 * rows + 1, 1 : 4 * columns + 1]
    tiles = torch.unflatten(torch.unflatten(region, 0, (rows, 4)), 2, (columns, 4))
    return padded, tiles.permute(3, 1, 0, 2, 4).unbind()


@pytest.mark.parametrize("products", [F32, BF16])
@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (3, 2)])
def test_the_bits_are_the_same(size, flipped, products):
    ins, outs = 32, 16
    found, wanted = both(ins, outs, *size, products)
    padded = draw(4 * size[0] + 5, 4 * size[1] + 7, ins, dtype=F32)
    source = padded[1 : 4 * size[0] + 3, 2 : 4 * size[1] + 4]
    for one in (found, wanted):
        one.transform_input(source, flipped=flipped)
    assert torch.equal(found.V, wanted.V)
    assert found.V.dtype == products
    m = draw(*found.M.shape, seed=1, dtype=F32).to(products)
    for bias in (draw(outs, seed=2, dtype=F32), None):
        for as_tiles in (False, True):
            seen = []
            for one in (found, wanted):
                one.M.copy_(m)
                whole, columns = views(*size, outs, as_tiles=as_tiles)
                one.transform_output(bias, columns, flipped=flipped)
                seen.append(whole)
            assert torch.equal(*seen)
            assert seen[0].abs().sum() > 0


@pytest.mark.parametrize("max_split_tiles", [0, 160])
def test_a_step_has_the_same_bits_without_llvmlite(max_split_tiles, monkeypatch):
    size = (45, 38)
    x, terms = draw(1, 3, *size, dtype=F32), squared_terms(D2L)
    first = winograd_network(D2L, size, F32, max_split_tiles=max_split_tiles).evaluate(x, terms)
    monkeypatch.setattr(compiled, "llvm", None)
    stepped = winograd_network(D2L, size, F32, max_split_tiles=max_split_tiles)
    other = stepped.evaluate(x, terms)
    assert torch.equal(first.gradient, other.gradient)
    assert [loss for _, loss in first.losses] == [loss for _, loss in other.losses]


def test_a_processor_that_llvm_does_not_know_is_no_error(monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("unknown target")

    compiled._works.cache_clear()
    monkeypatch.setattr(compiled, "transforms_for", fail)
    try:
        assert not compiled.is_compiled(F32, F32, channels=(16, 16))
    finally:
        compiled._works.cache_clear()


def test_what_is_not_compiled_is_stepped():
    def kind(dtype, products, ins=16):
        return type(block_transforms(Scratch(dtype), 1, 1, ins, 16, None, products))

    assert kind(F32, F32) is kind(F32, BF16) is CompiledTransforms
    assert kind(torch.float64, torch.float64) is SteppedTransforms
    assert kind(F32, F32, ins=24) is SteppedTransforms  # no multiple of 16
    assert winograd.is_compiled is compiled.is_compiled
