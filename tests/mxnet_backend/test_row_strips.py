"""The network cut into strips: the same losses and gradients as of the whole, whatever the cut."""

import numpy as np
import pytest

from nst_core.backend import Adam, Architecture, Execution, Objective, Problem, StyleSource
from nst_core.weights import load

TAPS = {"relu1_2": 1e3, "conv2_1": 1e3, "conv3_1": 1e3, "relu3_4": 1e2, "conv4_2": 1e2}
KINDS = {
    "gram": {},
    "scaled": {"style_distance": "scaled", "content_distance": "scaled"},
    "wasserstein": {"style_statistics": "wasserstein"},
}


def evaluated(backend, kind, *, guided, architecture, checkpointing, dtype="float64"):
    rng = np.random.default_rng(11)
    content, style, image = rng.random((3, 45, 19, 3), dtype=np.float32).astype(dtype)
    guides = None
    if guided:
        half = np.zeros((45, 19))
        half[:27, :12] = 1
        guides = np.stack([half, 1 - half])
    problem = Problem(
        content=content,
        styles=(StyleSource(image=style, guides=guides),),
        guides=guides,
        start=content,
        weights=load("random:0"),
        objective=Objective(
            content={"conv1_2": 1.0, "conv4_2": 1.0}, style=TAPS, total_variation=1.0, **KINDS[kind]
        ),
        adam=Adam(beta1=0.9, beta2=0.999, epsilon=1e-8),
        architecture=architecture,
    )
    session = backend.start(
        problem, device="cpu", dtype=dtype, execution=Execution(checkpointing=checkpointing)
    )
    return session.evaluate(image=image), session.features(image=image)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("guided", [False, True], ids=["whole", "guided"])
def test_strips_change_nothing(backend, monkeypatch, kind, guided):
    from nst_mxnet import strips

    other = Architecture(pooling="average", padding="replicate") if guided else Architecture()
    given = {"guided": guided, "architecture": other}
    expected, features = evaluated(backend, kind, checkpointing=False, **given)
    counts = []
    real = strips.strips

    def counted(*sizes, **named):
        found = list(real(*sizes, **named))
        counts.append(len(found))
        return found

    monkeypatch.setattr("nst_mxnet.network.strips", counted)
    monkeypatch.setattr(strips, "MAP_BYTES", 1)
    for rows, checkpointing in ((2, True), (4, False), (6, True)):
        counts.clear()
        monkeypatch.setattr(strips, "LEAST_ROWS", rows)
        found, again = evaluated(backend, kind, checkpointing=checkpointing, **given)
        assert max(counts) == round(45 / rows)
        # With fewer pixels than channels the roots of covariances are ill-conditioned.
        bound = 1e-6 if kind == "wasserstein" else 1e-11
        off = np.abs(found.gradient - expected.gradient).max()
        assert off < bound * np.abs(expected.gradient).max()
        assert found.losses.total == pytest.approx(expected.losses.total, rel=bound)
        for tap, values in features.items():
            np.testing.assert_allclose(again[tap], values, atol=1e-12 * np.abs(values).max())


@pytest.mark.parametrize("rows", [2, 16])
@pytest.mark.parametrize("height", [2, 3, 11, 33, 64, 101])
@pytest.mark.parametrize("beyond", [1, 2, 4])
def test_strips_are_all_rows_once_with_their_neighbours(height, rows, beyond):
    from nst_mxnet.strips import strips

    found = list(strips(height, rows=rows, beyond=beyond))
    computed = [row for one in found for row in range(one.own.start, one.own.stop)]
    assert computed == list(range(height))
    for one in found:
        assert one.own.start < one.own.stop
        assert one.own.start % 2 == one.taken.start % 2 == 0
        assert one.taken.start <= max(0, one.own.start - beyond)
        assert one.taken.stop >= min(height, one.own.stop + beyond)
        assert one.taken.start >= 0
        assert one.taken.stop <= height


def test_gradient_goes_to_the_first_of_equals(backend):  # it imports MXNet
    from nst_mxnet._framework import mx
    from nst_mxnet.pooling import max_pooled, max_unpooled

    rng = np.random.default_rng(2)
    values = rng.integers(0, 3, (1, 8, 7, 9)).astype(np.float32)
    above = rng.random((1, 8, 3, 4), dtype=np.float32)
    with mx.util.np_shape(True), mx.util.np_array(True):
        pooled, choice = max_pooled(mx.np.array(values))
        found = max_unpooled(mx.np.array(above), choice, values.shape).asnumpy()
        x = mx.np.array(values)
        x.attach_grad()
        with mx.autograd.record():
            library = mx.npx.pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max")
        library.backward(mx.np.array(above))
    np.testing.assert_array_equal(pooled.asnumpy(), library.asnumpy())
    # Where all four are zero a ReLU before lets nothing through.
    np.testing.assert_array_equal(found * (values > 0), x.grad.asnumpy() * (values > 0))
    assert not found[values == 0].any()
