"""The network in blocks: Winograd against direct convolution, bits that repeat, bytes that stay."""

import threading
import time

import pytest
import torch
from conformance import pictures
from pytorch_backend.differentiated import DifferentiatedHead
from torch.nn import functional

from nst_core.backend import PLAIN_VGG, Architecture
from nst_core.vgg19 import feature_shape
from nst_pytorch.blocks import Block, blocks_of
from nst_pytorch.heads import MomentsHead, Part, ScaledContentHead
from nst_pytorch.maps import FeatureMap
from nst_pytorch.network import Network
from nst_pytorch.sharing import common_room
from nst_pytorch.statistics import scaled_distance
from nst_pytorch.strips import Strips, convolution_of, stages_of
from nst_pytorch.winograd import Scratch, convolve, forward_kernels
from nst_pytorch.workers import Workers

D2L = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_4", "conv5_1")
WITHOUT_FUSION = ("conv1_1", "relu1_2", "conv2_2", "relu2_2", "conv3_2", "conv3_4")
DEEP = ("conv1_2", "relu3_3", "conv4_4", "relu5_2")


def draw(*shape, dtype=torch.float64, seed=0):
    # Exact in float32, so that both dtypes see the same side of every kink.
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def heads(taps):
    return {
        tap: [DifferentiatedHead("style", tap, lambda value, n=n: (value**2).mean() * n)]
        for n, tap in enumerate(taps, start=1)
    }


def strips(taps, size, dtype=torch.float64, **options):
    return Strips(pictures.weights("random:3"), taps=taps, size=size, dtype=dtype, **options)


