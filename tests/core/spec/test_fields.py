"""The types of a spec's fields, and how a wrong value is reported."""

from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from nst_core.spec import Spec, presets
from nst_core.spec.fields import (
    Beta,
    Positive,
    SizeRule,
    SpecTable,
    TapWeights,
    Weight,
    describe,
    without_defaults,
)
from nst_core.vgg19 import LAYERS, TAPS


class Table(SpecTable):
    weight: Weight = 1.0
    rate: Positive = 1.0
    beta: Beta = 0.5
    layers: TapWeights = ()
    size: SizeRule | None = None
    kind: Literal["a", "b"] = "a"
    numbers: Annotated[tuple[int, ...], Field(min_length=1)] = (1,)


def error(**fields):
    with pytest.raises(ValidationError) as caught:
        Table.model_validate(fields)
    return describe(caught.value)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"weight": -1}, "weight = -1: should be greater than or equal to 0"),
        ({"weight": 1e21}, "weight = 1e+21: should be less than or equal to"),
        ({"rate": 0}, "rate = 0: should be greater than 0"),
        ({"beta": 1}, "beta = 1: should be less than 1"),
        ({"size": "8y"}, "size = '8y': allowed are HEIGHTxWIDTH"),
        ({"kind": "c"}, "kind = 'c': should be 'a' or 'b'"),
        ({"numbers": []}, "numbers = []: should have at least 1 entry"),
        ({"numbers": 3}, "numbers = 3: should be a list"),
        ({"other": 1}, "other: no such field"),
        ({"layers": {"relu1_1": True}}, "weight of relu1_1 should be a number"),
        ({"layers": ["relu1_1", "relu1_1"]}, "should name every tap once"),
    ],
)
def test_a_wrong_value_is_one_line_with_field_value_and_rule(fields, line):
    assert line in error(**fields)
    assert error(**fields).startswith(next(iter(fields)))
    assert "\n" not in error(**fields)


def test_a_long_value_is_cut_and_stays_on_one_line():
    line = error(kind="x\n" * 300)
    assert "\n" not in line
    assert line.startswith("kind = 'x\\nx")
    assert len(line) < 130


def test_a_table_is_frozen_and_hashable():
    table = Table()
    with pytest.raises(ValidationError, match="frozen"):
        table.weight = 2.0
    hash(table)


def test_fields_at_their_defaults_are_left_out():
    table = Table(size="64", kind="a")
    dumped = table.model_dump()
    assert without_defaults(table, dumped, {"size", "kind", "beta"}) == {
        "weight": 1.0, "rate": 1.0, "layers": [], "size": "64", "numbers": (1,),
    }  # fmt: skip
    assert without_defaults(table, dumped, set()) == dumped


@pytest.mark.parametrize(
    ("given", "canonical"), [(64, "64"), (" 64X32 ", "64x32"), ("SHORT:8", "short:8")]
)
def test_a_size_rule_is_written_in_one_form(given, canonical):
    assert Table.model_validate({"size": given}).size == canonical


def test_layers_of_weight_one_are_written_as_a_list():
    assert Table(layers={"relu1_1": 1, "relu2_1": 1}).model_dump()["layers"] == [
        "relu1_1",
        "relu2_1",
    ]
    assert Table(layers={"relu1_1": 1, "relu2_1": 2}).model_dump()["layers"] == {
        "relu1_1": 1.0,
        "relu2_1": 2.0,
    }


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
    mixed = [data.draw(st.sampled_from([tap, index[tap], str(index[tap])])) for tap in taps]
    assert read(mixed) == as_list
    assert read([index[tap] for tap in taps]) == as_list
