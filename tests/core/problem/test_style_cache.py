"""Style targets that are kept: when they serve again, when they don't, and how many."""

from dataclasses import replace

import numpy as np
import pytest
from fakes import FakeBackend, tiny_weights

import nst_core as nst
from nst_core.backend import (
    AUTOMATIC,
    Adam,
    Architecture,
    Execution,
    Objective,
    Problem,
    StyleSource,
    StyleTargets,
)
from nst_core.problem.style_cache import TargetCache, fingerprint

WEIGHTS = tiny_weights()
OBJECTIVE = Objective(content={"relu4_4": 1.0}, style={"relu1_1": 2.0}, total_variation=1.0)
ONE, TWO = (np.full((3, 4, 3), value, np.float32) for value in (0.25, 0.5))
PROBLEM = Problem(
    content=ONE,
    styles=(StyleSource(image=ONE), StyleSource(image=TWO, weight=3.0)),
    start=ONE,
    weights=WEIGHTS,
    objective=OBJECTIVE,
    adam=Adam(beta1=0.9, beta2=0.999, epsilon=1e-8),
)


def key(problem=PROBLEM, backend=None, **how):
    given = {"device": "cpu", "dtype": "float32", "execution": AUTOMATIC, **how}
    return fingerprint(problem, backend or FakeBackend(), **given)


def objective(**fields):
    return replace(PROBLEM, objective=replace(OBJECTIVE, **fields))


def styles(*images, weights=(1.0, 3.0), guides=None):
    found = zip(images, weights, strict=True)
    given = tuple(StyleSource(image=image, weight=w, guides=guides) for image, w in found)
    return replace(PROBLEM, styles=given)


def test_what_styles_do_not_depend_on_keeps_the_fingerprint():
    assert key() == key(replace(PROBLEM, content=TWO, start=TWO, weights=tiny_weights()))
    assert key() == key(styles(ONE, TWO, weights=(2.0, 6.0)))
    assert key() == key(objective(style={"relu1_1": 7.0}, total_variation=9.0))
    third = replace(PROBLEM, styles=(*PROBLEM.styles, StyleSource(image=TWO, weight=0.0)))
    assert key() == key(third), "one without a share"


@pytest.mark.parametrize(
    "other",
    [
        lambda: key(styles(TWO, ONE)),
        lambda: key(styles(ONE, TWO + np.float32(1e-7))),
        lambda: key(styles(ONE, TWO.reshape(4, 3, 3))),
        lambda: key(styles(ONE, TWO.astype(np.float64))),
        lambda: key(styles(ONE, TWO, weights=(1.0, 1.0))),
        lambda: key(styles(ONE, TWO, guides=np.ones((1, 3, 4), np.float32))),
        lambda: key(replace(PROBLEM, start=np.zeros((3, 5, 3)))),
        lambda: key(objective(style={"relu1_2": 2.0})),
        lambda: key(objective(content={"relu5_4": 2.0})),
        lambda: key(objective(style_statistics="wasserstein")),
        lambda: key(objective(style_statistics="sliced-wasserstein")),
        lambda: key(objective(style_statistics="sliced-wasserstein", projections=3)),
        lambda: key(objective(style_statistics="sliced-wasserstein", projection_seed=3)),
        lambda: key(replace(PROBLEM, architecture=Architecture(pooling="average"))),
        lambda: key(replace(PROBLEM, architecture=Architecture(padding="replicate"))),
        lambda: key(replace(PROBLEM, weights={**WEIGHTS, "conv1_1.bias": np.ones(64)})),
        lambda: key(dtype="float64"),
        lambda: key(device="cuda:0"),
        lambda: key(execution=Execution(conv="direct")),
        lambda: key(execution=Execution(precision="tf32")),
        lambda: key(backend=type("Other", (FakeBackend,), {"name": "other"})()),
        lambda: key(backend=type("Newer", (FakeBackend,), {"version": "2.0"})()),
    ],
)
def test_what_they_depend_on_changes_it(other):
    assert other() != key()


