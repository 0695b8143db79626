"""Pyramids, the state carried up them, and the average of the images as their result."""

import math

import numpy as np
import oracle
import pytest
from fakes import FakeBackend, FakeSession, tiny_weights
from hypothesis import given
from hypothesis import strategies as st

import nst_core as nst
from nst_core.backend import AdamState
from nst_core.errors import SpecError
from nst_core.run import checkpoint
from nst_core.run.averaging import Average
from nst_core.run.checkpoint import CheckpointWriter
from nst_core.spec import Pyramid, Spec, merging, presets
from nst_core.spec.sizes import Size
from nst_core.spec.stage_overrides import with_stages
from nst_core.system import toml

GREY = np.full((64, 96, 3), 128, np.uint8)


def pyramid(**table):
    over = {"pyramid": {"from": 128, "to": "512", "steps": 9, **table}}
    return Spec.from_table(merging.merged(presets.table("d2l"), over))


def listed(spec):
    return [(stage.size, stage.steps) for stage in spec.stages]


def test_stages_of_root_two():
    assert listed(pyramid(first_steps=20)) == [
        ("128", 20), ("181", 9), ("256", 9), ("362", 9), ("512", 9),
    ]  # fmt: skip
    assert listed(pyramid(factor=2.0, to="short:512"))[1] == ("short:256", 9)
    assert listed(pyramid(factor=3.0, to="300x450")) == [("85x128", 9), ("300x450", 9)]
    assert listed(pyramid(to="128")) == [("128", 9)]


sides = st.integers(1, 4000)


@given(sides, sides, st.floats(1.25, 4), st.integers(1, 99), st.integers(1, 99))
def test_any_pyramid_rises_evenly_from_end_to_end(one, other, factor, steps, first):
    low, high = sorted((one, other))
    table = {"from": low, "to": str(high), "factor": factor, "steps": steps, "first_steps": first}
    stages = Pyramid.model_validate(table).stages()
    found = [Size.parse(stage.size).height for stage in stages]
    assert (found[0], found[-1]) == (low, high)
    assert found == sorted(found)
    wanted = math.log(high / low) / math.log(factor)
    assert abs(len(found) - 1 - wanted) <= max(0.5, 1 if wanted > 0 else 0)
    assert [stage.steps for stage in stages] == [first] + [steps] * (len(stages) - 1)
    spec = Spec.from_table(merging.merged(presets.table("d2l"), {"pyramid": table}))
    text = toml.dumps(spec.to_table())
    assert "stages" not in toml.loads(text, origin="test")
    assert Spec.from_table(toml.loads(text, origin="test")) == spec


@given(st.floats(0, 0.9999), st.lists(st.floats(-9, 9), min_size=1, max_size=40))
def test_the_average_is_the_weighted_mean(decay, values):
    average = Average(decay)
    for value in values:
        average.add(np.array([value]))
    weights = np.array([decay**age for age in range(len(values))][::-1])
    wanted = np.sum(weights * values) / np.sum(weights)
    np.testing.assert_allclose(average.now(), wanted, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ({"from": 600}, "from = 600 is larger than to = 512"),
        ({"from": 0}, "from"),
        ({"factor": 1.0}, "factor = 1.0: should be greater than 1"),
        ({"factor": 1.0001}, "more than 50 stages"),
        ({"to": "8y"}, "to = '8y': allowed are"),
        ({"steps": 0}, "steps = 0"),
        ({"first_steps": 0}, "first_steps = 0"),
        ({"stages": 3}, "no such field"),
    ],
)
def test_a_wrong_value_is_one_line(table, line):
    with pytest.raises(SpecError) as caught:
        pyramid(**table)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_way_replaces_the_other():
    spec = pyramid()
    stages = [{"size": "64", "steps": 1}]
    assert listed(Spec.from_table(merging.merged(spec.to_table(), {"stages": stages}))) == [
        ("64", 1)
    ]
    with pytest.raises(SpecError, match="pyramid and stages: give one of them"):
        Spec.from_table({**spec.to_table(), "stages": stages})


