"""What is done to a large image part by part is the same as done at once."""

import oracle
import pytest
import torch

from nst_core.backend import Adam
from nst_pytorch import adam, losses


def draw(seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(1, 3, 23, 17, generator=generator, dtype=torch.float64)
    return x.contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("part", [1, 3 * 17 * 5, 10**6])
def test_total_variation(monkeypatch, part):
    monkeypatch.setattr(losses, "_PART", part)
    x, gradient = draw(0), draw(1)
    loss, wanted = oracle.total_variation(x[0].numpy())
    before = gradient.clone()
    assert float(losses.total_variation(x, gradient, weight=3)) == pytest.approx(3 * loss)
    torch.testing.assert_close((gradient - before)[0], 3 * torch.from_numpy(wanted))


@pytest.mark.parametrize("form", ["paper", "mxnet"])
def test_adam(monkeypatch, form):
    found = []
    for part in (3 * 17 * 5, 10**6):
        monkeypatch.setattr(adam, "_PART", part)
        x = draw(0)
        update = adam.AdamUpdate(x, Adam(beta1=0.9, beta2=0.999, epsilon=1e-3, epsilon_form=form))
        for step in range(3):
            update.apply(x, draw(2 + step), learning_rate=0.1)
        found.append((x, update.first_moment, update.second_moment))
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other)
