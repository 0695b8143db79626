"""How tables are merged: key by key, with the exceptions for layers, optimisers and stages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nst_core.errors import SpecError
from nst_core.spec import Spec, merging, presets
from nst_core.system import toml

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


leaves = st.one_of(st.integers(-(2**62), 2**62), st.floats(allow_nan=False), texts, st.booleans())


tables = st.recursive(
    st.dictionaries(texts, leaves, max_size=4),
    lambda inner: st.dictionaries(texts, st.one_of(leaves, inner, st.lists(inner)), max_size=4),
    max_leaves=12,
)


@given(tables, tables)
def test_merging_keeps_what_is_not_named_and_takes_what_is(base, over):
    before = toml.dumps(base), toml.dumps(over)
    merged = merging.merged(base, over)
    assert (toml.dumps(base), toml.dumps(over)) == before
    assert merged.keys() == base.keys() | over.keys()
    for key, value in merged.items():
        if key not in over:
            assert value == base[key]
        elif not (isinstance(value, dict) and isinstance(base.get(key), dict)):
            assert value == over[key]
    assert merging.merged(merged, over) == merged
    assert merging.merged(base, {}) == base
    assert merging.merged({}, over) == over


def test_merging_leaves_its_inputs_alone():
    base, over = {"a": {"b": 1, "c": 2}}, {"a": {"b": 3}, "d": 4}
    assert merging.merged(base, over) == {"a": {"b": 3, "c": 2}, "d": 4}
    assert base == {"a": {"b": 1, "c": 2}}
    assert merging.merged({"layers": {"a": 1}}, {"layers": {"b": 1}}) == {"layers": {"b": 1}}


def test_stages_replace_a_pyramid_and_a_pyramid_stages():
    pyramid = {"from": 128, "to": "512", "steps": 9}
    spec = Spec.from_table(merging.merged(presets.table("d2l"), {"pyramid": pyramid}))
    assert len(spec.stages) == 5
    stages = [{"size": "64", "steps": 1}]
    merged = Spec.from_table(merging.merged(spec.to_table(), {"stages": stages}))
    assert [(stage.size, stage.steps) for stage in merged.stages] == [("64", 1)]
    assert merged.pyramid is None
    with pytest.raises(SpecError, match="pyramid and stages: give one of them"):
        Spec.from_table({**spec.to_table(), "stages": stages})


def test_an_optimiser_is_merged_only_into_one_of_its_name():
    base = {"optimiser": {"name": "adam", "betas": [0.9, 0.99]}}
    for over in ({"epsilon": 1.0}, {"name": "adam", "epsilon": 1.0}):
        merged = merging.merged(base, {"optimiser": over})["optimiser"]
        assert merged == {"name": "adam", "betas": [0.9, 0.99], "epsilon": 1.0}
    other = {"name": "lbfgs", "history": 3}
    assert merging.merged(base, {"optimiser": other})["optimiser"] == other


def test_both_ways_at_once_are_left_for_the_spec_to_refuse():
    over = {"stages": [1], "pyramid": {"to": "8"}}
    assert merging.merged({"stages": [0]}, over) == over