def plain(taps, **options):
    weights, cpu = pictures.weights("random:3"), torch.device("cpu")
    return Network(weights, taps=taps, device=cpu, dtype=torch.float64, **options)


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-13), (torch.float32, 1e-5)])
@pytest.mark.parametrize(("ins", "outs", "rows", "columns"), [(3, 5, 1, 1), (7, 2, 3, 2)])
def test_winograd_is_convolution(ins, outs, rows, columns, dtype, bound):
    weight, bias = draw(outs, ins, 3, 3), draw(outs, seed=1)
    x = draw(1, ins, 4 * rows + 2, 4 * columns + 2, seed=2)
    tiles = torch.empty(4, 4, rows, columns, outs, dtype=dtype)
    source = x[0].permute(1, 2, 0).to(dtype)
    kernels = forward_kernels(weight).to(dtype)
    convolve(source, kernels, bias.to(dtype), tiles.unbind(), Scratch(dtype))
    found = tiles.permute(4, 2, 1, 3, 0).reshape(1, outs, 4 * rows, 4 * columns)
    wanted = functional.conv2d(x, weight, bias)
    assert float((found - wanted).abs().max() / wanted.abs().max()) < bound

    back = torch.empty(4, 4, rows, columns, ins, dtype=torch.float64)
    around = functional.pad(wanted, (1, 1, 1, 1))
    source, scratch = around[0].permute(1, 2, 0), Scratch(torch.float64)
    convolve(source, forward_kernels(weight), None, back.unbind(), scratch, turned=True)
    found = back.permute(4, 2, 1, 3, 0).reshape(1, ins, 4 * rows, 4 * columns)
    wanted = functional.conv_transpose2d(wanted, weight, padding=1)
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("size", [(1, 1), (4, 5), (37, 56), (300, 450), (18, 2000)])
@pytest.mark.parametrize("tiles", [1, 7, 60])
@pytest.mark.parametrize("least", [1, 2, 5])
def test_blocks_cover_every_tile_once(size, tiles, least):
    high, wide = (-(-length // 4) for length in size)
    covered = torch.zeros(high, wide, dtype=torch.int64)
    for block in blocks_of(*size, tiles=tiles, least=least):
        assert isinstance(block, Block)
        assert block.rows * block.columns <= tiles
        covered[block.top :, block.left :][: block.rows, : block.columns] += 1
    assert bool((covered == 1).all())


@pytest.mark.parametrize(
    ("taps", "size", "few", "architecture"),
    [
        (D2L, (45, 38), 160, PLAIN_VGG),
        (D2L, (97, 130), 160, PLAIN_VGG),
        (WITHOUT_FUSION, (33, 50), 0, PLAIN_VGG),
        (WITHOUT_FUSION, (33, 50), 160, PLAIN_VGG),
        (WITHOUT_FUSION, (16, 16), 160, PLAIN_VGG),
        (DEEP, (53, 34), 0, PLAIN_VGG),
        (DEEP, (53, 34), 160, PLAIN_VGG),
        (("relu1_2",), (2, 3), 160, PLAIN_VGG),
        (D2L, (45, 38), 0, Architecture(pooling="average", padding="replicate")),
        (WITHOUT_FUSION, (33, 50), 160, Architecture(pooling="average", padding="replicate")),
        (DEEP, (53, 34), 160, Architecture(pooling="average")),
        (("conv1_1",), (2, 3), 160, Architecture(padding="replicate")),
        (("relu1_1", "conv1_1", "relu2_1"), (50, 131), 160, Architecture(padding="replicate")),
    ],
)
def test_strips_are_the_network(taps, size, few, architecture, monkeypatch):
    monkeypatch.setattr("nst_pytorch.sharing._FEW", few)
    x = draw(1, 3, *size)
    blocks = strips(taps, size, architecture=architecture)
    direct = plain(taps, architecture=architecture)
    blocks.evaluate(draw(1, 3, *size, seed=5), heads(taps))  # leaves its traces in the buffers
    found, wanted = blocks.evaluate(x, heads(taps)), direct.evaluate(x, heads(taps))
    scale = wanted.gradient.abs().max()
    torch.testing.assert_close(found.gradient / scale, wanted.gradient / scale, atol=1e-12, rtol=0)
    losses = {head.tap: loss for head, loss in wanted.losses}
    for head, loss in found.losses:
        torch.testing.assert_close(loss, losses[head.tap], rtol=1e-12, atol=0)

    seen, features = {}, {}
    blocks.visit(x, lambda tap, value, _: seen.update({tap: value.image.clone()}))
    direct.visit(x, lambda tap, value, _: features.update({tap: value.image}))
    assert seen.keys() == set(taps)
    torch.testing.assert_close(seen, features, rtol=1e-11, atol=1e-11)


def of_moments(moments):
    return sum((moment**3).sum() for moment in moments)


def of_gram(features):
    rows = features[0].flatten(1)
    return of_moments([rows @ rows.T / rows.numel()])


def of_mean_and_covariance(features):
    rows = features[0].flatten(1)
    return of_moments([rows.mean(dim=1), torch.cov(rows, correction=0)])


@pytest.mark.parametrize(("centred", "loss"), [(False, of_gram), (True, of_mean_and_covariance)])
@pytest.mark.parametrize("taps", [("conv1_1", "relu2_1", "conv2_2"), ("relu1_1", "conv3_1")])
def test_losses_of_moments_are_differentiated(taps, centred, loss):
    size = (33, 50)
    x = draw(1, 3, *size)
    parts = [Part(of_moments)]
    by_moments = {tap: [MomentsHead(tap, parts, centred=centred, counted=0.3)] for tap in taps}
    by_autograd = {tap: [DifferentiatedHead("style", tap, loss, counted=0.3)] for tap in taps}
    wanted = plain(taps).evaluate(x, by_autograd)
    for network in (strips(taps, size), plain(taps)):
        found = network.evaluate(x, by_moments)
        assert found.losses[0][1] == pytest.approx(float(wanted.losses[0][1]), rel=1e-11)
        scale = wanted.gradient.abs().max()
        torch.testing.assert_close(
            found.gradient / scale, wanted.gradient / scale, atol=1e-11, rtol=0
        )


def of_region(features, density, *, centred):
    rows, each = features[0].flatten(1), density.flatten()
    if not centred:
        return of_moments([rows * each @ rows.T / len(rows)])
    return of_moments([rows @ each, torch.cov(rows, aweights=each, correction=0)])


def densities(shape):
    for seed in (1, 2):
        found = draw(*shape, seed=seed).abs_()
        found[: seed * shape[0] // 3] = 0
        yield found / found.sum()


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("size", [(33, 50), (97, 130)])
def test_losses_of_regions_are_differentiated(centred, size):
    taps, x = ("relu1_1", "conv3_1"), draw(1, 3, *size)
    by_parts, by_autograd = {}, {}
    for tap in taps:
        each = list(densities(feature_shape(tap, height=size[0], width=size[1])[1:]))
        parts = [Part(of_moments, FeatureMap.of(one[None, None])) for one in each]
        by_parts[tap] = [MomentsHead(tap, parts, centred=centred, counted=0.3)]

        def loss(features, each=each):
            return sum(of_region(features, one, centred=centred) for one in each)

        by_autograd[tap] = [DifferentiatedHead("style", tap, loss, counted=0.3)]
    wanted = plain(taps).evaluate(x, by_autograd)
    for network in (strips(taps, size), plain(taps)):
        found = network.evaluate(x, by_parts)
        for (_, loss), (_, other) in zip(found.losses, wanted.losses, strict=True):
            torch.testing.assert_close(loss, other, rtol=1e-11, atol=0)
        scale = wanted.gradient.abs().max()
        torch.testing.assert_close(
            found.gradient / scale, wanted.gradient / scale, atol=1e-11, rtol=0
        )


@pytest.mark.parametrize("taps", [("conv1_1", "relu2_1"), ("relu1_1", "conv3_1")])
@pytest.mark.parametrize("size", [(18, 23), (97, 130)])
def test_scaled_distances_are_differentiated(taps, size):
    x, targets = draw(1, 3, *size), {}
    network = strips(taps, size)
    network.visit(
        draw(1, 3, *size, seed=1), lambda tap, value, _: targets.update({tap: value.copy()})
    )

    def by_autograd(tap):
        target = targets[tap].image
        return DifferentiatedHead("content", tap, lambda y: 3 * scaled_distance(y - target))

    wanted = plain(taps).evaluate(x, {tap: [by_autograd(tap)] for tap in taps})
    heads = {tap: [ScaledContentHead(tap, targets[tap], weight=3)] for tap in taps}
    found = network.evaluate(x, heads)
    for (_, loss), (_, other) in zip(found.losses, wanted.losses, strict=True):
        torch.testing.assert_close(loss, other, rtol=1e-12, atol=0)
    scale = wanted.gradient.abs().max()
    torch.testing.assert_close(found.gradient / scale, wanted.gradient / scale, atol=1e-12, rtol=0)


def test_of_the_first_layer_nothing_is_kept():
    size = (97, 130)
    network = strips(("relu1_1", "relu2_1"), size)
    network.evaluate(draw(1, 3, *size), heads(("relu2_1",)))
    kept = [one.numel() for one in every_tensor(network.first)]
    # The image, its gradient by blocks, the kernels: nowhere near 64 channels.
    assert sum(kept) < 10 * size[0] * size[1] + 4 * 27 * 64


def every_tensor(thing):
    if isinstance(thing, torch.Tensor):
        yield thing
    elif isinstance(thing, dict):
        for value in thing.values():
            yield from every_tensor(value)
    elif type(thing).__module__ == "nst_pytorch.first":
        yield from every_tensor(vars(thing))


def test_two_runs_give_the_same_bits():
    size = (97, 130)
    x = draw(1, 3, *size, dtype=torch.float32)
    one, other = strips(D2L, size, torch.float32), strips(D2L, size, torch.float32)
    first = one.evaluate(x, heads(D2L))
    for again in (one.evaluate(x, heads(D2L)), other.evaluate(x, heads(D2L))):
        assert torch.equal(again.gradient, first.gradient)
        assert [loss for _, loss in again.losses] == [loss for _, loss in first.losses]


@pytest.mark.parametrize("taps", [D2L, WITHOUT_FUSION, DEEP])
def test_what_is_kept_is_what_is_estimated(taps):
    size = (97, 130)
    blocks = strips(taps, size)
    blocks.evaluate(draw(1, 3, *size), heads(taps))
    storages = {}
    for stage in blocks.stages:
        maps = (stage.z, stage.y, stage.out, stage.gradient, stage.before)
        tensors = [one.whole for one in maps if one is not None] + [stage.mask, stage.codes]
        for tensor in tensors:
            if tensor is not None:
                storage = tensor.untyped_storage()
                storages[storage.data_ptr()] = storage.nbytes()
    _, stages, turns = stages_of(taps, size=size, dtype=torch.float64)
    estimated = sum(stage.bytes for stage in stages) + sum(turn.bytes for turn in turns)
    assert sum(storages.values()) == estimated


@pytest.mark.parametrize("taps", [D2L, ("conv3_1",)])
def test_the_common_room_is_what_is_estimated(taps):
    size = (97, 130)
    blocks = strips(taps, size)
    room = common_room(map(convolution_of, blocks.stages))
    common = blocks._shared._common
    before = {name: common.take(name, count).data_ptr() for name, count in room.items()}
    blocks.evaluate(draw(1, 3, *size), heads(taps))
    # Views of it are kept, so that it must not grow.
    assert {name: flat.data_ptr() for name, flat in common._flat.items()} == before
    assert {name: flat.numel() for name, flat in common._flat.items()} == room
    # conv3_1...: 6 by 8 tiles; conv2_1... has too many.
    assert room == dict.fromkeys(("values", "products"), 36 * 48 * 256)


def test_phases_begin_when_the_one_before_is_done():
    pool, log, lock = Workers(3), [], threading.Lock()

    def note(phase):
        def work(worker, item):
            time.sleep(0.001 * (item % 3))
            with lock:
                log.append(phase)

        return work

    pool.in_turn((range(7), note(0)), (range(2), note(1)), (range(5), note(2)))
    assert log == [0] * 7 + [1] * 2 + [2] * 5
    with pytest.raises(ZeroDivisionError):
        pool.in_turn(([1, 0], lambda _, item: 1 / item), (range(5), note(3)))
    assert 3 not in log
    pool.each(range(3), note(4))  # the threads are still there
    assert log[14:] == [4] * 3


def test_workers_share_the_items_and_hand_on_errors():
    pool, seen, lock = Workers(3), [], threading.Lock()

    def work(worker, item):
        assert torch.get_num_threads() == 1
        with lock:
            seen.append((worker, item))

    threads = torch.get_num_threads()
    pool.each(range(50), work)
    assert sorted(item for _, item in seen) == list(range(50))
    assert {worker for worker, _ in seen} <= {0, 1, 2}
    with pytest.raises(ZeroDivisionError):
        pool.each([1, 0], lambda _, item: 1 / item)
    pool.each(range(3), work)  # the threads are still there
    assert len(seen) == 53
    assert torch.get_num_threads() == threads
