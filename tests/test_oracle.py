"""The oracle compared with something even plainer: loops and finite differences."""

import numpy as np
import oracle
import oracle_adam
import oracle_sliced
import oracle_style
import pytest


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def slope(function, x, direction, *, width=1e-6):
    """Return the central difference along `direction`; exact for quadratics except rounding."""
    return (function(x + width * direction) - function(x - width * direction)) / (2 * width)


def test_layers_are_those_of_torchvision_and_gluon():
    assert len(oracle.LAYERS) == 37
    indices = {index: oracle.LAYERS[index] for index in (0, 5, 10, 19, 25, 28, 36)}
    assert list(indices.values()) == [
        "conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv4_4", "conv5_1", "pool5",
    ]  # fmt: skip


def test_convolution_is_the_textbook_sum():
    x, weight, bias = random(2, 4, 5), random(3, 2, 3, 3, seed=1), random(3, seed=2)
    out = oracle.convolve(x, weight, bias)
    for o, row, column in np.ndindex(out.shape):
        total = bias[o]
        for i, r, c in np.ndindex(2, 3, 3):
            if 0 <= row + r - 1 < 4 and 0 <= column + c - 1 < 5:
                total += weight[o, i, r, c] * x[i, row + r - 1, column + c - 1]
        assert out[o, row, column] == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize("size", [(4, 6), (5, 7), (2, 2)])
