import pytest

from nst_core.errors import SpecError
from nst_core.spec import Spec, merging, presets
from nst_core.spec.stage_overrides import with_stages


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
