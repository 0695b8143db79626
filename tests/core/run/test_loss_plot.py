"""The plot of losses and picture."""

import math

import numpy as np
import PIL.Image
import pytest
from matplotlib.figure import Figure

from nst_core.backend import Device
from nst_core.errors import PictureError
from nst_core.run import loss_plot
from nst_core.run.observers import Plan, Row
from nst_core.run.result import Result
from nst_core.spec import presets


def row(stage, step, **losses):
    values = {"content": 1.0, "style": 2.0, "tv": 3.0, "total": 6.0, **losses}
    return Row(stage=stage, step=step, learning_rate=0.3, seconds=0.0, **values)


ROWS = (row(1, 1, content=0.0), row(1, 10), row(1, 20), row(2, 1), row(2, 5))


def result(rows=ROWS):
    plan = Plan(
        spec=presets.load("d2l"), sizes=((4, 6),), backend="fake 1.0", device=Device("cpu", "x"),
        weights="zeros", weights_checksum="", recipe="",
    )  # fmt: skip
    return Result(image=np.full((4, 6, 3), 0.5), plan=plan, history=rows, seconds=1.0)


def curves(rows):
    """Return label -> (steps, losses) of the drawn curves."""
    axes = Figure().subplots()
    loss_plot._draw_losses(axes, rows)
    return {line.get_label(): line.get_data() for line in axes.lines}


@pytest.mark.parametrize(("name", "kind"), [("a.png", "PNG"), ("a.jpg", "JPEG")])
def test_a_plot_is_a_picture_in_the_format_of_its_extension(tmp_path, name, kind):
    loss_plot.write_plot(result(), tmp_path / name)
    with PIL.Image.open(tmp_path / name) as picture:
        assert picture.format == kind
        assert picture.width > 2 * picture.height
        assert len(picture.convert("RGB").getcolors(1 << 20)) > 10, "not blank"


def test_steps_are_counted_through_the_stages():
    steps, _ = curves(ROWS)["style"]
    assert list(steps) == [1, 10, 20, 21, 25]


def test_a_loss_of_zero_is_left_out():
    drawn = curves([row(1, 1, content=0.0, tv=0.0), row(1, 2, tv=0.0)])
    assert set(drawn) == {"content", "style"}, "a term of weight 0 has no curve"
    assert math.isnan(drawn["content"][1][0])
    assert drawn["content"][1][1] == 1.0


def test_a_plot_that_cant_be_written_is_one_line(tmp_path):
    with pytest.raises(PictureError) as caught:
        loss_plot.write_plot(result(), tmp_path / "none" / "a.png")
    assert "\n" not in str(caught.value)
