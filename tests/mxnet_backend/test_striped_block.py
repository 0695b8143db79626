"""Blocks in strips of rows: losses, gradients and features are those of the whole."""

import numpy as np
import pytest

from nst_core.backend import (
    Adam,
    Architecture,
    Execution,
    Matching,
    Objective,
    Problem,
    Query,
    StyleSource,
)
from nst_core.weights import load

HEIGHT, WIDTH = 45, 19
TAPS = {"relu1_2": 1e3, "conv2_1": 1e3, "conv3_1": 1e3, "relu3_4": 1e2, "conv4_2": 1e2}
NEIGHBOURS = {"relu1_2": 1e3, "relu3_4": 1e2}
KINDS = {
    "gram": {},
    "scaled": {"style_distance": "scaled", "content_distance": "scaled"},
    "wasserstein": {"style_statistics": "wasserstein"},
    "sliced": {"style_statistics": "sliced-wasserstein", "projections": 6},
    "nearest": {"neighbours": NEIGHBOURS},
    "nearest, taps": {
        "neighbours": NEIGHBOURS,
        "matching": Matching(form="taps", centred_loss=True, samples=9, style_samples=9),
    },
}


def problem_of(kind, *, guided):
    rng = np.random.default_rng(11)
    content, style, image = rng.random((3, HEIGHT, WIDTH, 3), dtype=np.float32).astype("float64")
    guides = None
    if guided:
        half = np.zeros((HEIGHT, WIDTH))
        half[:27, :12] = 1
        guides = np.stack([half, 1 - half])
    other = Architecture(pooling="average", padding="replicate") if guided else Architecture()
    problem = Problem(
        content=content,
        styles=(StyleSource(image=style, guides=guides),),
        guides=guides,
        visibility=None if guides is None else guides[1],
        start=content,
        weights=load("random:0"),
        objective=Objective(
            content={"conv1_2": 1.0, "conv4_2": 1.0}, style=TAPS, total_variation=1.0, **KINDS[kind]
        ),
        adam=Adam(beta1=0.9, beta2=0.999, epsilon=1e-8),
        architecture=other,
        query=Query(image=content) if kind.startswith("nearest") else None,
    )
    return problem, image


def evaluated(problem, image, *, checkpointing, **given):
    from nst_mxnet._framework import mx
    from nst_mxnet.session import MXNetSession

    session = MXNetSession(
        problem,
        device=mx.cpu(),
        dtype="float64",
        execution=Execution(checkpointing=checkpointing),
        **given,
    )
    return session.evaluate(image=image), session.features(image=image)


def strip_count(problem, sizes):
    """The number of strips in which the first block is computed."""
    from nst_mxnet._framework import mx
    from nst_mxnet.network import Network

    seen = []
    with mx.util.np_shape(True), mx.util.np_array(True):
        network = Network(
            problem.weights, taps=["relu1_2"], device=mx.cpu(), dtype="float64", strip_sizes=sizes
        )
        x = mx.np.zeros((1, 3, HEIGHT, WIDTH), dtype="float64")
        network.forward(x, lambda tap, features, rows: seen.append(rows))
    return len(seen)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("guided", [False, True], ids=["whole", "guided"])
def test_strips_change_nothing(backend, kind, guided):
    from nst_mxnet.row_strips import StripSizes

    problem, image = problem_of(kind, guided=guided)
    expected, features = evaluated(problem, image, checkpointing=False)
    for rows, checkpointing in ((2, True), (4, False), (6, True)):
        sizes = StripSizes(map_bytes=1, min_rows=rows)
        assert strip_count(problem, sizes) == round(HEIGHT / rows)
        found, again = evaluated(problem, image, checkpointing=checkpointing, strip_sizes=sizes)
        # With fewer pixels than channels the roots of covariances are ill-conditioned.
        bound = 1e-6 if kind == "wasserstein" else 1e-11
        off = np.abs(found.gradient - expected.gradient).max()
        assert off < bound * np.abs(expected.gradient).max()
        assert found.losses.total == pytest.approx(expected.losses.total, rel=bound)
        for tap, values in features.items():
            np.testing.assert_allclose(again[tap], values, atol=1e-12 * np.abs(values).max())
