"""Stages that a narrow picture is too small for, and styles that are made larger in them."""

import numpy as np
import PIL.Image
import pytest
from fakes import FakeBackend, tiny_weights

import nst_core as nst
from nst_core.errors import SpecError
from nst_core.run import checkpoint, stage_sizes
from nst_core.run.checkpoint import CheckpointWriter
from nst_core.spec import Spec, merging, presets
from nst_core.system import toml

PANORAMA, COLUMN = PIL.Image.new("RGB", (6000, 300)), PIL.Image.new("RGB", (300, 6000))
ORDINARY = PIL.Image.new("RGB", (96, 64))


PYRAMID = {"from": 256, "to": "512", "first_steps": 150, "steps": 60}


def spec(preset="d2l", **over):
    """Return a preset's spec; by default with a pyramid that has a large first stage."""
    pyramid = {"pyramid": PYRAMID, "content": {"layers": ["relu4_4"]}} if preset == "d2l" else {}
    base = merging.merged(presets.table(preset), {} if "stages" in over else pyramid)
    return Spec.from_table(merging.merged(base, over))


@pytest.mark.parametrize("name", presets.names())
def test_an_ordinary_picture_has_all_stages(name):
    one = presets.load(name)
    assert stage_sizes.fitting_stages(one, content=ORDINARY) == (one, ())
    assert stage_sizes.fitting_stages(one, content=ORDINARY)[0] is one


@pytest.mark.parametrize("picture", [PANORAMA, COLUMN])
def test_a_stage_that_is_too_small_is_left_out(picture):
    found, lines = stage_sizes.fitting_stages(spec(), content=picture)
    assert [(stage.size, stage.steps) for stage in found.stages] == [("362", 150), ("512", 60)]
    text = "12x256" if picture is PANORAMA else "256x12"
    assert lines == (
        f"stage 1 is left out: at {text} the content is too small for the deepest tap (16)",
    )
    sizes = stage_sizes.stage_sizes(found, content=picture, styles=[ORDINARY])
    assert [min(size.content) for size in sizes] == [18, 25]
    # The other way round, only the last stage may refuse a picture.
    found, _ = stage_sizes.fitting_stages(spec(pyramid={"from": 64, "to": "320"}), content=picture)
    assert [stage.size for stage in found.stages] == ["320"]


def test_a_picture_too_small_in_the_last_stage_is_refused():
    narrow = PIL.Image.new("RGB", (6000, 100))
    found, _ = stage_sizes.fitting_stages(spec(), content=narrow)
    with pytest.raises(SpecError, match="'512' makes the content picture 8x512, which is too"):
        stage_sizes.stage_sizes(found, content=narrow, styles=[ORDINARY])


def test_the_first_stage_that_is_left_starts_from_no_other():
    stages = [{"size": "8x24", "steps": 2}, {"size": "16x48", "steps": 3, "through_8_bits": True}]
    found, _ = stage_sizes.fitting_stages(spec("d2l", stages=stages), content=ORDINARY)
    assert [(stage.size, stage.steps) for stage in found.stages] == [("16x48", 3)]
    assert not found.stages[0].through_8_bits


@pytest.mark.parametrize("over", [{}, {"style": {"size": "512"}}])
def test_a_style_that_is_too_small_before_the_last_stage_is_made_larger(over):
    sizes, lines = stage_sizes.sizes_and_warnings(
        spec(**over), content=ORDINARY, styles=[PANORAMA, ORDINARY]
    )
    assert [size.styles[0] for size in sizes] == [(16, 320), (18, 362), (25, 512)]
    assert [size.styles[1] for size in sizes] == [(170, 256), (241, 362), (341, 512)]
    assert lines == (
        "the style picture 1 is 16x320 instead of 12x256 in stage 1: the deepest tap needs 16 "
        "pixels",
    )
    with pytest.raises(SpecError, match="makes the style picture 12x256, which is too small"):
        stage_sizes.stage_sizes(spec(style={"size": "256"}), content=ORDINARY, styles=[PANORAMA])


def painted(backend=None, **options):
    rng = np.random.default_rng(0)
    panorama = rng.integers(0, 256, (40, 400, 3), np.uint8)
    stages = [{"size": "80", "steps": 2}, {"size": "160", "steps": 2}, {"size": "320", "steps": 2}]
    defaults = {"preset": "d2l", "overrides": {"stages": stages}, "device": "cpu"}
    return nst.transfer(
        panorama, panorama, backend=backend or FakeBackend(), weights=tiny_weights(),
        **{**defaults, **options}
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore:stage 1 is left out")
def test_a_run_its_recipe_and_its_resumption_have_the_same_stages(tmp_path):
    backend = FakeBackend()
    result = painted(backend)
    assert [problem.content.shape[:2] for problem in backend.problems] == [(16, 160), (32, 320)]
    assert result.plan.sizes == ((16, 160), (32, 320))
    assert result.plan.steps == 4
    assert [line.partition(":")[0] for line in result.plan.warnings] == ["stage 1 is left out"]
    recipe = toml.loads(result.plan.recipe, origin="recipe")
    assert [stage["size"] for stage in recipe["stages"]] == ["80", "160", "320"]
    again = painted(
        spec=nst.Spec.from_table({k: v for k, v in recipe.items() if k not in ("run", "made_with")})
    )
    np.testing.assert_array_equal(again.image, result.image)
    answers = iter([False, False, True])
    with pytest.raises(nst.Interrupted):
        painted(checkpoint=CheckpointWriter(path=tmp_path / "c"), stop=lambda: next(answers))
    assert checkpoint.read(tmp_path / "c").position.stage == 1
    np.testing.assert_array_equal(painted(resume=tmp_path / "c").image, result.image)