def test_pooling_takes_the_largest_of_each_window(size):
    x = random(3, *size)
    out = oracle.max_pool(x)
    assert out.shape == (3, size[0] // 2, size[1] // 2)
    for channel, row, column in np.ndindex(out.shape):
        window = x[channel, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        assert out[channel, row, column] == window.max()


def test_gram_is_the_mean_of_products():
    features = random(3, 4, 5)
    for a, b in np.ndindex(3, 3):
        product = (features[a] * features[b]).sum() / (3 * 4 * 5)
        assert oracle.gram(features)[a, b] == pytest.approx(product, rel=1e-12)


def test_total_variation_of_a_ramp():
    ramp = np.broadcast_to(np.arange(5.0), (3, 4, 5))
    assert oracle.total_variation(ramp)[0] == 0.5


@pytest.mark.parametrize(
    ("loss", "target"),
    [
        (oracle.content_loss, random(4, 5, 6, seed=1)),
        (oracle.style_loss, oracle.gram(random(4, 7, 3, seed=1))),
        (lambda x, _: oracle.total_variation(x), None),
    ],
    ids=["content", "style", "total variation"],
)
def test_loss_gradients(loss, target):
    x, direction = random(4, 5, 6), random(4, 5, 6, seed=3)
    expected = slope(lambda at: loss(at, target)[0], x, direction)
    assert np.sum(loss(x, target)[1] * direction) == pytest.approx(expected, rel=1e-7)


def test_wasserstein_of_commuting_covariances():
    # For independent channels the distance is the sum of (m - n)^2 + (s - t)^2.
    s, t = np.array([1.0, 2.0, 0.5]), np.array([3.0, 0.25, 0.5])
    first, second = (np.ones(3), np.diag(s**2 - 1e-4)), (np.zeros(3), np.diag(t**2 - 1e-4))
    distance, *gradients = oracle_style.wasserstein(first, second)
    assert distance == pytest.approx((3 + np.sum((s - t) ** 2)) / 3, rel=1e-12)
    assert gradients[1] == pytest.approx(np.diag(1 - t / s) / 3, abs=1e-12)
    assert oracle_style.wasserstein(first, first)[0] == pytest.approx(0, abs=1e-12)


def test_guides_are_means_over_what_was_pooled_and_densities_sum_to_one():
    guide = np.zeros((9, 8))
    guide[:3, :4] = 1
    assert oracle_style.shrunk(guide, "relu1_2") == pytest.approx(guide)
    assert oracle_style.shrunk(guide, "conv2_1") == pytest.approx(
        np.outer([1, 0.5, 0, 0], [1, 1, 0, 0])
    )
    areas, densities = oracle_style.densities([guide, 1 - guide], "conv2_1", (4, 4))
    assert areas == pytest.approx([3 / 16, 13 / 16])
    assert [density.sum() for density in densities] == pytest.approx([1, 1])


@pytest.mark.parametrize("guided", [False, True])
@pytest.mark.parametrize(
    "kind", [("gram", "mse"), ("gram", "scaled"), ("wasserstein", "mse")], ids=" ".join
)
def test_style_gradients(kind, guided):
    x, direction, style = (random(4, 8, 10, seed=seed) for seed in (0, 3, 1))
    guides = random(2, 8, 10, seed=5) ** 2 if guided else None
    mine = random(2, 8, 10, seed=6) ** 2 if guided else None
    statistics, distance = kind
    loss = oracle_style.loss_at(
        "relu1_1",
        [({"relu1_1": style}, 2.0, mine), ({"relu1_1": 2 * style[::-1]}, 1.0, mine)],
        guides=guides,
        distance=distance,
        statistics=statistics,
    )
    expected = slope(lambda at: loss(at)[0], x, direction)
    assert np.sum(loss(x)[1] * direction) == pytest.approx(expected, rel=1e-6)


def test_guides_that_cover_all_are_none():
    x, style = random(4, 8, 10), random(4, 8, 10, seed=1)
    for statistics in ("gram", "wasserstein"):
        plain, guided = (
            oracle_style.loss_at(
                "relu1_1",
                [({"relu1_1": style}, 1.0, guides)],
                guides=guides,
                distance="mse",
                statistics=statistics,
            )(x)[0]
            for guides in (None, np.ones((1, 8, 10)))
        )
        assert guided == pytest.approx(plain, rel=1e-12)
    gram = oracle.style_loss(x, oracle.gram(style))[0]
    assert oracle_style.loss_at(
        "relu1_1", [({"relu1_1": style}, 1.0)], guides=None, distance="mse", statistics="gram"
    )(x)[0] == pytest.approx(gram, rel=1e-12)


def test_scaled_distance_has_a_gradient_of_about_one():
    difference, direction = random(3, 4, 5), random(3, 4, 5, seed=1)
    expected = slope(lambda at: oracle.scaled(at)[0], difference, direction)
    gradient = oracle.scaled(difference)[1]
    assert np.sum(gradient * direction) == pytest.approx(expected, rel=1e-7)
    assert np.abs(gradient).sum() == pytest.approx(1, abs=0.5)
    assert oracle.scaled(np.zeros(3))[0] == 0


def test_convolution_and_pooling_backward():
    x, weight, direction = random(3, 7, 6), random(4, 3, 3, 3, seed=1), random(3, 7, 6, seed=2)
    out, pooled = random(4, 7, 6, seed=3), random(3, 3, 3, seed=4)
    expected = slope(
        lambda at: np.sum(out * oracle.convolve(at, weight, np.zeros(4))), x, direction
    )
    actual = np.sum(oracle.convolve_backward(out, weight) * direction)
    assert actual == pytest.approx(expected, rel=1e-7)
    expected = slope(lambda at: np.sum(pooled * oracle.max_pool(at)), x, direction)
    actual = np.sum(oracle.max_pool_backward(pooled, x) * direction)
    assert actual == pytest.approx(expected, rel=1e-7)


def test_average_pooling_and_replicate_padding():
    x, pooled, around = random(3, 7, 6), random(3, 3, 3, seed=4), random(3, 9, 8, seed=5)
    assert oracle.average_pool(x)[2, 1, 2] == pytest.approx(x[2, 2:4, 4:6].mean())
    larger = oracle.replicated(x)
    for channel, row, column in np.ndindex(larger.shape):
        inside = x[channel, np.clip(row - 1, 0, 6), np.clip(column - 1, 0, 5)]
        assert larger[channel, row, column] == inside
    # Both are linear, so their gradient is the transpose.
    direction = random(3, 7, 6, seed=2)
    assert np.sum(oracle.average_pool_backward(pooled, x) * direction) == pytest.approx(
        np.sum(pooled * oracle.average_pool(direction))
    )
    assert np.sum(oracle.replicated_backward(around) * direction) == pytest.approx(
        np.sum(around * oracle.replicated(direction))
    )


@pytest.mark.parametrize("architecture", [{}, {"pooling": "average", "padding": "replicate"}])
@pytest.mark.parametrize("seed", range(3))
def test_gradient_of_the_whole_objective(seed, architecture):
    """All five blocks; the small width mostly avoids the kinks of ReLU, maximum and |x|."""
    from conformance import pictures

    transfer = oracle.Transfer(
        pictures.weights("he"),
        content=pictures.picture(1, 19, 37),
        styles=[(pictures.picture(2, 20, 18), 1.0)],
        content_weights={"conv4_2": 1.0, "relu5_4": 2.0},
        style_weights={"relu1_1": 1e4, "conv3_2": 1e4, "conv5_1": 1e4},
        tv_weight=1.0,
        architecture=architecture,
    )
    x = oracle.normalise(pictures.picture(3, 19, 37))
    gradient, direction = transfer.evaluate(x)[1], random(*x.shape, seed=seed)
    expected = slope(lambda at: transfer.evaluate(at)[0].total, x, direction, width=1e-7)
    measured = abs(np.sum(gradient * direction) - expected) / np.linalg.norm(gradient)
    assert measured < 1e-6


def test_image_gradient_is_the_chain_rule():
    image, direction = random(4, 5, 3), random(4, 5, 3, seed=1)
    outer = random(3, 4, 5, seed=2)
    expected = slope(lambda at: np.sum(outer * oracle.normalise(at)), image, direction)
    assert np.sum(oracle.image_gradient(outer) * direction) == pytest.approx(expected, rel=1e-8)
    assert oracle.denormalise(oracle.normalise(image)) == pytest.approx(image, abs=1e-15)


def test_first_step_of_adam_is_the_learning_rate():
    # Both moments are corrected to g and g^2, so the step is lr * g / (|g| + epsilon).
    gradient, betas = np.array([1e-9, -3.0]), (0.9, 0.999)
    first, second = oracle_adam.moments(gradient, 0.0, 0.0, betas=betas)
    settings = {"step": 1, "betas": betas, "learning_rate": 0.3, "epsilon": 1e-8}
    expected = 0.3 * gradient / (abs(gradient) + 1e-8)
    assert oracle_adam.update(first, second, **settings) == pytest.approx(expected, rel=1e-12)
    stock = 0.3 * gradient / (abs(gradient) + 1e-8 / np.sqrt(0.001))
    actual = oracle_adam.update_stock_mxnet(first, second, **settings)
    assert actual == pytest.approx(stock, rel=1e-12)


def test_schedule_decays_after_every_so_many_steps():
    rates = [
        oracle_adam.step_decay(step, learning_rate=1.0, factor=0.5, every=2) for step in range(5)
    ]
    assert rates == [1.0, 1.0, 0.5, 0.5, 0.25]


def test_schedule_agrees_with_core():
    from nst_core.spec import presets

    spec = presets.load("d2l")
    for step in range(0, 500, 7):
        expected = oracle_adam.step_decay(step, learning_rate=0.3, factor=0.8, every=50)
        assert spec.learning_rate_at(step) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("guided", [False, True])
def test_sliced_style_gradient(guided):
    x, direction, style = (random(64, 5, 6, seed=seed) for seed in (0, 3, 1))
    guides = random(2, 5, 6, seed=5) ** 2 if guided else None
    drawn = {"count": 3, "seed": 2}
    sources = [({"relu1_1": style}, 2.0, guides), ({"relu1_1": 2 * style[::-1]}, 1.0, guides)]
    targets = oracle_sliced.targets_at("relu1_1", sources, **drawn)
    loss = oracle_sliced.loss_to(targets, "relu1_1", guides=guides, **drawn)
    expected = slope(lambda at: loss(at)[0], x, direction)
    assert np.sum(loss(x)[1] * direction) == pytest.approx(expected, rel=1e-6)


def test_sliced_distance_of_a_moved_style_is_the_square_of_the_shift():
    style = random(64, 5, 6, seed=1)
    shift = random(64, 1, 1, seed=2)
    drawn = {"count": 4, "seed": 9}
    targets = oracle_sliced.targets_at("relu1_1", [({"relu1_1": style}, 1.0)], **drawn)
    # The quantiles' table rounds a little: the same picture has a small distance.
    loss = oracle_sliced.loss_to(targets, "relu1_1", guides=None, **drawn)
    assert loss(style)[0] == pytest.approx(0, abs=1e-3)
    along = [one @ shift.ravel() for one in oracle_sliced.directions("relu1_1", 64, **drawn)]
    assert loss(style + shift)[0] == pytest.approx(np.mean(np.square(along)), rel=0.05)
