"""How a stage is set up: its initial image, its problem, and the stepper that takes its steps."""

from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
from fakes import FakeBackend, FakeSession, tiny_weights

import nst_core as nst
from nst_core import images
from nst_core.backend import AdamState
from nst_core.optimisers import LaplacianPyramid
from nst_core.problem import start_levels
from nst_core.problem.initial_image import noise as nst_noise
from nst_core.run import stage_setup
from nst_core.run.averaging import EMAStepper
from nst_core.run.lbfgs_stepper import LBFGSStepper
from nst_core.run.stepper import AdamStepper

GREY = np.full((64, 96, 3), 128, np.uint8)
STAGES = [{"size": "16x24", "steps": 3}, {"size": "32x48", "steps": 4}]


def run(backend, **overrides):
    return nst.transfer(
        GREY, GREY, backend=backend, weights=tiny_weights(), device="cpu", preset="d2l",
        overrides={"stages": STAGES, "colours": "style", **overrides},
    )  # fmt: skip


def prepared(backend=None, **overrides):
    """Return what a run prepares, without running it."""
    found = []

    def stop(run):
        found.append(run)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        nst.transfer(
            GREY, GREY, backend=backend or FakeBackend(), weights=tiny_weights(), device="cpu",
            preset="d2l", overrides={"stages": STAGES, "colours": "style", **overrides},
            on_prepared=stop,
        )  # fmt: skip
    return found[0]


def test_the_first_stage_starts_from_the_spec_and_the_next_from_the_image_before():
    work = prepared()
    first = stage_setup.initial_image(work, 0, previous=None)
    assert first.shape == (16, 24, 3)
    np.testing.assert_allclose(first, 128 / 255, rtol=1e-6)
    second = stage_setup.initial_image(work, 1, previous=first + np.float32(0.7))
    assert second.shape == (32, 48, 3)
    np.testing.assert_allclose(second, 128 / 255 + 0.7, rtol=1e-6)


@pytest.mark.parametrize(("strength", "share"), [(0.0, 1.0), (0.3, 0.4), (0.5, 0.0), (0.9, 0.0)])
def test_below_a_strength_of_half_each_stage_starts_nearer_to_the_content(strength, share):
    work = prepared(source="", name="custom", strength=strength, start={"image": "noise"})
    noise = nst_noise(height=16, width=24, seed=0)
    first = stage_setup.initial_image(work, 0, previous=None)
    np.testing.assert_allclose(first, (1 - share) * noise + share * 128 / 255, atol=1e-6)
    second = stage_setup.initial_image(work, 1, previous=np.ones((16, 24, 3), np.float32))
    np.testing.assert_allclose(second, 1 - share + share * 128 / 255, atol=1e-6)


def test_a_picture_to_start_from_is_used_for_the_first_stage_only():
    work = replace(prepared(), start=PIL.Image.new("RGB", (9, 7), (255, 0, 0)))
    np.testing.assert_allclose(
        stage_setup.initial_image(work, 0, previous=None), np.full((16, 24, 3), [1, 0, 0])
    )
    previous = np.full((16, 24, 3), 0.25, np.float32)
    np.testing.assert_allclose(stage_setup.initial_image(work, 1, previous=previous), 0.25)


def test_through_8_bits_clips_and_cuts_off():
    stages = [STAGES[0], {**STAGES[1], "through_8_bits": True}]
    previous = np.full((16, 24, 3), [204.6 / 255, 1.7, -0.2], np.float32)
    image = stage_setup.initial_image(prepared(stages=stages), 1, previous=previous)
    np.testing.assert_array_equal(image, np.full((32, 48, 3), [204 / 255, 1, 0], np.float32))


