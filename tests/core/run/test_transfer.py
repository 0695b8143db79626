"""``transfer`` and ``transfer_run``: the same run, called from Python or from a ``[run]`` table."""

import numpy as np
import PIL.Image
import pytest
from fakes import FakeBackend, tiny_weights

import nst_core as nst
from nst_core.backend import Execution
from nst_core.errors import NstWarning, PictureError, SpecError
from nst_core.images import Output
from nst_core.run.recolouring import BECAUSE_GREY
from nst_core.run.transfer import transfer_run
from nst_core.spec import Spec, presets, recipe
from nst_core.system import toml

WEIGHTS = tiny_weights()
GREY = np.full((64, 96, 3), 128, np.uint8)
STAGES = [{"size": "16x24", "steps": 2}]


@pytest.fixture
def paths(tmp_path):
    names = {}
    for name, colour in (("content", (90, 60, 30)), ("style", (10, 200, 40))):
        names[name] = str(tmp_path / f"{name}.png")
        PIL.Image.new("RGB", (48, 32), colour).save(names[name])
    return names


def run(content=GREY, style=GREY, backend=None, **options):
    defaults = {
        "preset": "d2l", "weights": WEIGHTS, "device": "cpu", "overrides": {"stages": STAGES}
    }  # fmt: skip
    return nst.transfer(content, style, backend=backend or FakeBackend(), **{**defaults, **options})


def test_everything_that_was_given_is_in_the_recipe(paths):
    result = run(
        paths["content"], [paths["style"]] * 2, style_blend=[2, 1], dtype="float64",
        execution=Execution(conv="direct"), output=Output(bits=16, dpi=300.0), command="a test",
        overrides={"stages": STAGES, "style": {"weight": 2e4}},
    )  # fmt: skip
    table = toml.loads(result.plan.recipe, origin="recipe")
    assert table["style"]["weight"] == 2e4
    assert table["run"]["content"] == paths["content"]
    assert (table["run"]["style"], table["run"]["style_blend"]) == ([paths["style"]] * 2, [2, 1])
    assert (table["run"]["backend"], table["run"]["weights"]) == ("fake", "zeros")
    assert (table["run"]["dtype"], table["run"]["conv"]) == ("float64", "direct")
    assert (table["run"]["bits"], table["run"]["dpi"]) == (16, 300.0)
    assert table["made_with"]["command"] == "a test"


def test_a_recipe_run_again_gives_the_same_picture(paths):
    first = run(paths["content"], paths["style"])
    config = recipe.resolve(toml.loads(first.plan.recipe, origin="recipe"), preset=None, over={})
    backend = FakeBackend()
    again = transfer_run(config.spec, config.run, backend=backend, weights=WEIGHTS)
    np.testing.assert_array_equal(again.image, first.image)
    (problem,) = backend.problems
    np.testing.assert_allclose(problem.styles[0].image[0, 0] * 255, [10, 200, 40], atol=1e-4)


def test_a_spec_takes_the_place_of_a_preset():
    spec = Spec.from_table({**presets.table("gala"), "stages": STAGES})
    backend = FakeBackend()
    run(backend=backend, spec=spec, preset="no such preset", overrides={})
    assert backend.problems[0].objective == spec.objective()
    rates = [rate for _, rate in backend.calls.steps()]
    assert rates == [0.02, 0.02]


def test_pictures_may_be_given_beside_a_run_table():
    from nst_core.run.pictures import Pictures

    spec = Spec.from_table({**presets.table("d2l"), "stages": STAGES})
    result = transfer_run(
        spec, recipe.checked_run({}), pictures=Pictures(content=GREY, styles=[GREY]),
        backend=FakeBackend(), weights=WEIGHTS,
    )  # fmt: skip
    assert result.image.shape == (16, 24, 3)
    with pytest.raises(SpecError, match="name a content picture"):
        transfer_run(spec, recipe.checked_run({}), backend=FakeBackend(), weights=WEIGHTS)


def test_files_of_too_many_pixels_are_refused(paths):
    with pytest.raises(PictureError):
        run(paths["content"], max_pixels=1535)
    assert run(paths["content"], max_pixels=1536).image.shape == (16, 24, 3)


def test_a_checkpoint_file_that_cant_be_written_is_refused_before_the_run(tmp_path):
    backend = FakeBackend()
    with pytest.raises(nst.NstError, match="there is no directory"):
        run(backend=backend, checkpoint=tmp_path / "none" / "c")
    assert backend.problems == []


def test_wrong_arrays_and_dtypes():
    with pytest.raises(PictureError, match="shape"):
        nst.transfer(np.zeros((3, 4)), GREY, backend=FakeBackend(), weights=WEIGHTS, preset="d2l")
    with pytest.raises(SpecError, match=r"run\.dtype = 'float16'"):
        run(dtype="float16")


def test_what_is_found_in_the_pictures_or_decided_for_them_is_warned_of_once(tmp_path):
    grey = tmp_path / "grey.tif"
    values = np.repeat(np.repeat(np.array([[0, 128 * 257]], np.int32), 48, axis=1), 64, axis=0)
    PIL.Image.fromarray(values).save(grey)
    with pytest.warns(NstWarning) as found:
        result = run(
            grey,
            [grey, grey],
            content_mask=grey,
            style_mask=[grey] * 2,
        )
    lines = [str(one.message) for one in found]
    assert lines == list(result.plan.warnings)
    assert [line.partition(" ")[2][:30] for line in lines[:1]] == ["its 32-bit values reach only 3"]
    assert len({line for line in lines if "32-bit" in line}) == 1
    assert BECAUSE_GREY in lines
    assert {one.filename for one in found} == {__file__}
