"""The stages of a spec: listed one by one, or built as a pyramid."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nst_core.errors import SpecError
from nst_core.spec import Pyramid, Spec, Stage, merging, presets
from nst_core.spec.sizes import Size
from nst_core.system import toml


def pyramid(**table):
    over = {"pyramid": {"from": 128, "to": "512", "steps": 9, **table}}
    return Spec.from_table(merging.merged(presets.table("d2l"), over))


def listed(spec):
    return [(stage.size, stage.steps) for stage in spec.stages]


def test_stages_of_root_two():
    assert listed(pyramid(first_steps=20)) == [
        ("128", 20), ("181", 9), ("256", 9), ("362", 9), ("512", 9),
    ]  # fmt: skip
    assert listed(pyramid(factor=2.0, to="short:512"))[1] == ("short:256", 9)
    assert listed(pyramid(factor=3.0, to="300x450")) == [("85x128", 9), ("300x450", 9)]
    assert listed(pyramid(to="128")) == [("128", 9)]


sides = st.integers(1, 4000)


@given(sides, sides, st.floats(1.25, 4), st.integers(1, 99), st.integers(1, 99))
def test_any_pyramid_rises_evenly_from_end_to_end(one, other, factor, steps, first):
    low, high = sorted((one, other))
    table = {"from": low, "to": str(high), "factor": factor, "steps": steps, "first_steps": first}
    stages = Pyramid.model_validate(table).stages()
    found = [Size.parse(stage.size).height for stage in stages]
    assert (found[0], found[-1]) == (low, high)
    assert found == sorted(found)
    wanted = math.log(high / low) / math.log(factor)
    assert abs(len(found) - 1 - wanted) <= max(0.5, 1 if wanted > 0 else 0)
    assert [stage.steps for stage in stages] == [first] + [steps] * (len(stages) - 1)
    spec = Spec.from_table(merging.merged(presets.table("d2l"), {"pyramid": table}))
    text = toml.dumps(spec.to_table())
    assert "stages" not in toml.loads(text, origin="test")
    assert Spec.from_table(toml.loads(text, origin="test")) == spec


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ({"from": 600}, "from = 600 is larger than to = 512"),
        ({"from": 0}, "from"),
        ({"factor": 1.0}, "factor = 1.0: should be greater than 1"),
        ({"factor": 1.0001}, "more than 50 stages"),
        ({"to": "8y"}, "to = '8y': allowed are"),
        ({"steps": 0}, "steps = 0"),
        ({"first_steps": 0}, "first_steps = 0"),
        ({"stages": 3}, "no such field"),
    ],
)
def test_a_wrong_value_is_one_line(table, line):
    with pytest.raises(SpecError) as caught:
        pyramid(**table)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_stage_writes_only_what_is_set():
    assert Stage(size="64", steps=3).model_dump() == {"size": "64", "steps": 3}
    full = {"size": "short:64", "steps": 3, "size_on_cpu": "32", "through_8_bits": True}
    assert Stage.model_validate(full).model_dump() == full


def test_a_pyramid_is_written_with_the_name_from():
    table = {"from": 64, "to": "128", "factor": 2.0, "steps": 5}
    assert Pyramid.model_validate(table).model_dump() == table
    assert Pyramid.model_validate({**table, "first_steps": 7}).model_dump()["first_steps"] == 7
