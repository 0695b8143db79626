"""The pictures of the gallery: shipped, and what their code renders."""

import numpy as np
import PIL.Image
import pytest

from nst_core.demo import gallery
from nst_core.demo.gallery import render

NAMES = (*gallery.CONTENTS, *gallery.STYLES)


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_picture_is_what_its_code_renders(name):
    rendered = render.render(name, width=144, height=96)
    assert (rendered.mode, rendered.size) == ("RGB", (144, 96))
    with PIL.Image.open(gallery.path(name)) as file:
        assert file.size == (render.WIDTH, render.HEIGHT)
        # Reduced, because strokes of a pixel or less are not where they are in a large picture.
        ours, shipped = (
            np.asarray(one.convert("RGB").resize((36, 24), PIL.Image.Resampling.BOX), float)
            for one in (rendered, file)
        )
    assert np.corrcoef(ours.ravel(), shipped.ravel())[0, 1] > 0.85


def test_other_proportions_cut_the_picture():
    whole, tall = (np.asarray(render.render("mosaic", width=w, height=60), float) for w in (90, 40))
    assert np.abs(whole[:, 25:65] - tall).mean() < 8


def test_one_picture_is_rendered_and_an_unknown_one_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(render, "render", lambda name: PIL.Image.new("RGB", (3, 2)))
    render.main(["mosaic", "--output-dir", str(tmp_path / "new")])
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["mosaic.jpg"]
    with pytest.raises(SystemExit, match="2"):
        render.main(["rose"])
    assert "unknown picture 'rose'" in capsys.readouterr().err
