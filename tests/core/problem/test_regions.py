"""From label pictures to guides, and what is refused."""

import numpy as np
import PIL.Image
import pytest
from fakes import FakeBackend, tiny_weights

import nst_core as nst
from nst_core.errors import SpecError
from nst_core.problem import masks as masks_module
from nst_core.problem import regions
from nst_core.problem.masks import Mask
from nst_core.system import toml

GREY = np.full((64, 96, 3), 128, np.uint8)
RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def halves(left, right, size=(96, 64)):
    picture = PIL.Image.new("RGB", size, left)
    picture.paste(right, (size[0] // 2, 0, *size))
    return picture


def problem(style, size="64x96", layers=("relu1_1",), **options):
    backend = FakeBackend()
    overrides = {"stages": [{"size": size, "steps": 1}], "style": {"layers": list(layers)}}
    result = nst.transfer(
        GREY, style, backend=backend, weights=tiny_weights(), device="cpu",
        overrides=overrides, **options, preset="d2l"
    )  # fmt: skip
    return backend.problems[0], result


def test_guides_are_shares_of_area_at_any_size():
    mask = Mask(halves(RED, BLUE), "content mask")
    guides = regions.content_guides(mask, size=(2, 3))
    # Half of the middle pixel lies in either; blue is darker than red.
    np.testing.assert_allclose(guides[:, 0], [[0, 0.5, 1], [1, 0.5, 0]], atol=1e-6)
    assert regions.content_guides(None, size=(2, 3)) is None


def test_without_style_masks_each_region_has_its_style():
    found, _ = problem([GREY, GREY], content_mask=halves(WHITE, RED))
    assert found.guides.shape == (2, 64, 96)
    assert found.guides[0, 0].tolist() == [0.0] * 48 + [1.0] * 48  # red is darker
    assert [style.guides.mean(axis=(1, 2)).tolist() for style in found.styles] == [[1, 0], [0, 1]]


def test_style_masks_are_matched_by_colour():
    mask = PIL.Image.new("RGB", (50, 50), (250, 3, 0))  # nearly red
    mask.paste((0, 250, 0), (0, 0, 50, 10))  # green, which the content has not
    mask.paste((2, 0, 250), (0, 10, 50, 20))
    found, _ = problem(GREY, content_mask=halves(RED, BLUE), style_mask=mask)
    (style,) = found.styles
    assert style.guides.mean(axis=(1, 2)).tolist() == pytest.approx([0.2, 0.6], abs=0.01)
    # With two styles a region may be in one of them only.
    both = [PIL.Image.new("RGB", (9, 9), RED), PIL.Image.new("RGB", (9, 9), BLUE)]
    found, _ = problem([GREY, GREY], content_mask=halves(RED, BLUE), style_mask=both)
    assert [style.guides.mean(axis=(1, 2)).tolist() for style in found.styles] == [[0, 1], [1, 0]]


def test_paths_go_into_the_recipe(tmp_path):
    path = str(tmp_path / "mask.png")
    halves(RED, BLUE).save(path)
    _, result = problem(path, content_mask=path, style_mask=path)
    run = toml.loads(result.plan.recipe, origin="recipe")["run"]
    assert (run["content_mask"], run["style_mask"]) == (path, path)
    _, result = problem(path)
    assert "content_mask" not in result.plan.recipe


def test_what_is_refused():
    mask = halves(RED, BLUE)
    with pytest.raises(SpecError, match=r"2 regions \(#0000ff #ff0000\) and there are 1 styles"):
        problem(GREY, content_mask=mask)
    with pytest.raises(SpecError, match="needs a content mask"):
        problem(GREY, style_mask=mask)
    with pytest.raises(SpecError, match="1 style mask for 2 style pictures"):
        problem([GREY, GREY], content_mask=mask, style_mask=mask)
    with pytest.raises(SpecError, match=r"region #0000ff of the content mask has no style: .*#fff"):
        problem(GREY, content_mask=mask, style_mask=halves(RED, WHITE))
    with pytest.raises(SpecError, match="region #ff0000 has a style of weight 0"):
        problem([GREY, GREY], content_mask=mask, style_blend=[1, 0])
    many = PIL.Image.fromarray(
        np.stack(np.meshgrid(*[np.arange(0, 256, 50)] * 3), -1).reshape(9, 24, 3).astype(np.uint8)
    )
    with pytest.raises(SpecError, match="content mask: 216 colours; paint one flat colour"):
        problem(GREY, content_mask=many)
    speck = PIL.Image.new("RGB", (64, 64), RED)
    speck.paste(BLUE, (60, 60, 64, 64))
    with pytest.raises(SpecError, match=r"region 1 .* nothing of it is left at conv5_1 at size"):
        problem(
            GREY, size="70x70", layers=("relu1_1", "conv5_1"), content_mask=mask, style_mask=speck
        )


def test_masks_are_read_once_for_all_stages(monkeypatch):
    read, seen = masks_module.read, []
    monkeypatch.setattr(masks_module, "read", lambda *given: seen.append(given[1]) or read(*given))
    stages = [{"size": size, "steps": 1} for size in ("32x48", "64x96")]
    nst.transfer(
        GREY, GREY, content_mask=halves(RED, BLUE), style_mask=halves(BLUE, RED),
        backend=FakeBackend(), weights=tiny_weights(), device="cpu",
        overrides={"stages": stages, "style": {"layers": ["relu1_1"]}}, preset="d2l"
    )  # fmt: skip
    assert sorted(seen) == ["content mask", "style mask"]
