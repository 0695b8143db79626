"""The loop, watched through a backend that keeps a calls."""

import numpy as np
import pytest
from fakes import FakeBackend, FakeSession, tiny_weights

import nst_core as nst
from nst_core.spec import presets

WEIGHTS = tiny_weights()
STAGES = [{"size": "16x24", "steps": 3}, {"size": "32x48", "steps": 4}]
GREY = np.full((64, 96, 3), 128, np.uint8)


class Watcher(nst.Observer):
    def __init__(self):
        self.calls = []

    def started(self, plan):
        self.calls.append(("started", plan.sizes))

    def stepped(self, step):
        self.calls.append((step.stage, step.step, step.stage_steps, step.global_step, step.last))

    def closed(self):
        self.calls.append("closed")


def run(backend=None, **options):
    defaults = {
        "preset": "d2l",
        "weights": WEIGHTS,
        "device": "cpu",
        "overrides": {"stages": STAGES, "colours": "style"},
    }
    return nst.transfer(GREY, GREY, backend=backend or FakeBackend(), **{**defaults, **options})


def test_every_step_gets_the_schedules_learning_rate():
    backend = FakeBackend()
    schedule = {"factor": 0.5, "every": 2}
    run(backend, overrides={"stages": STAGES, "schedule": schedule})
    rates = [entry[1] for entry in backend.calls.steps()]
    # The schedule starts anew with each stage.
    assert rates == pytest.approx([0.3, 0.3, 0.15, 0.3, 0.3, 0.15, 0.15])


def test_a_stage_starts_from_the_last_ones_unclipped_result():
    backend = FakeBackend()
    run(backend)
    first, second = backend.problems
    np.testing.assert_array_equal(first.start, first.content)
    assert first.start.shape == (16, 24, 3)
    assert second.start.shape == (32, 48, 3)
    np.testing.assert_allclose(second.start, 128 / 255 + 3 * 0.3, rtol=1e-6)
    np.testing.assert_allclose(second.content, 128 / 255, rtol=1e-6)


def test_a_stage_may_start_from_the_last_ones_8_bit_picture():
    backend = FakeBackend()
    stages = [STAGES[0], {**STAGES[1], "through_8_bits": True}]
    # 128 / 255 + 3 * 0.1 is 204.5 of 255: cut off 204, rounded 205 (or 204, to even).
    run(backend, overrides={"stages": stages, "optimiser": {"learning_rate": 0.1001}})
    np.testing.assert_array_equal(backend.problems[1].start, np.float32(204 / 255))
    run(backend, overrides={"stages": stages, "optimiser": {"learning_rate": 9.0}})
    np.testing.assert_array_equal(backend.problems[3].start, 1.0)  # clipped
    start = backend.problems[1].start
    assert (start.shape, start.dtype) == ((32, 48, 3), np.float32)


def test_the_problem_is_the_specs():
    backend = FakeBackend()
    run(backend, dtype="float64")
    assert backend.calls[0] == ("start", "cpu", "float64")
    problem = backend.problems[0]
    assert problem.objective == presets.load("d2l").objective()
    assert (problem.adam.beta1, problem.adam.beta2, problem.adam.epsilon) == (0.9, 0.999, 1e-8)
    assert problem.weights is WEIGHTS


def test_history_has_first_last_and_every_tenth():
    result = run(overrides={"stages": [{"size": "short:16", "steps": 25}]}, log_every=10)
    assert [row.step for row in result.history] == [1, 10, 20, 25]
    row = result.history[1]
    assert (row.content, row.style, row.tv, row.total) == (10, 100.5, 0.25, 110.75)
    assert row.learning_rate == 0.3
    seconds = [row.seconds for row in result.history]
    assert seconds == sorted(seconds)
    assert result.seconds >= seconds[-1]


def test_losses_are_asked_for_once_a_step_and_images_seldom(monkeypatch):
    # On no backend does asking for a step's losses wait for its backward pass.
    asked = []
    image = FakeSession.image
    monkeypatch.setattr(FakeSession, "image", lambda self: asked.append(self.steps) or image(self))
    backend = FakeBackend()
    run(backend, overrides={"stages": [{"size": "short:16", "steps": 70}]}, log_every=10)
    losses = [entry[1] for entry in backend.calls if entry[0] == "losses"]
    assert losses == list(range(1, 71))
    assert asked == [1, 2, 4, 8, 16, 32, 64, 70]


def test_observers_see_every_step_and_are_closed():
    watcher = Watcher()
    run(observers=[watcher])
    assert watcher.calls == [
        ("started", ((16, 24), (32, 48))),
        (1, 1, 3, 1, False),
        (1, 2, 3, 2, False),
        (1, 3, 3, 3, True),
        (2, 1, 4, 4, False),
        (2, 2, 4, 5, False),
        (2, 3, 4, 6, False),
        (2, 4, 4, 7, True),
        "closed",
    ]


def test_ctrl_c_hands_over_the_picture_reached_so_far():
    watcher = Watcher()
    with pytest.raises(nst.Interrupted) as caught:
        run(FakeBackend(stop_at=6), observers=[watcher])
    result = caught.value.result
    assert result.image.shape == (32, 48, 3)
    np.testing.assert_allclose(result.image, 128 / 255 + 5 * 0.3, rtol=1e-6)
    assert [row.stage for row in result.history] == [1, 1, 2]
    assert watcher.calls[-1] == "closed"


def test_ctrl_c_before_the_first_step_has_nothing_to_save():
    with pytest.raises(KeyboardInterrupt) as caught:
        run(FakeBackend(stop_at=1))
    assert not isinstance(caught.value, nst.Interrupted)


def test_an_observers_error_ends_the_run_and_closes_all():
    class Broken(nst.Observer):
        def stepped(self, step):
            raise ZeroDivisionError

    watcher = Watcher()
    with pytest.raises(ZeroDivisionError):
        run(observers=[Broken(), watcher])
    assert watcher.calls[-1] == "closed"
