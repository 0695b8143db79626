"""What holds for any value: of merging, stages, layers, recipes, sizes and schedules."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nst_core.backend import Device
from nst_core.errors import SpecError
from nst_core.spec import Spec, merging, presets, recipe
from nst_core.spec.recipe import Run, checked_run
from nst_core.spec.sizes import Size
from nst_core.spec.stage_overrides import with_stages
from nst_core.system import toml
from nst_core.vgg19 import LAYERS

TAPS = [layer.name for layer in LAYERS if layer.kind != "pool"]

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
leaves = st.one_of(st.integers(-(2**62), 2**62), st.floats(allow_nan=False), texts, st.booleans())
tables = st.recursive(
    st.dictionaries(texts, leaves, max_size=4),
    lambda inner: st.dictionaries(texts, st.one_of(leaves, inner, st.lists(inner)), max_size=4),
    max_leaves=12,
)
names = st.sampled_from(presets.names())
listed = names.filter(lambda name: presets.load(name).pyramid is None)
sides = st.integers(1, 65535)
rules = st.one_of(
    sides.map(str),
    sides.map(lambda side: f"short:{side}"),
    st.tuples(sides, sides).map(lambda pair: f"{pair[0]}x{pair[1]}"),
)


@given(tables)
def test_any_table_survives_toml(table):
    assert toml.loads(toml.dumps(table), origin="test") == table


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


@given(st.lists(rules, max_size=5), st.lists(st.integers(1, 10**6), max_size=5), listed)
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


layers = st.lists(st.sampled_from(TAPS), min_size=1, unique=True)


@given(layers, st.data())
def test_layers_as_list_table_and_indices_are_the_same(taps, data):
    index = {layer.name: layer.index for layer in LAYERS}
    table = presets.table("d2l")

    def read(given):
        return Spec.from_table({**table, "style": {**table["style"], "layers": given}}).style.layers

    as_list = read(taps)
    assert [tap for tap, _ in as_list] == taps
    assert read(dict.fromkeys(taps, 1)) == as_list
    assert read([data.draw(st.sampled_from([tap, index[tap], str(index[tap])])) for tap in taps])
    assert {tap for tap, _ in read([index[tap] for tap in taps])} == set(taps)


runs = st.fixed_dictionaries(
    {},
    optional={
        "content": texts,
        "style": st.one_of(texts, st.lists(texts, min_size=1, max_size=3)),
        "backend": texts,
        "weights": texts,
        "dtype": st.sampled_from(["float32", "float64"]),
        "checkpointing": st.booleans(),
        "keep_exif": st.booleans(),
    },
)


@settings(max_examples=50)
@given(runs, names, st.text(max_size=60))
def test_a_recipe_is_a_config_of_the_same_run(table, name, command):
    run, spec = checked_run(table), presets.load(name)
    text = recipe.write(
        spec, run, backend_version="1", device=Device("cpu", "x"), weights_checksum="0" * 64,
        command=command.encode("utf-8", "replace").decode(),
    )  # fmt: skip
    config = recipe.resolve(toml.loads(text, origin="recipe"), preset=None, over={})
    assert config.spec == spec
    assert config.run == run
    assert config.run == Run.model_validate(run.model_dump())


@given(rules, st.floats(0.01, 1))
def test_a_scaled_size_keeps_its_kind_and_its_proportion(rule, ratio):
    size = Size.parse(rule)
    scaled = size.scaled(ratio)
    assert scaled.kind == size.kind
    for side, old in ((scaled.height, size.height), (scaled.width, size.width)):
        assert side >= 1
        assert abs(side - old * ratio) <= max(0.5, 1 - old * ratio)


@given(rules, sides, sides)
def test_a_size_that_is_resolved_again_stays(rule, height, width):
    size = Size.parse(rule)
    once = size.resolve(height=height, width=width)
    assert min(once) >= 1
    assume(max(once) <= 65535)
    again = Size.parse(f"{once[0]}x{once[1]}").resolve(height=height, width=width)
    assert again == once


@given(st.floats(1e-3, 1), st.integers(1, 1000), st.integers(0, 10**4), names)
def test_a_schedule_is_steps_of_one_factor(factor, every, step, name):
    table = {**presets.table(name), "schedule": {"factor": factor, "every": every}}
    spec = Spec.from_table(table)
    first, rate = spec.learning_rate_at(0), spec.learning_rate_at(step)
    assert rate == first * factor ** (step // every)
    assert math.isfinite(rate)
    start = step - step % every
    assert {spec.learning_rate_at(one) for one in (start, step, start + every - 1)} == {rate}
