"""Numbers that go wrong end the run at that step, with the best picture before."""

from dataclasses import replace

import numpy as np
import pytest
from fakes import FakeBackend, FakeSession, tiny_weights

import nst_core as nst
from nst_core.backend import Losses
from nst_core.run.divergence import DivergenceGuard, NonFiniteError, first_non_finite

GREY = np.full((64, 96, 3), 128, np.uint8)
NAN, INF = float("nan"), float("inf")
GOOD = Losses(content={"relu4_4": 1.0}, style={"relu1_1": 2.0}, total_variation=3.0, total=6.0)


def losses(total=6.0, **parts):
    return replace(GOOD, total=total, **parts)


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        (GOOD, ""),
        (losses(NAN, content={"relu4_4": NAN}), "the content loss at relu4_4 is nan"),
        (losses(INF, style={"relu1_1": 1.0, "conv5_1": INF}), "the style loss at conv5_1 is inf"),
        (losses(NAN, total_variation=NAN), "the total variation loss is nan"),
        (losses(INF), "the sum of the losses is inf"),
    ],
)
def test_the_term_is_named(wrong, line):
    assert first_non_finite(wrong) == line


def test_a_bad_gradient_shows_in_every_loss_of_the_next_step():
    guard = DivergenceGuard(np.zeros((1, 1, 3)), is_result=True)
    guard.check(GOOD, lambda: np.ones((1, 1, 3)), step=1)
    everything = losses(NAN, content={"relu4_4": NAN}, style={"relu1_1": INF}, total_variation=NAN)
    with pytest.raises(NonFiniteError, match="the gradient of step 1 is not finite; try a smaller"):
        guard.check(everything, pytest.fail, step=2)
    with pytest.raises(NonFiniteError, match="the gradient of step 9 is not finite"):
        guard.check_end(np.array([[[0, NAN, 0]]]), step=9)
    guard.check_end(np.zeros((1, 1, 3)), step=9)


def test_best_is_the_copy_of_the_lowest_loss():
    # Copied after steps 1, 2, 4, 8, 16, 32, 64 ...; judged by the losses of the step after.
    totals = {2: 9.0, 3: 5.0, 5: 7.0, 9: 4.0, 17: 6.0, 33: 3.0, 65: 8.0, 97: 2.0}
    best = []
    guard = DivergenceGuard(np.zeros(3), is_result=False)
    for step in range(1, 99):
        image = np.full(3, float(step))
        guard.check(losses(totals.get(step, 0.5)), lambda image=image: image, step=step)
        best.append(None if guard.best is None else guard.best[0])
    assert best[0] is None
    assert [best[step - 1] for step in totals] == [1, 2, 2, 8, 8, 32, 32, 96]


class Breaks(FakeSession):
    """Its style loss, or its image, is not finite from step ``at`` on."""

    at, image_too = 7, False

    def _losses(self):
        good = super()._losses()
        if self.steps < self.at:
            return good
        return replace(good, style={"relu1_1": NAN, "relu2_1": 0.5}, total=NAN)

    def image(self):
        good = super().image()
        return good * NAN if self.image_too and self.steps >= self.at else good


class Backend(FakeBackend):
    def __init__(self, **attributes):
        super().__init__()
        self.session = type("Session", (Breaks,), attributes)

    def start(self, problem, **given):
        super().start(problem, **given)
        return self.session(problem, self.calls)


def run(backend, steps=12, **options):
    given = {"weights": tiny_weights(), "device": "cpu", **options}
    stages = [{"size": "16x24", "steps": steps}, {"size": "32x48", "steps": steps}]
    return nst.transfer(
        GREY,
        GREY,
        backend=backend,
        overrides={"stages": stages, "colours": "style"},
        **given,
        preset="d2l",
    )


def test_the_run_stops_at_once_with_the_best_picture():
    backend = Backend()
    result = run(backend)
    assert result.note == (
        "stage 1, step 7: the style loss at relu1_1 is nan; try a smaller learning rate or "
        "smaller weights; the picture is the best one before"
    )
    assert len(backend.calls.steps()) == 7
    # The losses rise with every step, so the image after the first is the best there is.
    np.testing.assert_allclose(result.image, 128 / 255 + 0.3, rtol=1e-6)


def test_the_last_gradient_counts_too():
    backend = Backend(at=12, image_too=True, _losses=FakeSession._losses)
    result = run(backend)
    assert "stage 1, step 12: the gradient of step 12 is not finite" in result.note
    assert np.isfinite(result.image).all()


def test_nothing_reached_is_no_picture():
    with pytest.raises(NonFiniteError, match=r"stage 1, step 1: the style .* there is no picture"):
        run(Backend(at=0))


def test_a_later_stage_falls_back_to_the_one_before():
    class Second(Backend):
        def start(self, problem, **given):
            self.session.at = 99 if not self.problems else 1
            return super().start(problem, **given)

    result = run(Second())
    assert "stage 2, step 1: the style loss at relu1_1 is nan" in result.note
    np.testing.assert_allclose(result.image, 128 / 255 + 12 * 0.3, rtol=1e-6)


def test_what_is_not_finite_is_never_kept(tmp_path):
    from nst_core.run import checkpoint
    from nst_core.run.checkpoint import CheckpointWriter

    path = tmp_path / "c"
    backend = Backend(at=12, image_too=True, _losses=FakeSession._losses)
    run(backend, checkpoint=CheckpointWriter(path=path, every=1))
    assert checkpoint.read(path).position.step == 11
