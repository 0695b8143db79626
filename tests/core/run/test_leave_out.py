"""``alpha = "leave-out"``: what a backend is given, what is written, and who else is told."""

import numpy as np
import PIL.Image
import pytest
from fakes import FakeBackend, tiny_weights

import nst_core as nst
from nst_core.batch.job import Job
from nst_core.batch.job_runner import SharedResources, run_job
from nst_core.images import Output
from nst_core.run.checkpoint import CheckpointError, CheckpointWriter
from nst_core.spec import Spec, merging, presets
from nst_core.spec.recipe import split
from nst_core.system import toml

SIZE = (32, 48)
STAGES = [{"size": "32x48", "steps": 2}]
LEAVE_OUT = {"alpha": "leave-out", "stages": STAGES}
RED, BLUE = (200, 30, 30), (30, 30, 200)


def cut_out(colour=RED, *, hidden=(0, 255, 0), size=SIZE, left=16):
    """A picture of which the columns from ``left`` on are visible, the first of them half."""
    pixels = np.zeros((*size, 4), np.uint8)
    pixels[..., :3] = hidden
    pixels[:, left:] = (*colour, 255)
    pixels[:, left, 3] = 128
    return PIL.Image.fromarray(pixels)


SEEN = np.zeros(SIZE, np.float32)
SEEN[:, 16:] = 1
SEEN[:, 16] = 128 / 255
WHOLE = PIL.Image.new("RGB", SIZE[::-1], BLUE)


def run(content, *styles, backend=None, overrides=LEAVE_OUT, **options):
    return nst.transfer(
        content, list(styles), backend=backend or FakeBackend(), weights=tiny_weights(),
        device="cpu", preset="d2l", overrides=overrides, **options,
    )  # fmt: skip


def problem(*pictures, **options):
    backend = FakeBackend()
    run(*pictures, backend=backend, **options)
    (found,) = backend.problems
    return found


def test_transparent_parts_of_the_content_count_nowhere():
    found = problem(cut_out(), WHOLE)
    np.testing.assert_array_equal(found.visibility, SEEN)
    np.testing.assert_array_equal(found.guides, SEEN[None])
    np.testing.assert_array_equal(found.styles[0].guides, np.ones((1, *SIZE)))
    # Their hidden colours are gone, and white is not laid under what is half visible.
    np.testing.assert_allclose(found.content * 255, np.broadcast_to(RED, (*SIZE, 3)))


def test_transparent_parts_of_a_style_are_in_no_region():
    found = problem(WHOLE, cut_out(BLUE), WHOLE)
    assert found.visibility is None
    np.testing.assert_array_equal(found.guides, np.ones((1, *SIZE)))
    np.testing.assert_array_equal(found.styles[0].guides, SEEN[None])
    np.testing.assert_array_equal(found.styles[1].guides, np.ones((1, *SIZE)))
    np.testing.assert_allclose(found.styles[0].image * 255, np.broadcast_to(BLUE, (*SIZE, 3)))


def test_masks_are_multiplied_by_the_alpha():
    halves = np.zeros((*SIZE, 3), np.uint8)
    halves[16:] = 255
    found = problem(cut_out(), cut_out(BLUE), WHOLE, content_mask=halves)
    upper = np.zeros(SIZE)
    upper[:16] = 1
    np.testing.assert_array_equal(found.guides, [upper * SEEN, (1 - upper) * SEEN])
    np.testing.assert_array_equal(found.styles[0].guides, [SEEN, 0 * SEEN])
    np.testing.assert_array_equal(found.styles[1].guides, [np.zeros(SIZE), np.ones(SIZE)])


@pytest.mark.parametrize("overrides", [{"stages": STAGES}, LEAVE_OUT])
def test_without_transparency_or_without_the_option_nothing_changes(overrides):
    opaque = WHOLE.convert("RGBA")
    content = opaque if "alpha" in overrides else cut_out()
    found = problem(content, opaque, overrides=overrides)
    assert (found.visibility, found.guides, found.styles[0].guides) == (None, None, None)


@pytest.mark.parametrize("name", ["out.png", "out.jpg"])
def test_the_result_is_white_where_nothing_was_painted(tmp_path, name):
    result = run(cut_out(), WHOLE)
    assert (result.image[:, :16] < 0.9).any()
    result.save(tmp_path / name)
    with PIL.Image.open(tmp_path / name) as picture:
        assert picture.mode == "RGB"
        pixels = np.asarray(picture).astype(int)
    assert np.abs(pixels[:, :8] - 255).max() <= 3
    painted = np.rint(result.image[:, 24:].clip(0, 1) * 255)
    assert np.abs(pixels[:, 24:] - painted).max() <= 3


@pytest.mark.parametrize("bits", [8, 16])
def test_the_result_keeps_the_alpha_if_asked_to(tmp_path, bits):
    result = run(cut_out(), WHOLE, output=Output(keep_alpha=True, bits=bits))
    result.save(tmp_path / "out.tif")
    with PIL.Image.open(tmp_path / "out.tif") as picture:
        pixels = np.asarray(picture)
    np.testing.assert_array_equal(pixels[..., 3], np.rint(SEEN * 255))


