"""What observers are told, and the history."""

import pytest

import nst_core as nst
from nst_core.backend import Device, Losses
from nst_core.run.observers import History, Plan, Row, Step
from nst_core.spec import presets


class Optimisation:
    def __init__(self):
        self.asked = []

    def losses(self):
        self.asked.append("losses")
        return Losses(
            content={"relu1_1": 1.0, "relu2_1": 2.0}, style={"relu1_1": 4.0},
            total_variation=8.0, total=19.0,
        )  # fmt: skip

    def image(self):
        self.asked.append("image")
        return "image"


def step(number, *, steps=10, stage=1, optimisation=None, clock=lambda: 0.5):
    return Step(
        stage=stage,
        step=number,
        stage_steps=steps,
        global_step=number,
        learning_rate=0.3,
        clock=clock,
        optimisation=optimisation or Optimisation(),
    )


def test_losses_image_and_seconds_are_read_once_and_only_if_asked_for():
    optimisation, times = Optimisation(), iter([3.0, 4.0])
    one = step(1, optimisation=optimisation, clock=lambda: next(times))
    assert optimisation.asked == []
    assert (one.losses, one.image, one.seconds) == (one.losses, one.image, one.seconds)
    assert optimisation.asked == ["losses", "image"]
    assert one.seconds == 3.0


def test_the_last_step_of_a_stage():
    assert [step(number, steps=3).last for number in (1, 2, 3)] == [False, False, True]


def test_an_observer_overrides_what_it_needs():
    observer = nst.Observer()
    assert observer.started(None) is observer.stepped(step(1)) is observer.closed() is None


@pytest.mark.parametrize(
    ("every", "steps", "rows"), [(4, 10, [1, 4, 8, 10]), (1, 3, [1, 2, 3]), (50, 1, [1])]
)
def test_rows_of_the_first_the_last_and_every_nth_step(every, steps, rows):
    history = History(every=every)
    for number in range(1, steps + 1):
        history.stepped(step(number, steps=steps))
    assert [row.step for row in history.rows] == rows


def test_a_row_has_the_sums_of_the_losses():
    history = History(every=1)
    history.stepped(step(2, stage=3))
    assert history.rows == [
        Row(
            step=2, stage=3, content=3.0, style=4.0, tv=8.0, total=19.0, learning_rate=0.3,
            seconds=0.5,
        )
    ]  # fmt: skip


def test_losses_are_not_read_for_steps_without_a_row():
    optimisation = Optimisation()
    History(every=10).stepped(step(2, optimisation=optimisation))
    assert optimisation.asked == []


def test_a_plan_counts_the_steps_of_all_stages():
    plan = Plan(
        spec=presets.load("d2lzh"), sizes=((1, 1), (2, 2)), backend="fake 1.0",
        device=Device("cpu", "x"), weights="zeros", weights_checksum="", recipe="",
    )  # fmt: skip
    assert plan.steps == 1000
