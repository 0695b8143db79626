"""Sizes and steps from options, laid over the stages of a spec."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nst_core.errors import SpecError
from nst_core.spec import Spec, merging, presets
from nst_core.spec.sizes import Size
from nst_core.spec.stage_overrides import with_stages

sides = st.integers(1, 65535)
rules = st.one_of(
    sides.map(str),
    sides.map(lambda side: f"short:{side}"),
    st.tuples(sides, sides).map(lambda pair: f"{pair[0]}x{pair[1]}"),
)
without_pyramid = st.sampled_from(
    [name for name in presets.names() if presets.load(name).pyramid is None]
)


@pytest.fixture
def two():
    table = merging.merged(
        presets.table("d2l"),
        {"stages": [{"size": "150x225", "steps": 100}, {"size": "300x450", "steps": 200}]},
    )
    return Spec.from_table(table)


def listed(spec):
    return [(stage.size, stage.steps) for stage in spec.stages]


def test_nothing_given_changes_nothing(two):
    assert with_stages(two, sizes=[], steps=[]) is two


def test_one_size_is_the_lasts_and_the_earlier_keep_their_proportion(two):
    assert listed(with_stages(two, sizes=["600x900"], steps=[])) == [
        ("300x450", 100),
        ("600x900", 200),
    ]
    assert listed(with_stages(two, sizes=["512"], steps=[7])) == [("256", 7), ("512", 7)]


def test_several_sizes_make_as_many_stages(two):
    sizes = ["64", "128", "256"]
    with pytest.raises(SpecError, match="2 steps for 3 stages: give one, or one for each stage"):
        with_stages(two, sizes=sizes, steps=[])
    assert listed(with_stages(two, sizes=sizes, steps=[5])) == [("64", 5), ("128", 5), ("256", 5)]
    assert listed(with_stages(two, sizes=sizes, steps=[5, 6, 7])) == [
        ("64", 5),
        ("128", 6),
        ("256", 7),
    ]


def test_several_steps_for_one_size():
    spec = presets.load("d2l")
    assert listed(with_stages(spec, sizes=[], steps=[10, 20])) == [("300x450", 10), ("300x450", 20)]


def test_wrong_values_are_the_specs_errors(two):
    with pytest.raises(SpecError, match="steps = 0"):
        with_stages(two, sizes=[], steps=[0])
    with pytest.raises(SpecError, match="allowed are"):
        with_stages(two, sizes=["9y"], steps=[])


def test_other_fields_of_the_stages_stay():
    lzh = with_stages(presets.load("d2lzh"), sizes=["600x900"], steps=[3])
    assert listed(lzh) == [("300x450", 3), ("600x900", 3)]
    assert [stage.through_8_bits for stage in lzh.stages] == [False, True]
    lzh = with_stages(presets.load("d2lzh"), sizes=["64", "128", "256"], steps=[3])
    assert [stage.through_8_bits for stage in lzh.stages] == [False, True, True]


def test_a_size_that_is_given_holds_on_every_device():
    gala = presets.load("gala")
    assert with_stages(gala, sizes=[], steps=[9]).on("cpu").stages[0].size == "short:128"
    assert with_stages(gala, sizes=["short:96"], steps=[]).on("cpu").stages[0].size == "short:96"


def test_a_pyramid_stays_one_for_one_size_and_two_numbers_of_steps():
    table = {"from": 128, "to": "512", "steps": 9, "first_steps": 20}
    spec = Spec.from_table(merging.merged(presets.table("d2l"), {"pyramid": table}))
    assert listed(with_stages(spec, sizes=["256"], steps=[])) == [
        ("128", 20), ("181", 9), ("256", 9),
    ]  # fmt: skip
    assert listed(with_stages(spec, sizes=["100"], steps=[5])) == [("100", 5)]
    assert [steps for _, steps in listed(with_stages(spec, sizes=[], steps=[3, 2]))] == [
        3, 2, 2, 2, 2,
    ]  # fmt: skip
    assert listed(with_stages(spec, sizes=["64", "96"], steps=[3])) == [("64", 3), ("96", 3)]
    table = {"from": 64, "to": "128"}
    spec = with_stages(presets.load("d2l"), sizes=[], steps=[], pyramid=table)
    assert listed(spec) == [("64", 500), ("91", 500), ("128", 500)]
    with pytest.raises(SpecError, match="pyramid and size: give one of them"):
        with_stages(spec, sizes=["64"], steps=[], pyramid=table)


def test_relative_sizes_of_listed_stages(two):
    spec = with_stages(two, sizes=["50%"], steps=[])
    assert listed(spec) == [("25%", 100), ("50%", 200)]
    assert listed(spec.for_content(height=400, width=800)) == [("200", 100), ("400", 200)]
    assert listed(with_stages(spec, sizes=["512"], steps=[])) == [("256", 100), ("512", 200)]
    spec = with_stages(two, sizes=["64", "original"], steps=[])
    assert listed(spec.for_content(height=30, width=90)) == [("64", 100), ("90", 200)]
    with pytest.raises(SpecError, match="give one size for each stage"):
        with_stages(spec, sizes=["512"], steps=[])


@pytest.mark.parametrize("share", [25, 37, 50, 100])
def test_a_relative_pyramid_is_that_of_the_size_in_pixels(share):
    table = {**presets.table("best"), "pyramid": {"from": 256, "to": "512", "steps": 60}}
    best, pixels = Spec.from_table(table), 1200 * share // 100
    spec = with_stages(best, sizes=[f"{share}%"], steps=[7, 5])
    assert Spec.from_table(spec.to_table()) == spec
    found = spec.for_content(height=800, width=1200)
    assert found == with_stages(best, sizes=[str(pixels)], steps=[7, 5])
    assert found.for_content(height=1, width=1) == found
    small = spec.for_content(height=50, width=60)
    assert listed(small) == [(str(round(0.6 * share)), 7)]
    with pytest.raises(SpecError, match="give one or two"):
        with_stages(spec, sizes=[], steps=[1, 2, 3])


@given(st.lists(rules, max_size=5), st.lists(st.integers(1, 10**6), max_size=5), without_pyramid)
def test_stages_are_as_many_as_the_longest_list(sizes, steps, name):
    spec = presets.load(name)
    longest = max(len(sizes), len(steps))
    count = longest if longest > 1 else len(spec.stages)
    # What isn't given is the spec's own, and has to fit as well.
    own = len(spec.stages)
    if not {len(sizes) or own, len(steps) or own} <= {1, count}:
        with pytest.raises(SpecError, match="give one, or one for each stage"):
            with_stages(spec, sizes=sizes, steps=steps)
        return
    found = with_stages(spec, sizes=sizes, steps=steps).stages
    assert len(found) == count
    if len(steps) == 1:
        assert {stage.steps for stage in found} == set(steps)
    elif steps:
        assert [stage.steps for stage in found] == steps
    if sizes:
        last = found[-1].size
        assert last == str(Size.parse(sizes[-1]))
        assert all(stage.size_on_cpu is None for stage in found)
