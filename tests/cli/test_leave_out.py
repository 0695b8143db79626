"""``--alpha leave-out`` on the command line."""

from pathlib import Path

import numpy as np
import PIL.Image
import pytest


@pytest.fixture
def cut_out(tmp_path):
    """content.png with a transparent left half, and an opaque style.png."""
    pixels = np.full((32, 48, 4), (90, 120, 30, 255), np.uint8)
    pixels[:, :24] = (255, 0, 255, 0)
    PIL.Image.fromarray(pixels).save(tmp_path / "content.png")
    PIL.Image.new("RGB", (48, 32), "navy").save(tmp_path / "style.png")
    return "content.png", "style.png"


def test_run_and_its_recipe(nst, cut_out, pretended):
    options = ("--alpha", "leave-out", "--init-noise", "0.5", "-q")
    done = nst("run", *cut_out, *pretended, *options, "-o", "out.jpg")
    assert (done.status, done.err) == (0, "")
    with PIL.Image.open("out.jpg") as picture:
        pixels = np.asarray(picture)
    assert pixels[:, :8].min() > 240
    assert pixels[:, 16:].std() > 10
    recipe = nst("recipe", "out.jpg").out
    assert 'alpha = "leave-out"\n' in recipe
    Path("a.toml").write_text(recipe, "utf-8")
    assert nst("run", "--config", "a.toml", "--device", "cpu", "-q", "-o", "again.jpg").status == 0
    with PIL.Image.open("again.jpg") as picture:
        np.testing.assert_array_equal(np.asarray(picture), pixels)


def test_refusals(nst, cut_out, pretended):
    content, style = cut_out
    done = nst("run", content, style, *pretended, "--alpha", "over-black")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "alpha" in done.err
    assert "leave-out" in done.err
    PIL.Image.new("RGBA", (48, 32)).save("nothing.png")
    done = nst("run", content, "nothing.png", *pretended, "--alpha", "leave-out")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "all of the style is transparent" in done.err
