"""The presets, each held against what its document says: a second reading, not a copy."""

import pytest

from nst_core.backend import Adam
from nst_core.errors import SpecError
from nst_core.spec import LBFGS, Spec, presets
from nst_core.system import toml

BLOCKS = range(1, 6)
CONV = tuple(f"conv{block}_1" for block in BLOCKS)
RELU = tuple(f"relu{block}_1" for block in BLOCKS)
# torchvision's ReLUs overwrite every convolution but the last of the network as it was cut off.
IN_PLACE = (*RELU[:-1], "conv5_1")

PAPER = Adam(beta1=0.9, beta2=0.999, epsilon=1e-8, epsilon_form="paper")
MXNET = Adam(beta1=0.9, beta2=0.999, epsilon=1e-8, epsilon_form="mxnet")


def every(taps, weight):
    return dict.fromkeys(taps, float(weight))


# preset: content, style, counted, total variation
OBJECTIVES = {
    "d2l": ({"relu4_4": 1}, every(IN_PLACE, 1e4), 1, 10),
    "d2l-mxnet": ({"conv4_4": 1}, every(CONV, 1e4), 1, 10),
    "d2l-fr": ({"relu4_4": 1}, every(IN_PLACE, 1e3), 10, 10),
    "d2l-fr-mxnet": ({"conv4_4": 1}, every(CONV, 1e3), 10, 10),
    "d2l-slides": ({"conv4_2": 1}, every(IN_PLACE, 1e4), 1, 10),
    "d2lzh": ({"relu4_4": 1}, every(IN_PLACE, 1e3), 1, 10),
    "fast": ({"relu4_4": 1}, every(IN_PLACE, 1e4), 1, 10),
    "gala": (every(RELU, 1e-2), every(RELU, 1e4), 1, 0),
}

# preset: Adam, learning rates of steps 0, 50, 200 and 499
RATES = {
    "d2l": (PAPER, (0.3, 0.3 * 0.8, 0.3 * 0.8**4, 0.3 * 0.8**9)),
    "d2l-mxnet": (MXNET, (0.9, 0.9 * 0.8, 0.9 * 0.8**4, 0.9 * 0.8**9)),
    "d2l-fr": (PAPER, (0.3, 0.3 * 0.8, 0.3 * 0.8**4, 0.3 * 0.8**9)),
    "d2l-fr-mxnet": (MXNET, (0.9, 0.9 * 0.8, 0.9 * 0.8**4, 0.9 * 0.8**9)),
    "d2lzh": (PAPER, (0.01, 0.01, 0.001, 0.0001)),
    "gala": (Adam(beta1=0.99, beta2=0.999, epsilon=1e-8), (0.02, 0.02, 0.02, 0.02)),
}


def test_every_preset_is_checked_here():
    # nst's own presets are of no document, so there is nothing to hold them against but their own
    # files; fast is checked all the same.
    own = {name for name in presets.names() if presets.load(name).source.startswith("nst's own")}
    assert {*presets.names()} - own | {"fast"} == {*OBJECTIVES} == {*RATES, "d2l-slides", "fast"}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_objective(name):
    content, style, counted, variation = OBJECTIVES[name]
    objective = presets.load(name).objective()
    assert objective.content == content
    assert objective.style == style
    assert (objective.style_multiplicity, objective.total_variation) == (counted, variation)


@pytest.mark.parametrize("name", RATES)
def test_optimiser(name):
    adam, rates = RATES[name]
    spec = presets.load(name)
    assert spec.adam() == adam
    assert [spec.learning_rate_at(step) for step in (0, 50, 200, 499)] == pytest.approx(rates)


def test_slides_take_lbfgs_from_noise():
    spec = presets.load("d2l-slides")
    assert isinstance(spec.optimiser, LBFGS)
    assert (spec.optimiser.line_search, spec.optimiser.history) == ("none", 100)
    assert spec.start.image == "noise"


def test_fast_goes_another_way_to_the_same_objective():
    changed = presets.differences("fast", "d2l")
    assert {field.partition(".")[0] for field in changed} == {"optimiser", "schedule", "stages"}
    optimiser = presets.load("fast").optimiser
    assert isinstance(optimiser, LBFGS)
    assert (optimiser.line_search, optimiser.smoothing) == ("backtracking", 0.5)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_stages(name):
    stages = [
        (stage.size, stage.size_on_cpu, stage.steps, stage.through_8_bits)
        for stage in presets.load(name).stages
    ]
    assert stages == {
        "d2lzh": [("150x225", None, 500, False), ("300x450", None, 500, True)],
        "fast": [("300x450", None, 130, False)],
        "gala": [("short:512", "short:128", 2000, False)],
    }.get(name, [("300x450", None, 500, False)])


@pytest.mark.parametrize("name", OBJECTIVES)
def test_start(name):
    assert presets.load(name).start.image == ("noise" if name == "d2l-slides" else "content")


@pytest.mark.parametrize("name", presets.names())
def test_survives_toml(name):
    spec = presets.load(name)
    assert Spec.from_table(toml.loads(toml.dumps(spec.to_table()), origin="test")) == spec


@pytest.mark.parametrize("name", presets.names())
def test_says_where_it_comes_from_and_how_it_differs(name):
    spec = presets.load(name)
    assert spec.name == name
    assert spec.source
    assert name == "d2l" or "from d2l" in spec.description.lower()


def test_differences():
    assert presets.differences("d2l", "d2l") == {}
    assert presets.differences("d2l", "d2l-fr") == {
        "style.weight": ("10000", "1000"),
        "style.counted": ("1", "10"),
    }
    assert set(presets.differences("d2l", "d2l-mxnet")) == {
        "content.layers",
        "style.layers",
        "optimiser.learning_rate",
        "optimiser.epsilon_form",
    }
    stages = presets.differences("d2lzh", "d2l")
    assert stages["stages.1.through_8_bits"] == ("True", "-")
    with pytest.raises(SpecError, match="unknown preset"):
        presets.differences("d2l", "monet")