def test_an_initial_picture_is_cut_out_as_the_content_is(tmp_path):
    cut_out(BLUE).save(tmp_path / "start.png")
    start = {"image": str(tmp_path / "start.png")}
    over_white = problem(cut_out(), WHOLE, overrides={"stages": STAGES, "start": start}).start
    np.testing.assert_allclose(over_white[:, 0], 1)
    for options in ({"overrides": {**LEAVE_OUT, "start": start}},
                    {"overrides": {"stages": STAGES, "start": start},
                     "output": Output(keep_alpha=True)}):  # fmt: skip
        found = problem(cut_out(), WHOLE, **options).start
        np.testing.assert_allclose(found * 255, np.broadcast_to(BLUE, (*SIZE, 3)), rtol=1e-6)


@pytest.mark.parametrize("colours", ["match", "content"])
def test_colours_are_matched_by_what_is_visible(colours):
    gradient = np.tile(np.linspace(50, 200, 48).astype(np.uint8)[None, :, None], (32, 1, 3))
    style = PIL.Image.fromarray(gradient)
    hidden = cut_out(RED, left=16)
    hidden.paste(style.crop((16, 0, 48, 32)), (16, 0), PIL.Image.new("L", (32, 32), 255))
    content = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    found = problem(content, hidden, overrides={**LEAVE_OUT, "colours": colours}).styles[0].image
    visible = found[:, 16:].reshape(-1, 3)
    wanted = content.reshape(-1, 3) / 255
    if colours == "content":
        wanted = np.repeat(wanted @ [[0.299], [0.587], [0.114]], 3, axis=1)
    np.testing.assert_allclose(visible.mean(0), wanted.mean(0), atol=0.02)


def test_noise_in_the_colours_of_the_style_leaves_them_out():
    overrides = {**LEAVE_OUT, "start": {"image": "style-colours"}}
    start = problem(WHOLE, cut_out(BLUE), overrides=overrides).start
    np.testing.assert_allclose(start.mean((0, 1)) * 255, BLUE, atol=1)


def test_the_recoloured_content_has_the_colours_of_what_is_visible():
    overrides = {**LEAVE_OUT, "start": {"image": "content-recoloured"}}
    content = np.random.default_rng(0).integers(0, 256, (*SIZE, 4), np.uint8)
    content[..., 3] = 255 * (np.arange(48) < 20)
    content[:, 20:, :3] = 255
    start = problem(PIL.Image.fromarray(content), cut_out(BLUE), overrides=overrides).start
    assert np.abs(start[:, :18].mean((0, 1)) * 255 - BLUE).max() < 12


@pytest.mark.parametrize(("pictures", "what"), [
    ((cut_out(left=47, size=SIZE), WHOLE), None),
    ((cut_out().convert("LA").convert("RGBA"), WHOLE), None),
    ((PIL.Image.new("RGBA", (48, 32)), WHOLE), "all of the content is transparent"),
    ((WHOLE, PIL.Image.new("RGBA", (48, 32))), "all of the style is transparent"),
    ((WHOLE, WHOLE, PIL.Image.new("RGBA", (48, 32))), "all of the style 2 is transparent"),
])  # fmt: skip
def test_pictures_with_nothing_to_count_are_refused_in_one_line(pictures, what):
    if what is None:
        run(*pictures)
        return
    with pytest.raises(nst.NstError, match=what):
        run(*pictures)


def test_a_part_that_no_deep_tap_sees_is_refused():
    stages = {**LEAVE_OUT, "stages": [{"size": "32x47", "steps": 1}]}
    with pytest.raises(nst.NstError, match="the visible part of the content is so small that"):
        run(cut_out(left=46, size=(32, 47)), WHOLE, overrides=stages)


def test_recipe_and_checkpoint_know_it(tmp_path):
    kept = tmp_path / "run.nst"
    result = run(cut_out(), cut_out(BLUE), checkpoint=CheckpointWriter(path=kept, every=1))
    spec, _ = split(toml.loads(result.plan.recipe, origin="recipe"))
    assert spec.alpha == "leave-out"
    assert "alpha" not in Spec.from_table({**spec.to_table(), "alpha": "over-white"}).to_table()
    run(cut_out(), cut_out(BLUE), resume=kept)
    with pytest.raises(CheckpointError, match="alpha was leave-out and is now "):
        run(cut_out(), cut_out(BLUE), resume=kept, overrides={"stages": STAGES})
    with pytest.raises(CheckpointError, match=r"styles\.1\.alpha is not the one"):
        run(cut_out(), cut_out(BLUE, left=20), resume=kept)


def test_a_batch_paints_again_what_was_laid_over_white(tmp_path, monkeypatch):
    cut_out().save(tmp_path / "content.png")
    WHOLE.save(tmp_path / "style.png")
    shared = SharedResources()
    monkeypatch.setattr(shared, "backend", lambda name: FakeBackend())
    monkeypatch.setattr(shared, "weights", lambda source: tiny_weights())
    seen = []
    for given in ({"stages": STAGES}, LEAVE_OUT, LEAVE_OUT):
        spec = merging.merged(presets.table("d2l"), given)
        job = Job(
            content=str(tmp_path / "content.png"), style=str(tmp_path / "style.png"),
            output=str(tmp_path / "a.png"), spec=Spec.from_table(spec).to_table(),
            run={"device": "cpu", "backend": "mxnet"}, max_pixels=10**6,
        )  # fmt: skip
        seen.append(run_job(job, shared=shared).status)
    assert seen == ["done", "done", "skipped"]
