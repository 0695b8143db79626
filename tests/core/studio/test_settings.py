"""From what a painter chose to a spec, and the form that is made of the spec."""

import pytest
from pydantic import ValidationError

from nst_core.errors import SpecError
from nst_core.spec import Spec, presets, recipe
from nst_core.studio import fields
from nst_core.studio.records import LibraryPicture, Settings
from nst_core.studio.settings import configure, describe_preset, describe_recipe, more_steps
from nst_core.studio.store import Store


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "studio")
    for name in ("photo", "one", "two", "mask"):
        store.pictures[name] = LibraryPicture(
            id=name, title=name, kind="upload", file="original.png", width=9, height=6, sha256=name
        )
    yield store
    store.close()


def settings(**more):
    return Settings.model_validate({"content": "photo", "styles": [{"picture": "one"}], **more})


def test_without_changes_it_is_the_preset(store):
    for name in presets.names():
        config = configure(settings(preset=name), store)
        assert config.spec == presets.load(name)
        assert config.run.content == "pictures/photo/original.png"
        assert config.run.style == ("pictures/one/original.png",)


def test_changes_are_those_of_the_command_line(store):
    overrides = {"style.scale": 1.5, "start.seed": 7, "run.backend": "mxnet", "run.bits": "16"}
    chosen = settings(size="256", steps="9", strength=2.0, overrides=overrides)
    config = configure(chosen, store)
    plain = recipe.resolve(
        {},
        preset="best",
        over={"style": {"scale": 1.5, "weight": 2.4}, "start": {"seed": 7}},
        sizes=["256"],
        steps=[9],
    )
    assert config.spec == plain.spec
    assert (config.run.backend, config.run.bits) == ("mxnet", 16)


def test_layers_are_text(store):
    config = configure(settings(overrides={"style.layers": "relu1_1, relu3_1=0.5"}), store)
    assert config.spec.style.layers == (("relu1_1", 1.0), ("relu3_1", 0.5))


def test_a_blend_and_a_mask(store):
    two = [{"picture": "one", "weight": 3}, {"picture": "two", "weight": 1}]
    assert configure(settings(styles=two), store).run.style_blend == (3, 1)
    masked = configure(settings(styles=two, mask="mask"), store).run
    assert masked.style_blend == ()
    assert masked.content_mask == "pictures/mask/original.png"


def test_a_recipe_is_painted_again(store):
    text = recipe.toml.dumps(
        {**presets.load("d2l").to_table(), "run": {"content": "/x.jpg", "dtype": "float64"}}
    )
    config = configure(settings(recipe=text), store)
    assert config.spec == presets.load("d2l")
    assert config.run.dtype == "float64"
    assert config.run.content == "pictures/photo/original.png"
    assert describe_recipe(text)["name"] == "d2l"


def test_more_steps_are_of_the_last_stage(store):
    config = more_steps(configure(settings(), store, start="x.png"), 7)
    assert [(s.size, s.steps) for s in config.spec.stages] == [("512", 7)]
    assert config.spec.start.image == "x.png"
    assert config.spec == Spec.from_table(config.spec.to_table())


def test_every_field_of_the_form_can_be_sent_back(store):
    for name in presets.names():
        described = describe_preset(name)
        sent = {one["path"]: one["value"] for one in described["fields"]}
        assert configure(settings(preset=name, overrides=sent), store).spec == presets.load(name)
        assert all("``" not in one["help"] for one in described["fields"])


def test_the_form_has_the_words_of_the_spec():
    by_path = {one.path: one for one in fields.spec_fields(presets.load("best"))}
    assert {"content", "noise", "style-colours"} <= set(by_path["start.image"].choices)
    assert set(by_path["optimiser.name"].choices) == {"adam", "lbfgs"}
    assert by_path["style.scale"].help.startswith("A factor on the size")
    assert by_path["style.weight"].help
    run = {one.path: one for one in fields.run_fields(recipe.checked_run({}))}
    assert set(run["run.weights"].choices) == {"bundled", "torchvision", "gluoncv", "random"}
    assert {"pytorch", "mxnet"} <= set(run["run.backend"].choices)


def test_only_presets_of_nst_itself_have_a_strength():
    paths = {
        name: [one["path"] for one in describe_preset(name)["fields"]] for name in presets.names()
    }
    assert "strength" in paths["best"]
    assert "strength" not in paths["d2l"]


def test_what_is_wrong_is_one_line(store):
    for more in ({"overrides": {"start.image": "/x.png"}}, {"overrides": {"nothing": 1}}):
        with pytest.raises(SpecError):
            configure(settings(**more), store)
    with pytest.raises(ValidationError):
        settings(content="../x")
