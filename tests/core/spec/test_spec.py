"""The spec: every wrong value is one line that names it, every right one survives TOML."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nst_core.backend import Architecture
from nst_core.errors import SpecError
from nst_core.spec import LBFGS, Spec, merging, presets
from nst_core.system import toml
from nst_core.vgg19 import LAYERS, TAPS


@pytest.fixture(scope="module")
def table():
    return presets.table("d2l")


def test_d2l_is_what_the_book_runs(table):
    spec = Spec.from_table(table)
    assert spec.taps() == ("relu4_4", "relu1_1", "relu2_1", "relu3_1", "relu4_1", "conv5_1")
    assert (spec.content.weight, spec.style.weight, spec.total_variation.weight) == (1, 1e4, 10)
    assert spec.optimiser.learning_rate == 0.3
    assert spec.optimiser.betas == (0.9, 0.999)
    assert spec.optimiser.epsilon == 1e-8
    assert [(stage.size, stage.steps) for stage in spec.stages] == [("300x450", 500)]
    assert spec.start.image == "content"


def test_learning_rate_is_multiplied_after_every_50_steps(table):
    spec = Spec.from_table(table)
    rates = [spec.learning_rate_at(step) for step in (0, 49, 50, 99, 100, 499)]
    assert rates == pytest.approx([0.3, 0.3, 0.24, 0.24, 0.192, 0.3 * 0.8**9], rel=1e-14)


@pytest.mark.parametrize(
    ("over", "line"),
    [
        ({"style": {"weight": -1}}, "style.weight = -1: should be greater than or equal to 0"),
        ({"style": {"weight": float("nan")}}, "style.weight = nan: should be a finite number"),
        ({"style": {"weight": float("inf")}}, "style.weight = inf: should be a finite number"),
        ({"style": {"weight": "x"}}, "style.weight = 'x': should be a valid number"),
        ({"style": {"weight": True}}, "style.weight = True: should be a valid number"),
        (
            {"content": {"layers": ["relu6_1"]}},
            "content.layers = ['relu6_1']: unknown tap 'relu6_1'",
        ),
        ({"content": {"layers": [4]}}, "content.layers = [4]: unknown tap '4'"),
        ({"content": {"layers": [36]}}, "content.layers = [36]: unknown tap '36'"),
        ({"content": {"layers": [37]}}, "content.layers = [37]: unknown tap '37'"),
        ({"content": {"layers": [-1]}}, "content.layers = [-1]: unknown tap '-1'"),
        ({"style": {"layers": ["relu1_1", 1]}}, "should name every tap once"),
        ({"style": {"layers": "relu1_1"}}, "should be a list of taps or a table of tap = weight"),
        ({"style": {"layers": {"relu1_1": -1}}}, "weight of relu1_1 should be a finite number"),
        ({"style": {"layers": {"relu1_1": "a"}}}, "weight of relu1_1 should be a number"),
        ({"style": 3}, "style = 3: should be a table"),
        ({"content": {"layers": []}, "style": {"layers": []}}, "name at least one tap"),
        ({"stages": []}, "stages = []: should have at least 1 entry"),
        ({"stages": 3}, "stages = 3: should be a list"),
        (
            {"stages": [{"size": "8y", "steps": 1}]},
            "stages.0.size = '8y': allowed are HEIGHTxWIDTH",
        ),
        ({"stages": [{"size": "0x8", "steps": 1}]}, "stages.0.size = '0x8': allowed are"),
        ({"stages": [{"size": "99999", "steps": 1}]}, "stages.0.size = '99999': allowed are"),
        ({"stages": [{"size": "64", "steps": 0}]}, "stages.0.steps = 0: should be greater than"),
        (
            {"stages": [{"size": "64", "steps": 1.5}]},
            "stages.0.steps = 1.5: should be a valid integer",
        ),
        ({"stages": [{"size": "64"}]}, "stages.0.steps: is missing"),
        ({"optimiser": {"betas": [0.9, 1]}}, "optimiser.betas.1 = 1: should be less than 1"),
        ({"optimiser": {"epsilon": 0}}, "optimiser.epsilon = 0: should be greater than 0"),
        ({"optimiser": {"learning_rate": -0.1}}, "optimiser.learning_rate = -0.1: should be"),
        ({"optimiser": {"name": "sgd"}}, "optimiser.name = 'sgd': should be 'adam' or 'lbfgs'"),
        ({"optimiser": 3}, "optimiser = 3: should be a table"),
        ({"optimiser": {"history": 3}}, "optimiser.history: no such field"),
        ({"optimiser": {"epsilon_form": "torch"}}, "optimiser.epsilon_form = 'torch': should be"),
        ({"optimiser": {"name": "lbfgs", "history": 0}}, "optimiser.history = 0: should be"),
        ({"optimiser": {"name": "lbfgs", "betas": [0, 0]}}, "optimiser.betas: no such field"),
        ({"style": {"counted": 0}}, "style.counted = 0: should be greater than 0"),
        ({"content": {"counted": 2}}, "content.counted: no such field"),
        (
            {"stages": [{"size": "64", "steps": 1, "through_8_bits": True}]},
            "stages.0.through_8_bits = True: no stage comes before the first",
        ),
        (
            {"stages": [{"size": "64", "size_on_cpu": "8y", "steps": 1}]},
            "stages.0.size_on_cpu = '8y': allowed are",
        ),
        ({"schedule": {"factor": 1.5}}, "schedule.factor = 1.5: should be less than or equal to 1"),
        ({"schedule": {"every": 0}}, "schedule.every = 0: should be greater than or equal to 1"),
        ({"start": {"seed": -1}}, "start.seed = -1: should be greater than or equal to 0"),
        ({"start": {"image": ""}}, "start.image = ''"),
        ({"start": {"noise": 1.5}}, "start.noise = 1.5: should be less than or equal to 1"),
        ({"network": {"pooling": "l2"}}, "network.pooling = 'l2': should be 'max' or 'average'"),
        ({"network": {"padding": 1}}, "network.padding = 1: should be 'zero' or 'replicate'"),
        ({"colour": 1}, "colour: no such field"),
        ({"content": {"distance": "l1"}}, "content.distance = 'l1': should be 'mse' or 'scaled'"),
        ({"style": {"statistics": "mean"}}, "style.statistics = 'mean': should be 'gram', 'wass"),
        (
            {"style": {"statistics": "wasserstein", "distance": "scaled"}},
            "distance = 'scaled': only Gram matrices have a choice of distances",
        ),
        ({"style": {"wieght": 1}}, "style.wieght: no such field"),
    ],
)
def test_a_wrong_value_is_one_line(table, over, line):
    with pytest.raises(SpecError) as caught:
        Spec.from_table(merging.merged(table, over))
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_spec_is_frozen(table):
    spec = Spec.from_table(table)
    with pytest.raises(ValueError, match="frozen"):
        spec.style.weight = 2.0
    hash(spec)


def test_indices_are_the_documents(table):
    layers = [0, "5", 10, 19, 28]
    spec = Spec.from_table(merging.merged(table, {"style": {"layers": layers}}))
    taps = [tap for tap, _ in spec.style.layers]
    assert taps == ["conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"]


def test_layer_weights_multiply_the_terms_weight(table):
    over = {"style": {"weight": 10.0, "layers": {"relu1_1": 0.5, "relu2_1": 2}}}
    objective = Spec.from_table(merging.merged(table, over)).objective()
    assert objective.style == {"relu1_1": 5.0, "relu2_1": 20.0}
    assert objective.content == {"relu4_4": 1.0}
    assert objective.total_variation == 10.0


def test_what_is_compared_and_how(table):
    over = {
        "content": {"distance": "scaled"},
        "style": {"statistics": "wasserstein", "scale": 0.5, "size": 96},
    }
    spec = Spec.from_table(merging.merged(table, over))
    objective = spec.objective()
    assert (objective.content_distance, objective.style_distance) == ("scaled", "mse")
    assert objective.style_statistics == "wasserstein"
    assert Spec.from_table(spec.to_table()) == spec
    network = {"pooling": "average", "padding": "replicate"}
    other = Spec.from_table({**table, "network": network})
    assert other.architecture() == Architecture(**network)
    assert Spec.from_table(other.to_table()) == other
    assert "network" not in spec.to_table()
    # What is not set is not written.
    assert Spec.from_table(table).to_table()["style"] == {**table["style"], "counted": 1.0}


def test_a_sizes_device(table):
    stages = [{"size": "short:512", "size_on_cpu": "short:128", "steps": 3}]
    spec = Spec.from_table({**table, "stages": stages})
    assert spec.depends_on_device()
    assert [spec.on(device).stages[0].size for device in ("cpu", "cuda:0", "mps")] == [
        "short:128",
        "short:512",
        "short:512",
    ]
    assert not spec.on("cpu").depends_on_device()
    # What is not set is not written.
    assert spec.on("cpu").to_table()["stages"] == [{"size": "short:128", "steps": 3}]


def test_an_optimiser_of_another_name_inherits_nothing():
    table = presets.table("d2l")
    over = {"optimiser": {"name": "lbfgs"}}
    spec = Spec.from_table(merging.merged(table, over))
    assert spec.optimiser == LBFGS()
    assert spec.learning_rate_at(0) == 1.0
    # Backends are always told of an Adam.
    assert spec.adam() == Spec.from_table(table).adam()
    over = {"optimiser": {"name": "adam", "learning_rate": 0.1}}
    table["optimiser"]["epsilon_form"] = "mxnet"
    assert Spec.from_table(merging.merged(table, over)).adam().epsilon_form == "mxnet"


weights = st.floats(min_value=0, max_value=1e12, allow_nan=False)
layers = st.dictionaries(st.sampled_from(TAPS), weights, min_size=1, max_size=6)
sizes = st.one_of(
    st.integers(1, 65535),
    st.integers(1, 65535).map(lambda side: f"short:{side}"),
    st.tuples(st.integers(1, 65535), st.integers(1, 65535)).map(
        lambda pair: f"{pair[0]}x{pair[1]}"
    ),
)
tables = st.fixed_dictionaries(
    {
        "name": st.text(max_size=20),
        "description": st.text(max_size=60),
        "content": st.fixed_dictionaries({"weight": weights, "layers": layers}),
        "style": st.fixed_dictionaries(
            {"weight": weights, "layers": st.lists(st.sampled_from(TAPS), unique=True)}
        ),
        "total_variation": st.fixed_dictionaries({"weight": weights}),
        "optimiser": st.one_of(
            st.fixed_dictionaries(
                {
                    "learning_rate": st.floats(1e-9, 1e3),
                    "betas": st.tuples(st.floats(0, 0.9999), st.floats(0, 0.9999)),
                    "epsilon_form": st.sampled_from(("paper", "mxnet")),
                }
            ),
            st.fixed_dictionaries(
                {
                    "name": st.just("lbfgs"),
                    "history": st.integers(1, 10**6),
                    "line_search": st.sampled_from(("none", "backtracking", "strong_wolfe")),
                    "loss_scale": st.floats(1e-9, 1e9),
                    "smoothing": st.floats(0, 4),
                }
            ),
        ),
        "schedule": st.fixed_dictionaries(
            {"factor": st.floats(1e-6, 1), "every": st.integers(1, 10**6)}
        ),
        "start": st.fixed_dictionaries(
            {"image": st.text(min_size=1, max_size=30), "seed": st.integers(0, 2**63 - 1)}
        ),
        "stages": st.lists(
            st.fixed_dictionaries(
                {"size": sizes, "steps": st.integers(1, 10**6)}, optional={"size_on_cpu": sizes}
            ),
            min_size=1,
            max_size=4,
        ),
    }
)


@given(tables)
def test_any_spec_survives_toml(table):
    spec = Spec.from_table(table)
    text = toml.dumps(spec.to_table())
    assert Spec.from_table(toml.loads(text, origin="test")) == spec


@pytest.mark.parametrize(
    "text", ["a\nb", "a\r\nb", "a\rb", "\r\n", '"""\n', "\\\n  b", "\n", " \t\x00\x7f"]
)
def test_any_line_end_survives_toml(table, text):
    spec = Spec.from_table({**table, "description": text})
    assert Spec.from_table(toml.loads(toml.dumps(spec.to_table()), origin="test")) == spec


