"""Differences between contestants, and what is judged of them."""

import json
import math
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from nst_core.compare import sheet
from nst_core.compare.agreement import check_agreement, deviations, gradient_difference, relative
from nst_core.compare.html import render
from nst_core.compare.record import Measurement, StepRecord, VariantRecord
from nst_core.compare.report import Report
from nst_core.compare.tables import Table, _aligned, markdown, matching_steps
from nst_core.compare.tolerances import TOLERANCES
from nst_core.compare.variant import CommonSettings, Variant

FIRST, START, COMMON, EARLY, MEAN = (
    "losses at the first step",
    "gradient at the start image",
    "gradient at the common end image",
    "losses of the first three steps",
    "losses over all steps, in the mean",
)


def step(number, *, content=0.0, style=(3.0, 1.0), tv=2.0):
    return StepRecord(
        stage=1, step=number, content={"relu4_4": content},
        style=dict(zip(("relu1_1", "relu2_1"), style, strict=True)), tv=tv,
        total=content + sum(style) + tv, seconds=0.5,
    )  # fmt: skip


def measurement(label, *, preset="d2l", steps=None, **arrays):
    ramp = np.linspace(-1, 1, 4 * 6 * 3, dtype=np.float32).reshape(4, 6, 3)
    record = VariantRecord(
        label=label, preset=preset, backend=label, version="1.0", device="cpu",
        device_description="2 threads", sizes=((4, 6),), weights_sha256="abc" * 8,
        steps=steps or (step(1), step(2, content=1.0)), seconds=1.5, peak_memory_mb=321.4,
        python="3.11", numpy="1.23", recipe="<recipe>",
    )  # fmt: skip
    names = ("image", "start", "gradient_at_start", "gradient_at_common")
    return Measurement(record=record, **{name: arrays.get(name, ramp) for name in names})


def found(first, second, dtype="float32"):
    return {one.what: one for one in deviations(first, second, TOLERANCES[dtype])}


def report(*measurements, content="a.png", **settings):
    return Report(
        settings=CommonSettings(
            content=content, styles=("b.png",), weights="random", device="cpu", dtype="float32",
            max_pixels=100, log_every=1, quiet=True, command="nst compare", **settings,
        ),
        measurements=measurements,
        deviations=check_agreement(measurements, TOLERANCES["float32"]),
        stems=[f"result-{index}" for index in range(len(measurements))],
    )  # fmt: skip


def test_the_same_numbers_agree():
    ours = found(measurement("a"), measurement("b"))
    assert list(ours) == [FIRST, START, COMMON, EARLY, MEAN]
    assert all(one.agrees and one.value == 0 for one in ours.values())


def test_the_worst_loss_of_the_first_step_is_named():
    # 4e-5 of 1, and no more than 7e-6 of the total.
    other = measurement("b", steps=(step(1, style=(3.0, 1.00004)), step(2, content=1.0)))
    ours = found(measurement("a"), other)[FIRST]
    assert not ours.agrees
    assert ours.value == pytest.approx(4e-5, rel=1e-3)
    assert ours.line == (
        "losses at the first step (style relu2_1): a against b 4.0e-05, allowed 1e-05"
    )


def test_rounding_of_a_loss_that_is_zero_is_no_disagreement():
    other = measurement("b", steps=(step(1, content=4e-13), step(2, content=1.0)))
    assert found(measurement("a"), other)[FIRST].agrees
    other = measurement("b", steps=(step(1, content=1e-6), step(2, content=1.0)))
    assert not found(measurement("a"), other)[FIRST].agrees


def test_losses_of_the_first_three_steps_are_relative_to_the_total():
    first = (step(1), step(2), step(3, content=1.0), step(4))
    steps = (step(1), step(2), step(3, content=1.49), step(4, content=9.0))
    ours = found(measurement("a", steps=first), measurement("b", steps=steps))[EARLY]
    assert ours.value == pytest.approx(0.49 / 7)
    assert not ours.agrees
    assert ours.where in ("content, step 3", "total, step 3")


def test_losses_over_all_steps_are_judged_in_the_mean():
    first = [step(number + 1) for number in range(10)]
    steps = [*first[:-1], step(10, tv=2 + 6 * 1.5)]
    ours = found(measurement("a", steps=first), measurement("b", steps=steps))[MEAN]
    assert ours.value == pytest.approx(0.15)
    assert ours.agrees
    assert ours.where in ("at most 1.5e+00: tv, step 10", "at most 1.5e+00: total, step 10")
    steps[4] = step(5, tv=2 + 6 * 1.5)
    assert not found(measurement("a", steps=first), measurement("b", steps=steps))[MEAN].agrees
    assert not found(measurement("a", steps=first), measurement("b", steps=(step(1),)))[MEAN].agrees


