"""Losses of moments, of the whole picture and of regions, against autograd through the network."""

import pytest
import torch
from pytorch_backend.differentiated import DifferentiatedLoss
from pytorch_backend.networks import direct_network, draw, winograd_network

from nst_core.vgg19 import feature_shape
from nst_pytorch.feature_map import FeatureMap
from nst_pytorch.style_loss import RegionLoss, StatisticsLoss


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
    regions = [RegionLoss(of_moments)]
    by_moments = {
        tap: [StatisticsLoss(tap, regions, centred=centred, multiplicity=0.3)] for tap in taps
    }
    by_autograd = {tap: [DifferentiatedLoss("style", tap, loss, multiplicity=0.3)] for tap in taps}
    wanted = direct_network(taps).evaluate(x, by_autograd)
    for network in (winograd_network(taps, size), direct_network(taps)):
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
    by_regions, by_autograd = {}, {}
    for tap in taps:
        each = list(densities(feature_shape(tap, height=size[0], width=size[1])[1:]))
        regions = [RegionLoss(of_moments, FeatureMap.from_nchw(one[None, None])) for one in each]
        by_regions[tap] = [StatisticsLoss(tap, regions, centred=centred, multiplicity=0.3)]

        def loss(features, each=each):
            return sum(of_region(features, one, centred=centred) for one in each)

        by_autograd[tap] = [DifferentiatedLoss("style", tap, loss, multiplicity=0.3)]
    wanted = direct_network(taps).evaluate(x, by_autograd)
    for network in (winograd_network(taps, size), direct_network(taps)):
        found = network.evaluate(x, by_regions)
        for (_, loss), (_, other) in zip(found.losses, wanted.losses, strict=True):
            torch.testing.assert_close(loss, other, rtol=1e-11, atol=0)
        scale = wanted.gradient.abs().max()
        torch.testing.assert_close(
            found.gradient / scale, wanted.gradient / scale, atol=1e-11, rtol=0
        )