@given(tables, st.integers(0, 10**5), st.integers(0, 10**5))
def test_the_learning_rate_never_rises(table, step, later):
    spec = Spec.from_table(table)
    assert spec.learning_rate_at(step + later) <= spec.learning_rate_at(step)


def test_every_index_names_its_layer(table):
    for layer in LAYERS:
        if layer.kind == "pool":
            continue
        over = {"content": {"layers": [layer.index]}}
        assert Spec.from_table(merging.merged(table, over)).content.layers == ((layer.name, 1.0),)


@given(
    st.floats(1e-3, 1),
    st.integers(1, 1000),
    st.integers(0, 10**4),
    st.sampled_from(presets.names()),
)
def test_a_schedule_is_steps_of_one_factor(factor, every, step, name):
    table = {**presets.table(name), "schedule": {"factor": factor, "every": every}}
    spec = Spec.from_table(table)
    first, rate = spec.learning_rate_at(0), spec.learning_rate_at(step)
    assert rate == first * factor ** (step // every)
    assert math.isfinite(rate)
    start = step - step % every
    assert {spec.learning_rate_at(one) for one in (start, step, start + every - 1)} == {rate}


def test_colours_are_written_only_where_they_are_chosen():

    table = presets.table("d2l")
    assert "colours" not in Spec.from_table(table).to_table()
    assert Spec.from_table({**table, "colours": "match"}).to_table()["colours"] == "match"
    with pytest.raises(
        SpecError, match="colours = 'blue': should be 'style', 'content', 'match' or 'oklab'"
    ):
        Spec.from_table({**table, "colours": "blue"})
