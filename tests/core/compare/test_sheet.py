"""The sheet with all pictures side by side."""

import numpy as np
import PIL.Image
from comparison_samples import measurement, report

from nst_core.compare import sheet


def test_a_row_of_the_sheet_for_every_preset_with_rivals():
    names = (("a", "x"), ("b", "x"), ("c", "y"), ("d", "z"), ("e", "z"))
    far = measurement("").image.clip(0, 0.9) + np.float32(0.02)
    all_of_them = [
        measurement(label, preset=preset, **({"image": far} if label == "b" else {}))
        for label, preset in names
    ]
    rows = sheet.result_rows(all_of_them)
    captions = [[cell.caption for cell in row] for row in rows]
    apart = "difference, 16 times"
    assert captions == [["a", "b", apart], ["d", "e", apart], ["c"]]
    assert "s/step, total" in rows[0][0].note
    assert rows[2][0].note == "c 1.0, 2 steps at 4x6"
    assert np.asarray(rows[0][2].picture)[3, 1, 0] == round(255 * 0.02 * 16)
    assert np.asarray(rows[1][2].picture).max() == 0


def test_the_sheet_of_a_tiny_picture_can_be_read(tmp_path):
    pictures = {"content": PIL.Image.new("RGB", (6, 4)), "styles": [PIL.Image.new("RGB", (9, 9))]}
    path = tmp_path / "sheet.png"
    sheet.write_sheet(report(measurement("a"), measurement("b" * 300)), path, **pictures)
    with PIL.Image.open(path) as picture:
        assert picture.width > 3 * 360
        assert picture.height > 2 * 240
