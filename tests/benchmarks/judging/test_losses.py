"""The judges' losses against the formulas, written out in NumPy."""

import numpy as np
import pytest
import torch

RNG = np.random.default_rng(0)
PAINTED, STYLE = RNG.random((5, 6, 7)).astype(np.float32), RNG.random((5, 4, 9)).astype(np.float32)


@pytest.fixture
def losses(modules):
    from judging import losses

    return losses


def both():
    return torch.from_numpy(PAINTED), torch.from_numpy(STYLE)


def test_gram_matrices(losses):
    first, second = (np.einsum("chw,dhw->cd", x, x) / x[0].size for x in (PAINTED, STYLE))
    expected = ((first - second) ** 2).sum() / (second**2).sum()
    assert losses.gram_distance(*both()) == pytest.approx(expected, rel=1e-4)


def test_sliced_wasserstein(losses):
    directions = np.random.default_rng(0).standard_normal((64, 5))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    levels = (np.arange(256) + 0.5) / 256
    first, second = (
        np.quantile(directions @ x.reshape(5, -1), levels, axis=1) for x in (PAINTED, STYLE)
    )
    expected = ((first - second) ** 2).mean() / ((second - second.mean(0)) ** 2).mean()
    assert losses.sliced_distance(*both()) == pytest.approx(expected, rel=1e-3)
    assert losses.sliced_distance(both()[1], both()[1].flip(2)) == pytest.approx(0, abs=1e-9)


def test_nearest_neighbours(losses):
    x, y = PAINTED.reshape(5, -1).T, STYLE.reshape(5, -1).T
    x, y = x - y.mean(0), y - y.mean(0)
    cosines = np.array([[a @ b / np.linalg.norm(a) / np.linalg.norm(b) for b in y] for a in x])
    used = np.bincount(cosines.argmax(1), minlength=len(y))
    found = losses.neighbours(*both())
    assert found.distance == pytest.approx(1 - cosines.max(1).mean(), rel=1e-4)
    assert found.coverage == pytest.approx((used > 0).sum() / len(y))
    assert found.repetition == pytest.approx(used.max() / len(x))
    itself = losses.neighbours(both()[1], both()[1])
    assert (itself.distance, itself.coverage) == (pytest.approx(0, abs=1e-6), 1)


def test_self_similarity(losses):
    def distances(features):
        unit = features.reshape(5, -1) / np.linalg.norm(features.reshape(5, -1), axis=0)
        found = 1 - unit.T @ unit
        return found / found.sum(0)

    content = RNG.random(PAINTED.shape).astype(np.float32)
    expected = np.abs(distances(PAINTED) - distances(content)).mean() * 42
    found = losses.self_similarity_distance(both()[0], torch.from_numpy(content))
    assert found == pytest.approx(expected, rel=1e-3)
    doubled = losses.self_similarity_distance(both()[0], 2 * both()[0])
    assert doubled == pytest.approx(0, abs=1e-5), "lengths of features do not count"


def test_features_without_a_direction_are_defined(losses):
    flat = torch.zeros(5, 3, 3)
    assert losses.neighbours(flat, flat).distance == 1
    assert losses.self_similarity_distance(flat, flat) == 0
