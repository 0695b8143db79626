"""Configs and recipes: how they are resolved, written and read again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nst_core.backend import Device, Execution
from nst_core.errors import SpecError
from nst_core.spec import presets, recipe
from nst_core.spec.recipe import Run, checked_run
from nst_core.system import toml


def resolve(table=None, *, preset=None, over=None, **more):
    return recipe.resolve(table or {}, preset=preset, over=over or {}, **more)


def test_options_override_the_config_which_overrides_the_preset():
    table = {"style": {"weight": 5.0, "layers": {"relu1_1": 2.0}}, "run": {"backend": "mxnet"}}
    config = resolve(table, over={"style": {"weight": 7.0}, "run": {"dtype": "float64"}})
    assert config.spec.style.weight == 7.0
    assert config.spec.style.layers == (("relu1_1", 2.0),)
    assert config.spec.content == presets.load(presets.DEFAULT).content
    assert (config.run.backend, config.run.dtype, config.run.weights) == (
        "mxnet",
        "float64",
        "bundled",
    )


def test_an_optimiser_named_again_keeps_the_configs_fields():
    table = {"preset": "d2l-slides", "optimiser": {"history": 5}}
    assert resolve(table, over={"optimiser": {"name": "lbfgs"}}).spec.optimiser.history == 5
    adam = resolve(table, over={"optimiser": {"name": "adam"}}).spec.optimiser
    assert adam == presets.load("d2l").optimiser


def test_a_config_may_name_its_preset():
    assert resolve({"preset": "d2l"}).spec.name == "d2l"
    with pytest.raises(SpecError, match=r"unknown preset 'x': known are .*d2l"):
        resolve({"preset": "x"})
    with pytest.raises(SpecError, match="preset = 3"):
        resolve({"preset": 3})


def test_sizes_and_steps_are_laid_over():
    config = resolve(sizes=["64"], steps=[3])
    assert [(stage.size, stage.steps) for stage in config.spec.stages] == [("64", 3)]


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ({"run": {"dtype": "float16"}}, "run.dtype = 'float16': should be 'float32' or 'float64'"),
        ({"run": {"colour": 1}}, "run.colour: no such field"),
        ({"run": {"conv": "fft"}}, "run.conv = 'fft': should be 'auto', 'direct' or 'winograd'"),
        ({"run": {"precision": "half"}}, "run.precision = 'half'"),
        ({"run": {"checkpointing": 1}}, "run.checkpointing = 1"),
        ({"run": 3}, "run"),
        ({"run": {"content": ""}}, "run.content = ''"),
    ],
)
def test_a_wrong_run_table_is_one_line(table, line):
    with pytest.raises(SpecError) as caught:
        resolve(table)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_a_recipe_is_a_config_that_gives_the_same_spec_and_run():
    spec = presets.load("d2l")
    run = Run(
        content="ä b.jpg", style="c.jpg", backend="mxnet", weights="random:3", device="cuda:0"
    )
    text = recipe.write(
        spec,
        run,
        backend_version="1",
        device=Device("cuda:0", "card"),
        weights_checksum="abc",
        command="nst run 'ä b.jpg'",
    )
    config = resolve(toml.loads(text, origin="recipe"))
    assert config.spec == spec
    # The device belongs to the machine, not to the picture.
    assert config.run == run.model_copy(update={"device": "auto"})
    assert config.made_with["weights_sha256"] == "abc"
    assert config.made_with["device"] == "cuda:0 (card)"


def test_the_execution_is_part_of_a_run():
    over = {"run": {"precision": "bf16", "checkpointing": True}}
    run = resolve({"run": {"conv": "direct"}}, over=over).run
    assert run.execution == Execution(conv="direct", precision="bf16", checkpointing=True)
    assert resolve().run.execution == Execution()


@pytest.mark.parametrize("name", presets.names())
def test_a_whole_config_takes_nothing_from_the_default_preset(name):
    # A table is written without what is at its default, which another preset may have changed.
    spec = presets.load(name)
    assert recipe.resolve(spec.to_table(), preset=None, over={}).spec == spec


def test_a_config_of_a_few_fields_takes_the_rest_from_the_default_preset():
    found = recipe.resolve({"style": {"weight": 3.0}}, preset=None, over={}).spec
    expected = presets.table(presets.DEFAULT)
    assert found.style.weight == 3.0
    assert found.content.weight == expected["content"]["weight"]
    assert found.average == expected["average"]


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
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
@given(runs, st.sampled_from(presets.names()), st.text(max_size=60))
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
