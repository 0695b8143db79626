"""How far variants are apart, and whether that is within the tolerances."""

import json
import math

import numpy as np
import pytest
from comparison_samples import measurement, report, step

from nst_core.compare.agreement import deviations, gradient_difference, relative
from nst_core.compare.tables import markdown
from nst_core.compare.tolerances import TOLERANCES

FIRST, START, COMMON, EARLY, MEAN = (
    "losses at the first step",
    "gradient at the start image",
    "gradient at the common end image",
    "losses of the first three steps",
    "losses over all steps, in the mean",
)


def found(first, second, dtype="float32"):
    return {one.what: one for one in deviations(first, second, TOLERANCES[dtype])}


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


def test_only_variants_of_the_same_preset_are_compared():
    one, two = measurement("a", preset="x"), measurement("b", preset="y", steps=(step(1, tv=9),))
    both = report(one, two)
    assert (both.deviations, both.disagreements) == ([], [])
    assert json.loads(both.to_json())["agrees"] is None
    assert "not judged" in markdown(both)
    three = report(one, two, measurement("c", preset="y", steps=(step(1, tv=8),)))
    assert {(each.first, each.second) for each in three.deviations} == {("b", "c")}
    assert three.disagreements
