"""What is left of a run that diverged or ran out of memory."""

from dataclasses import replace

import numpy as np
import pytest
from fakes import FakeBackend, tiny_weights

import nst_core as nst
from nst_core.backend import Execution, Losses
from nst_core.errors import OutOfMemoryError
from nst_core.optimisers import Diverged
from nst_core.run import estimate, recovery
from nst_core.run.averaging import EMAStepper
from nst_core.run.divergence import NonFiniteError
from nst_core.run.lbfgs_stepper import LBFGSStepper
from nst_core.spec import LBFGS

BEST = np.full((2, 3, 3), 0.25)
START = np.full((2, 3, 3), 0.5)
NAN = float("nan")


class Session:
    """Its losses are the given totals, one after the other."""

    def __init__(self, *totals):
        self.totals = list(totals)

    def evaluate(self, *, image):
        total = self.totals.pop(0)
        losses = Losses(content={"relu1_1": total}, style={}, total_variation=0.0, total=total)
        return type("Evaluation", (), {"losses": losses, "gradient": np.ones_like(image)})


def lbfgs(*totals):
    stepper = LBFGSStepper(Session(*totals), start=START, settings=LBFGS(), dtype="float64")
    for _ in totals[1:]:
        try:
            stepper.step(learning_rate=1.0)
        except Diverged:
            break
    return stepper


def test_the_guards_image_and_a_line_with_stage_and_step():
    image, note = recovery.after_divergence(
        NonFiniteError("the style loss at relu1_1 is nan"), None, number=1, done=7, best=BEST
    )
    assert image is BEST
    assert note == (
        "stage 2, step 7: the style loss at relu1_1 is nan; the picture is the best one before"
    )


def test_without_an_image_the_error_is_raised():
    with pytest.raises(NonFiniteError, match=r"^stage 1, step 1: x; there is no picture yet$"):
        recovery.after_divergence(NonFiniteError("x"), None, number=0, done=1, best=None)


@pytest.mark.parametrize("averaged", [False, True])
def test_lbfgs_has_a_best_image_of_its_own_and_names_the_loss(averaged):
    stepper = lbfgs(9.0, 4.0, NAN)
    expected = stepper.best()
    outer = EMAStepper(stepper, decay=0.5) if averaged else stepper
    image, note = recovery.after_divergence(
        Diverged("the loss is nan"), outer, number=0, done=1, best=BEST
    )
    np.testing.assert_array_equal(image, expected)
    assert not np.array_equal(image, START), "the second evaluation was lower"
    assert note.startswith("stage 1, step 2: the loss is nan (the content loss at relu1_1 is nan);")


@pytest.fixture
def prepared():
    found = []

    def stop(run):
        found.append(run)
        raise InterruptedError

    grey = np.full((64, 96, 3), 128, np.uint8)
    with pytest.raises(InterruptedError):
        nst.transfer(
            grey, grey, backend=FakeBackend(), weights=tiny_weights(), device="cpu",
            overrides={"stages": [{"size": "200x300", "steps": 1}]}, preset="d2l",
            on_prepared=stop,
        )  # fmt: skip
    return found[0]


def after_out_of_memory(prepared, reason, *, rss_mb=None, best=BEST):
    return recovery.after_out_of_memory(reason, prepared, number=0, rss_mb=rss_mb, best=best)


def test_out_of_memory_advises_half_of_the_pixels(prepared):
    reason = OutOfMemoryError("the memory is not enough: 3 GB were asked for")
    image, note = after_out_of_memory(prepared, reason)
    assert image is BEST
    assert note == (
        "stage 1, 200x300: the memory is not enough: 3 GB were asked for; "
        "try --size 140x210, half of the memory, or try --checkpointing where the backend has it; "
        "the picture is the best one before"
    )
    checkpointing = replace(prepared, execution=Execution(checkpointing=True))
    assert "--checkpointing" not in after_out_of_memory(checkpointing, reason)[1]


def test_out_of_memory_names_the_size_that_fits_if_it_is_known(prepared, monkeypatch):
    monkeypatch.setattr(estimate, "largest_fitting_size", lambda *_, rss_mb: (90, int(rss_mb)))
    _, note = after_out_of_memory(prepared, MemoryError(), rss_mb=135.0)
    assert "; --size 90x135 is likely to fit, or try" in note


def test_out_of_memory_without_an_image_is_an_error_of_one_line(prepared):
    with pytest.raises(OutOfMemoryError, match=r"^stage 1, 200x300: ") as caught:
        after_out_of_memory(prepared, MemoryError("Unable to allocate"), best=None)
    assert "\n" not in str(caught.value)
    assert "the picture" not in str(caught.value)
