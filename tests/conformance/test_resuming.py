"""A run that was stopped and resumed is bit for bit the same as one that never stopped."""

import numpy as np
import pytest

import nst_core as nst

GREY = np.random.default_rng(0).integers(0, 256, (24, 36, 3), dtype=np.uint8)
STAGES = [{"size": "16x24", "steps": 3}, {"size": "20x30", "steps": 3}]
ADAM = {"optimiser": {"carry_state": True}, "average": 0.8}
LBFGS = {"optimiser": {"name": "lbfgs", "history": 2}}
LEVELS = {"variables": {"kind": "laplacian"}}


def run(subject, weights, over, **options):
    return nst.transfer(
        GREY, GREY[:, ::-1], backend=subject.backend, device=subject.device, weights=weights,
        log_every=1, overrides={"stages": STAGES, **over}, **options, preset="d2l"
    )  # fmt: skip


@pytest.fixture(scope="module")
def weights():
    from nst_core.weights import load

    return load("random")


@pytest.mark.parametrize(
    "over",
    [ADAM, LBFGS, {**ADAM, **LEVELS}, {**LBFGS, **LEVELS}],
    ids=["adam", "lbfgs", "adam on a pyramid", "lbfgs on a pyramid"],
)
def test_stopped_and_resumed(subject, weights, over, tmp_path):
    path = tmp_path / "run.nst"
    whole = run(subject, weights, over)
    for at in (2, 3, 5):
        count = iter(range(1, 99))
        with pytest.raises(nst.Interrupted):
            run(subject, weights, over, checkpoint=path, stop=lambda c=count, a=at: next(c) == a)
        result = run(subject, weights, over, resume=path)
        np.testing.assert_array_equal(result.image, whole.image)
        assert [row.total for row in result.history] == [row.total for row in whole.history]
