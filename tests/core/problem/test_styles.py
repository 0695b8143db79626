"""Several styles, and sizes of their own, watched through a backend that keeps its problems."""

import numpy as np
import PIL.Image
import pytest
from fakes import FakeBackend, tiny_weights

import nst_core as nst
from nst_core.errors import SpecError
from nst_core.spec import merging, recipe
from nst_core.system import toml

STAGES = [{"size": "16", "steps": 1}, {"size": "48", "steps": 1}]
GREY = np.full((64, 96, 3), 128, np.uint8)
TALL = PIL.Image.new("RGB", (50, 100), (255, 0, 0))


def problems(style, overrides=None, **options):
    backend = FakeBackend()
    table = {"stages": STAGES, "style": {"layers": ["relu1_1"]}, "content": {"layers": ["relu1_1"]}}
    result = nst.transfer(
        GREY,
        style,
        backend=backend,
        weights=tiny_weights(),
        device="cpu",
        overrides=merging.merged(table, overrides or {}),
        **options,
        preset="d2l",
    )
    return backend.problems, result


def test_several_styles_keep_their_order_proportions_and_weights():
    (first, second), _ = problems([GREY, TALL], style_blend=[3, 1])
    assert [style.image.shape for style in second.styles] == [(32, 48, 3), (48, 24, 3)]
    assert second.styles[1].image[0, 0] == pytest.approx([1, 0, 0])
    assert [share for _, share in first.shares()] == [0.75, 0.25]


def test_without_weights_all_count_alike_and_weight_zero_is_left_out():
    (first, _), _ = problems((GREY, TALL))
    assert [share for _, share in first.shares()] == [0.5, 0.5]
    (first, _), _ = problems([GREY, TALL], style_blend=[0, 2])
    assert [(style.image.shape, share) for style, share in first.shares()] == [((16, 8, 3), 1.0)]


def test_scale_is_over_the_contents_size_in_every_stage():
    found, _ = problems(TALL, {"style": {"scale": 1.5}})
    assert [problem.styles[0].image.shape for problem in found] == [(24, 12, 3), (72, 36, 3)]


def test_a_size_of_the_styles_own_is_the_last_stages_and_in_proportion_before():
    found, _ = problems(TALL, {"style": {"size": "60"}})
    assert [problem.styles[0].image.shape for problem in found] == [(20, 10, 3), (60, 30, 3)]
    found, _ = problems(TALL, {"style": {"size": "30x60", "scale": 0.5}})
    assert [problem.styles[0].image.shape for problem in found] == [(5, 10, 3), (15, 30, 3)]


def test_a_recipe_has_one_style_or_a_list(tmp_path):
    paths = [str(tmp_path / name) for name in ("a.png", "b.png")]
    for path in paths:
        TALL.save(path)
    _, result = problems(paths[0])
    run = toml.loads(result.plan.recipe, origin="recipe")["run"]
    assert run["style"] == paths[0]
    assert "style_blend" not in run
    _, result = problems(paths, style_blend=[2, 1])
    table = toml.loads(result.plan.recipe, origin="recipe")
    assert (table["run"]["style"], table["run"]["style_blend"]) == (paths, [2, 1])
    assert recipe.checked_run(table["run"]).style == tuple(paths)
    # Only some of the styles would be another picture.
    _, result = problems([paths[0], TALL])
    assert "style" not in toml.loads(result.plan.recipe, origin="recipe")["run"]


def test_no_style_at_all():
    with pytest.raises(SpecError, match="at least one style picture"):
        problems([])