def test_the_stepper_is_the_specs_optimiser():
    image = np.zeros((16, 24, 3), np.float32)
    lbfgs = {"optimiser": {"name": "lbfgs"}}
    for overrides, kind, inner in (
        ({}, AdamStepper, None),
        (lbfgs, LBFGSStepper, None),
        ({"average": 0.9}, EMAStepper, AdamStepper),
        ({"average": 0.9, **lbfgs}, EMAStepper, LBFGSStepper),
    ):
        stepper = stage_setup.start_stepper(prepared(**overrides), 0, initial_image=image)
        assert type(stepper) is kind
        assert inner is None or type(stepper.inner) is inner
        np.testing.assert_allclose(stepper.image(), image, atol=1e-7)


def test_the_problem_has_the_stages_sizes_and_its_initial_image():
    backend = FakeBackend()
    image = np.full((32, 48, 3), 0.5, np.float32)
    stage_setup.start_stepper(prepared(backend), 1, initial_image=image)
    (problem,) = backend.problems
    assert problem.content.shape == problem.styles[0].image.shape == (32, 48, 3)
    np.testing.assert_array_equal(problem.start, image)
    assert problem.guides is None


def test_style_targets_come_from_the_cache_or_go_there():
    backend = FakeBackend()
    work = prepared(backend)
    image = np.zeros((16, 24, 3), np.float32)
    for _ in range(2):
        stage_setup.start_stepper(work, 0, initial_image=image)
    first, second = (problem.style_targets for problem in backend.problems)
    assert first is None
    np.testing.assert_array_equal(second.statistics["relu1_1"][0][0], np.eye(2))


class Remembers(FakeSession):
    """Has moments of its own: a ramp, and how often it was resized."""

    restored = None

    def state(self):
        _, width, _ = self.value.shape
        ramp = np.broadcast_to(np.linspace(0, 1, width)[None, :, None], self.value.shape)
        return AdamState(
            step=self.steps, image=self.value, first_moment=ramp, second_moment=2 * ramp
        )

    def restore(self, *, state):
        super().restore(state=state)
        self.restored = state


class Backend(FakeBackend):
    def __init__(self):
        super().__init__()
        self.sessions = []

    def start(self, problem, **given):
        super().start(problem, **given)
        self.sessions.append(Remembers(problem, self.calls))
        return self.sessions[-1]


def test_adams_state_is_carried_up():
    backend = Backend()
    result = run(backend, optimiser={"carry_state": True})
    first, second = (session.restored for session in backend.sessions)
    assert first is None
    assert second.step == 3
    assert backend.sessions[1].steps == 7
    np.testing.assert_array_equal(second.image, backend.problems[1].start)
    ramp = second.first_moment
    assert ramp.shape == (32, 48, 3)
    np.testing.assert_allclose(second.second_moment, 2 * ramp, rtol=1e-6)
    # Bilinear: the pixels' middles keep their places.
    middles = (np.arange(48) + 0.5) / 2 - 0.5
    np.testing.assert_allclose(ramp[5, :, 1], np.clip(middles / 23, 0, 1), atol=1e-6)
    np.testing.assert_allclose(result.image, 128 / 255 + 7 * 0.3, rtol=1e-6)
    assert [session.restored for session in run_without(Backend())] == [None, None]


def run_without(backend):
    run(backend)
    return backend.sessions


LEVELS = {"variables": {"kind": "laplacian", "levels": 3}}


def test_a_smaller_stage_has_fewer_levels():
    sizes = []
    for number in (0, 1):
        change = stage_setup.change_of_variables(prepared(**LEVELS), number)
        sizes.append(change.sizes)
    assert sizes == [
        ((16, 24), (8, 12), (4, 6)),
        ((32, 48), (16, 24), (8, 12), (4, 6)),
    ]
    assert stage_setup.change_of_variables(prepared(), 1).shape == (32, 48, 3)