def test_weights_count_by_their_numbers():
    plain = dict(WEIGHTS)
    assert key(replace(PROBLEM, weights=plain)) == key(replace(PROBLEM, weights=dict(plain)))
    other = {**plain, "conv1_1.bias": plain["conv1_1.bias"] + 1}
    assert key(replace(PROBLEM, weights=other)) != key(replace(PROBLEM, weights=plain))


def targets(megabytes):
    array = np.zeros(int(megabytes * 1e6) // 4, np.float32)
    return StyleTargets(statistics={"relu1_1": {0: (array,)}})


def test_what_was_not_asked_for_longest_is_forgotten_first():
    cache = TargetCache(max_mb=3)
    for name in "abc":
        cache.put(name, targets(0.9))
    assert cache.get("a") is not None
    cache.put("d", targets(0.9))
    assert [name for name in "abcd" if cache.get(name) is not None] == ["a", "c", "d"]
    cache.put("large", targets(4))
    assert cache.get("large") is None


def paint(backend, content, style, targets=None, size="16x24", **options):
    stages = [{"size": one, "steps": 1} for one in size.split(",")]
    return nst.transfer(
        content, style, backend=backend, weights=WEIGHTS, device="cpu", targets=targets,
        overrides={"stages": stages, **options}, preset="d2l"
    )  # fmt: skip


def picture(seed, height=20, width=30):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def given(backend):
    return [problem.style_targets is not None for problem in backend.problems]


def test_pictures_in_one_style_share_them():
    backend, cache = FakeBackend(), nst.TargetCache()
    for content in (1, 2):
        paint(backend, picture(content), picture(9), cache)
    paint(backend, picture(1), picture(8), cache)
    paint(backend, picture(1), picture(9), cache, colours="match")
    paint(backend, picture(2), picture(9), cache, colours="match")
    assert given(backend) == [False, True, False, False, False]


def test_only_shapes_that_make_a_style_another_size_do_not():
    """A longest side leaves a style its own proportions, whatever the content's are."""
    backend, cache = FakeBackend(), nst.TargetCache()
    for content in (picture(1), picture(2, 30, 20)):
        paint(backend, content, picture(9, 30, 30), cache, size="24")
    paint(backend, picture(3), picture(9, 30, 30), cache, size="36")
    assert given(backend) == [False, True, False]


def test_stages_of_one_size_share_them():
    backend = FakeBackend()
    paint(backend, picture(1), picture(9), size="16x24,16x24,32x48")
    assert given(backend) == [False, True, False]
    paint(backend, picture(1), picture(9))
    assert given(backend)[3:] == [False], "what is kept is the run's own"


@pytest.mark.parametrize("style", [{}, {"size": "80x100"}], ids=["same size", "another size"])
def test_results_are_the_same_to_the_bit(style):
    """At a size from which on PyTorch convolves otherwise on a CPU."""
    weights = nst.Weights({n: a + 0.01 for n, a in WEIGHTS.items()}, source="constant")
    layers = {**style, "layers": ["relu1_1", "relu2_1"]}
    options = {"content": {"layers": ["relu2_1"]}, "style": layers}
    table = {**options, "stages": [{"size": "96x144", "steps": 2}]}

    def painted(content, targets):
        return nst.transfer(
            picture(content),
            picture(9),
            weights=weights,
            overrides=table,
            targets=targets,
            preset="d2l",
        ).image

    cache = nst.TargetCache()
    painted(1, cache)
    np.testing.assert_array_equal(painted(2, cache), painted(2, None))


def test_projections_count_for_sliced_wasserstein_alone():
    sliced = {"style_statistics": "sliced-wasserstein"}
    keys = [
        key(objective(**sliced)),
        key(objective(**sliced, projections=3)),
        key(objective(**sliced, projection_seed=3)),
    ]
    assert len(set(keys)) == 3
    assert key(objective(projections=3)) == key(PROBLEM)
