"""Rendering the demo pictures again gives the shipped ones."""

import numpy as np
import PIL.Image
import pytest

from nst_core import demo
from nst_core.demo import render
from nst_core.demo._landscape import Landscape
from nst_core.demo._painting import Painting


@pytest.fixture(scope="module")
def rendered():
    """Both pictures at a fifteenth of the shipped size."""
    return {
        "landscape.jpg": Landscape().render(60, 40),
        "painting.jpg": Painting().render(60, 40),
    }


def values(picture):
    return np.asarray(picture, dtype=float)


@pytest.mark.parametrize("path", [demo.landscape(), demo.painting()], ids=lambda path: path.name)
def test_the_shipped_pictures_are_renderings(rendered, path):
    with PIL.Image.open(path) as shipped:
        assert shipped.size == (render.WIDTH, render.HEIGHT) == (900, 600)
        small = values(shipped.resize((60, 40), PIL.Image.Resampling.BOX))
    found = values(rendered[path.name])
    assert found.shape == small.shape
    # Fine detail depends on the size: measured are 13.1 and 11.8 of 255, and 0.92 and 0.95. For the
    # picture upside down it is 80.8 and 56.2.
    assert np.abs(found - small).mean() < 16
    assert np.corrcoef(found.ravel(), small.ravel())[0, 1] > 0.9


def test_rendering_again_gives_the_same(rendered):
    assert Painting().render(60, 40).tobytes() == rendered["painting.jpg"].tobytes()


def test_the_command_writes_both_files(rendered, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(render, "WIDTH", 60)
    monkeypatch.setattr(render, "HEIGHT", 40)
    # The terrain takes seconds, and the fixture has rendered it already.
    monkeypatch.setattr(render, "Landscape", lambda: Ready(rendered["landscape.jpg"]))
    folder = tmp_path / "new" / "folder"
    render.main(["--output-dir", str(folder)])
    assert capsys.readouterr().out == f"{folder / 'landscape.jpg'}\n{folder / 'painting.jpg'}\n"
    for name, picture in rendered.items():
        with PIL.Image.open(folder / name) as written:
            assert written.format == "JPEG"
            assert [layer[1:3] for layer in written.layer] == [(1, 1)] * 3, "4:4:4"
            assert np.abs(values(written) - values(picture)).mean() < 7  # measured: 5.0


class Ready:
    """A scene that has been rendered."""

    def __init__(self, picture):
        self.picture = picture

    def render(self, width, height):
        assert self.picture.size == (width, height)
        return self.picture