def test_the_problem_and_the_stepper_have_the_levels():
    image = np.random.default_rng(0).random((32, 48, 3), np.float32)
    backend = FakeBackend()
    stage_setup.start_stepper(prepared(backend, **LEVELS), 1, initial_image=image)
    assert backend.problems[0].laplacian_levels == 3
    lbfgs = {"optimiser": {"name": "lbfgs"}, **LEVELS}
    stepper = stage_setup.start_stepper(prepared(**lbfgs), 1, initial_image=image)
    assert stepper.state()["x"].shape == (32 * 48 + 16 * 24 + 8 * 12 + 4 * 6, 3)
    np.testing.assert_allclose(stepper.image(), image, atol=1e-6)


def test_the_moments_of_levels_are_carried_level_by_level():
    work = prepared(**LEVELS)
    before, now = (stage_setup.change_of_variables(work, number) for number in (0, 1))
    kept = {}

    class Keeps(AdamStepper):
        def __init__(self):
            pass

        def state(self):
            return {"image": "the new stage's"}

        def restore(self, state):
            kept.update(state)

    levels = [np.full((*size, 3), n, np.float32) for n, size in enumerate(before.sizes, start=1)]
    moment = before.join(levels)
    state = {"first_moment": moment, "second_moment": 2 * moment, "step": 7, "image": None}
    stage_setup.carry_state(Keeps(), state, before=before, now=now)
    found = now.split(kept["first_moment"])
    assert [set(level.ravel()) for level in found] == [{1}, {1}, {2}, {3}]
    np.testing.assert_array_equal(kept["second_moment"], 2 * kept["first_moment"])
    assert kept["image"] == "the new stage's"
    assert kept["step"] == 7


def picture(height=64, width=96):
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return PIL.Image.fromarray(pixels)


def starting(zeroed, sizes=((16, 24), (32, 48), (64, 96))):
    stages = [{"size": f"{height}x{width}", "steps": 1} for height, width in sizes]
    work = prepared(stages=stages, start={"zeroed_levels": zeroed})
    return replace(work, content=picture())


def fine_detail(image):
    """The largest value of the finest level."""
    height, width, _ = image.shape
    pyramid = LaplacianPyramid(height=height, width=width, levels=1)
    return abs(pyramid.split(pyramid.undo(image))[0]).max()


def test_the_finest_levels_are_zero_at_the_start():
    whole = replace(prepared(), content=picture())
    content = stage_setup.initial_image(whole, 0, previous=None)
    # The first of three stages lacks two levels; of three it has to leave out one.
    np.testing.assert_array_equal(stage_setup.initial_image(starting(2), 0, previous=None), content)
    image = stage_setup.initial_image(starting(3), 0, previous=None)
    pyramid = LaplacianPyramid(height=16, width=24, levels=1)
    finest, residual = pyramid.split(pyramid.undo(content))
    np.testing.assert_allclose(
        image, pyramid.apply(pyramid.join([0 * finest, residual])), atol=1e-6
    )


def test_a_later_stage_gets_the_contents_levels_that_are_new_and_not_zero():
    flat = np.full((16, 24, 3), 0.5, np.float32)
    # Level 1 of the last stage is the finest one of the middle stage.
    middle = stage_setup.initial_image(starting(1), 1, previous=flat)
    content = images.resize_picture(picture(), height=32, width=48)
    np.testing.assert_allclose(middle - 0.5, start_levels.finest(content, range(1)), atol=1e-6)
    assert fine_detail(middle) > 0.1
    for work, number in ((starting(2), 1), (starting(1), 2), (starting("auto"), 2)):
        size = work.sizes[number].content
        np.testing.assert_allclose(
            stage_setup.initial_image(work, number, previous=flat), np.full((*size, 3), 0.5)
        )


def test_auto_is_three_levels_and_two_from_1024_pixels_on():
    assert start_levels.zeroed_levels("auto", last=(700, 1023)) == 3
    assert start_levels.zeroed_levels("auto", last=(1024, 700)) == 2
    assert start_levels.zeroed_levels(5, last=(1024, 700)) == 5