@pytest.mark.parametrize(("name", "what"), [("start", START), ("common", COMMON)])
def test_gradients_are_judged_by_their_norm(name, what):
    gradient = np.zeros((4, 6, 3), np.float32)
    gradient[0, 0, :2] = -4, 3
    other = gradient.copy()
    other[1, 1, 1] = 0.1
    names = [f"gradient_at_{name}"]
    ours = found(
        measurement("a", **dict.fromkeys(names, gradient)),
        measurement("b", **dict.fromkeys(names, other)),
    )
    assert ours[what].value == pytest.approx(0.02)
    assert ours[what].where == "at most 2.5e-02 of the largest entry"
    assert [one.what for one in ours.values() if not one.agrees] == [what]


def test_nan_never_agrees():
    bad = np.full((4, 6, 3), np.nan)
    assert gradient_difference(bad, bad)[1] == math.inf
    assert relative(math.nan, 1) == math.inf
    assert relative(1, 0) == math.inf
    steps = (step(1, tv=math.nan), step(2, tv=math.nan))
    other = measurement("b", steps=steps, gradient_at_start=bad)
    ours = found(measurement("a"), other)
    assert not any(ours[what].agrees for what in (FIRST, START, EARLY, MEAN))
    whole = json.loads(report(measurement("a"), other).to_json())
    assert whole["contestants"][1]["steps"][0]["tv"] == "nan"
    assert whole["agrees"] is False


def test_only_contestants_of_one_preset_are_judged():
    one, two = measurement("a", preset="x"), measurement("b", preset="y", steps=(step(1, tv=9),))
    both = report(one, two)
    assert (both.deviations, both.disagreements) == ([], [])
    assert json.loads(both.to_json())["agrees"] is None
    assert "not judged" in markdown(both)
    three = report(one, two, measurement("c", preset="y", steps=(step(1, tv=8),)))
    assert {(each.first, each.second) for each in three.deviations} == {("b", "c")}
    assert three.disagreements


def test_the_first_step_is_left_out_of_the_median():
    steps = [step(1).model_copy(update={"seconds": 9.0})]
    assert measurement("a", steps=steps).record.seconds_per_step == 9
    steps += [step(n).model_copy(update={"seconds": s}) for n, s in ((2, 1.0), (3, 2.0), (4, 9.0))]
    assert measurement("a", steps=steps).record.seconds_per_step == 2


@pytest.mark.parametrize("count", [1, 2, 3, 10, 500])
def test_matching_steps(count):
    steps = matching_steps(count)
    assert steps[0] == 0
    assert steps[-1] == count - 1
    assert steps == sorted(set(steps))
    assert len(steps) <= 6


def test_the_markdown_table():
    other = measurement("b", steps=(step(1), step(2, content=1.49)))
    text = markdown(report(measurement("a"), other))
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    assert ["a", "1", "4", "2", "7", "0.500", "1.5", "321", "a 1.0", "cpu (2 threads)"] in lines
    assert ["1", "6", "6", "0.0e+00"] in lines
    assert ["a against b", START, "0.0e+00", "1e-02", "yes"] in lines
    assert text.endswith("a against b 7.0e-02, allowed 5e-02.")


def test_markdown_of_odd_names_stays_one_table():
    table = Table(heading="", columns=("a|b", "c"), rows=[("x\ny|z", "<img>")])
    assert _aligned(table) == [
        "| a\\|b   | c      |",
        "| ------ | ------ |",
        "| x y\\|z | \\<img> |",
    ]


def test_html_escapes_everything_and_needs_no_other_file(tmp_path):
    evil = "<script>alert('\"&')</script>"
    measured = (measurement(evil), measurement("b", preset=evil, steps=(step(1),)))
    whole = report(*measured, content="<script>.png")
    for name in ("sheet", "losses", "result-0", "result-1"):
        PIL.Image.new("RGB", (2, 2)).save(tmp_path / f"{name}.png")
    text = render(whole, pictures=tmp_path)
    assert "<script" not in text
    assert "&lt;script&gt;alert(&#39;&#34;&amp;&#39;)&lt;/script&gt;" in text
    assert "&lt;recipe&gt;" in text
    assert text.count('src="data:image/png;base64,') == 4
    assert text.count("src=") == 4
    assert "http" not in text.partition("</style>")[2]


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


def test_names_of_pictures_stay_in_the_directory():
    one = Variant(label="../a b/$c", preset="", backend="", spec={})
    assert Path(f"{one.stem}.png").name == f"{one.stem}.png" == "result-..-a-b-c.png"


def test_a_measurement_comes_back_from_its_file(tmp_path):
    one = measurement("a", steps=(step(1, tv=math.inf),))
    one.save(tmp_path / "a.npz")
    again = Measurement.load(tmp_path / "a.npz")
    assert again.record == one.record
    np.testing.assert_array_equal(again.gradient_at_common, one.gradient_at_common)
    assert again.image.dtype == np.float32