def test_sizes_and_steps_given_apart():
    spec = pyramid(first_steps=20)
    assert listed(with_stages(spec, sizes=["256"], steps=[])) == [
        ("128", 20), ("181", 9), ("256", 9),
    ]  # fmt: skip
    assert listed(with_stages(spec, sizes=["100"], steps=[5])) == [("100", 5)]
    assert [steps for _, steps in listed(with_stages(spec, sizes=[], steps=[3, 2]))] == [
        3, 2, 2, 2, 2,
    ]  # fmt: skip
    assert listed(with_stages(spec, sizes=["64", "96"], steps=[3])) == [("64", 3), ("96", 3)]
    table = {"from": 64, "to": "128"}
    spec = with_stages(presets.load("d2l"), sizes=[], steps=[], pyramid=table)
    assert listed(spec) == [("64", 500), ("91", 500), ("128", 500)]
    with pytest.raises(SpecError, match="pyramid and size: give one of them"):
        with_stages(spec, sizes=["64"], steps=[], pyramid=table)


def run(backend=None, **options):
    over = {
        "stages": [{"size": "16x24", "steps": 3}, {"size": "32x48", "steps": 4}],
        **options.pop("overrides", {}),
    }
    return nst.transfer(
        GREY, GREY, backend=backend or FakeBackend(), weights=tiny_weights(), device="cpu",
        overrides=over, **options, preset="d2l"
    )  # fmt: skip


def weighted(start, count, decay):
    values = [start + 0.3 * step for step in range(1, count + 1)]
    weights = [decay ** (count - step) for step in range(1, count + 1)]
    return np.average(values, weights=weights)


def test_the_result_is_the_average_and_the_next_stage_starts_from_it():
    backend = FakeBackend()
    seen = []

    class Watch(nst.Observer):
        def stepped(self, step):
            seen.append(step.image[0, 0, 0])

    result = run(backend, overrides={"average": 0.9}, observers=[Watch()])
    first = weighted(128 / 255, 3, 0.9)
    np.testing.assert_allclose(backend.problems[1].start, first, rtol=1e-6)
    np.testing.assert_allclose(result.image, weighted(first, 4, 0.9), rtol=1e-6)
    # Each stage's begins anew, and what is shown is what would be saved.
    assert seen[3] == pytest.approx(first + 0.3)
    assert seen[-1] == result.image[0, 0, 0]


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
        self.sessions.append(Remembers(problem, self.diary))
        return self.sessions[-1]


def test_adams_state_is_carried_up():
    backend = Backend()
    result = run(backend, overrides={"optimiser": {"carry_state": True}})
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


@pytest.mark.parametrize("at", [2, 3, 5])
def test_resumed_with_an_average_and_a_carried_state(tmp_path, at):
    over = {"average": 0.5, "optimiser": {"carry_state": True}}
    answers = iter(range(1, 99))
    with pytest.raises(nst.Interrupted):
        run(overrides=over, checkpoint=tmp_path / "c", stop=lambda: next(answers) == at)
    assert checkpoint.read(tmp_path / "c").position.global_step == at
    result = run(
        overrides=over, resume=tmp_path / "c", checkpoint=CheckpointWriter(path=tmp_path / "d")
    )
    np.testing.assert_array_equal(result.image, run(overrides=over).image)


def test_on_a_backend_the_average_is_the_oracles():
    from conformance.cases import SMALL
    from conformance.numpy_backend import BACKEND

    from nst_core.run.averaging import EMAStepper
    from nst_core.run.stepper import AdamStepper

    problem = SMALL.problem("float64")
    session = BACKEND.start(problem, device="cpu", dtype="float64")
    averaged = EMAStepper(AdamStepper(session, like=problem.start), decay=0.7)
    images = []
    for _ in range(4):
        averaged.step(learning_rate=0.3)
        images.append(oracle.denormalise(session.state().image.transpose(2, 0, 1)))
    wanted = np.average(images, axis=0, weights=[0.7**3, 0.7**2, 0.7, 1])
    np.testing.assert_allclose(averaged.image(), wanted, atol=1e-12)
    assert averaged.losses() == session.losses()
