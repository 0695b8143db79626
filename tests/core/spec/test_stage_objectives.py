"""Stages with an objective of their own, and the final stage of a pyramid."""

import pytest

from nst_core.errors import SpecError
from nst_core.spec import Spec, merging, presets
from nst_core.spec.stage_overrides import with_stages
from nst_core.system import toml

NEAREST = {
    "layers": ["relu1_1", "relu3_1"],
    "form": "taps",
    "every": 10,
    "samples": 64,
    "rotations": True,
}


def spec(**over):
    return Spec.from_table(merging.merged(presets.table("d2l"), over))


def test_a_stage_changes_parts_of_the_objective():
    stages = [{"size": "64", "steps": 1}, {"size": "128", "steps": 2, "neighbours": NEAREST}]
    found = spec(stages=stages)
    first, second = (found.in_stage(number).objective() for number in range(2))
    assert first == presets.load("d2l").objective()
    assert second.style == first.style
    assert first.neighbours == {}
    assert second.neighbours == {"relu1_1": 1.0, "relu3_1": 1.0}
    assert second.matching.form == "taps"
    assert second.matching.centred_loss
    assert second.content == first.content
    assert set(found.taps()) == {*presets.load("d2l").taps(), "relu1_1", "relu3_1"}
    assert "conv5_1" in found.style_taps()
    text = toml.dumps(found.to_table())
    assert Spec.from_table(toml.loads(text, origin="test")) == found


def test_what_a_stage_changes_is_checked():
    with pytest.raises(SpecError, match=r"stages\.0\.style\.weight = -1: .*0"):
        spec(stages=[{"size": "64", "steps": 1, "style": {"weight": -1}}])
    with pytest.raises(SpecError, match=r"stages\.0\.style\.no: no such field"):
        spec(stages=[{"size": "64", "steps": 1, "style": {"no": 1}}])
    empty = {"content": {"layers": []}, "style": {"layers": []}}
    with pytest.raises(SpecError, match="both empty"):
        spec(stages=[{"size": "64", "steps": 1, **empty}])


def pyramid(**final):
    table = {"from": 64, "to": "256", "factor": 2.0, "steps": 9}
    return spec(pyramid={**table, "final": {"steps": 5, "neighbours": NEAREST, **final}})


def test_a_pyramid_ends_with_a_stage_of_its_own():
    found = pyramid()
    assert [(stage.size, stage.steps) for stage in found.stages] == [
        ("64", 9), ("128", 9), ("256", 9), ("256", 5),
    ]  # fmt: skip
    compared = [len(found.in_stage(number).neighbours.layers) for number in range(4)]
    assert compared == [0, 0, 0, 2]
    assert Spec.from_table(toml.loads(toml.dumps(found.to_table()), origin="test")) == found
    instead = pyramid(instead=True).stages
    assert [(stage.size, stage.steps) for stage in instead] == [("64", 9), ("128", 9), ("256", 5)]


def test_other_sizes_and_steps_keep_the_final_stage():
    larger = with_stages(pyramid(), sizes=["512"], steps=[])
    assert [stage.size for stage in larger.stages] == ["64", "128", "256", "512", "512"]
    assert larger.stages[-1].neighbours == NEAREST
    shorter = with_stages(pyramid(), sizes=[], steps=[7, 3])
    assert [stage.steps for stage in shorter.stages] == [7, 3, 3, 3]
    relative = with_stages(pyramid(), sizes=["50%"], steps=[]).for_content(height=512, width=300)
    assert [stage.size for stage in relative.stages] == ["64", "128", "256", "256"]


def test_matching_says_what_is_wrong():
    with pytest.raises(SpecError, match=r"neighbours\.content_share = 2.0"):
        spec(neighbours={"content_share": 2.0})


def test_the_small_stages_of_a_pyramid_have_an_objective_of_their_own():
    coarse = {"up_to": 130, "steps": 3, "style": {"layers": []}, "neighbours": NEAREST}
    table = {"from": 64, "to": "256", "factor": 2.0, "steps": 9, "coarse": coarse}
    found = spec(pyramid=table)
    assert [(stage.size, stage.steps) for stage in found.stages] == [
        ("64", 3), ("128", 3), ("256", 9),
    ]  # fmt: skip
    compared = [found.in_stage(number).objective() for number in range(3)]
    assert [sorted(one.style) for one in compared[:2]] == [[], []]
    assert [len(one.neighbours) for one in compared] == [2, 2, 0]
    assert compared[2].style == presets.load("d2l").objective().style
    assert Spec.from_table(toml.loads(toml.dumps(found.to_table()), origin="test")) == found
    # 128 is more than half of 150.
    smaller = with_stages(found, sizes=["150"], steps=[])
    assert [len(smaller.in_stage(number).neighbours.layers) for number in range(2)] == [2, 0]
    assert [stage.steps for stage in with_stages(found, sizes=[], steps=[4, 5]).stages] == [5, 5, 5]
    relative = with_stages(found, sizes=["50%"], steps=[]).for_content(height=512, width=300)
    assert [stage.size for stage in relative.stages] == ["64", "128", "256"]
    assert [stage.steps for stage in relative.stages] == [3, 3, 9]


def test_hypercolumns_are_centred_for_the_search_only_unless_told():
    plain = spec(neighbours={"layers": ["relu1_1"]}).objective().matching
    assert (plain.centred_search, plain.centred_loss) == (True, False)
    told = spec(neighbours={"layers": ["relu1_1"], "centred_loss": True})
    assert told.objective().matching.centred_loss


def test_hypercolumns_are_one_loss_of_the_largest_weight():
    layers = {"relu1_1": 0.5, "relu2_1": 1.0}
    objective = spec(style={"layers": []}, neighbours={"weight": 4.0, "layers": layers}).objective()
    assert objective.style_losses() == {"hypercolumn": 4.0}
    (group,) = objective.tap_groups()
    assert group.factors == {"relu1_1": 0.5 / 64, "relu2_1": 1 / 128}
    taps = spec(
        style={"layers": ["relu1_1"]}, neighbours={"layers": layers, "form": "taps"}
    ).objective()
    assert taps.style_losses() == {
        "relu1_1": 1e4, "nearest relu1_1": 0.5, "nearest relu2_1": 1.0,
    }  # fmt: skip
