"""``strength``: what it does to the objective, where it is refused, and how it is written."""

import pytest

from nst_core.errors import SpecError
from nst_core.spec import Spec, presets
from nst_core.spec.strength import content_share, query_share

OWN = [name for name in presets.names() if presets.table(name)["source"].startswith("nst's own")]


def objective(strength, name="best"):
    return Spec.from_table({**presets.table(name), "strength": strength}).objective()


@pytest.mark.parametrize("name", OWN)
def test_half_leaves_a_preset_as_it_is(name):
    assert objective(0.5, name) == presets.load(name).objective()


@pytest.mark.parametrize(
    ("strength", "content", "style"), [(0.0, 2, 0), (0.75, 0.5, 1.5), (1, 0, 2)]
)
def test_weights_are_multiplied(strength, content, style):
    plain, found = presets.load("best").objective(), objective(float(strength))
    assert found.content == {tap: weight * content for tap, weight in plain.content.items()}
    assert found.style == {tap: weight * style for tap, weight in plain.style.items()}
    assert found.total_variation == plain.total_variation * style


def test_neighbours_have_more_weight_and_less_of_the_content_is_sought():
    plain = presets.load("best").in_stage(0).neighbours
    for strength, share in ((0.0, 1.0), (0.25, 0.9), (0.75, 0.5), (1.0, 0.0)):
        spec = Spec.from_table({**presets.table("best"), "strength": strength}).in_stage(0)
        assert spec.neighbours.weight == plain.weight * 2 * strength
        assert spec.neighbours.content_share == pytest.approx(share)
        assert spec.strength == 0.5
        assert spec.in_stage(0) == spec, "it is not done twice"
    assert (plain.content_share, query_share(0.0, 0.0), query_share(1.0, 1.0)) == (0.75, 0, 1)


def test_below_half_every_stage_keeps_something_of_the_content():
    kept = presets.load("best").content
    for strength, weight in ((0.0, 2.0), (0.25, 0.75), (0.5, None), (0.9, None)):
        spec = Spec.from_table({**presets.table("best"), "strength": strength}).in_stage(0)
        expected = {} if weight is None else {"relu4_4": kept.weight * weight}
        assert spec.objective().content == pytest.approx(expected)
    assert [content_share(one) for one in (0.0, 0.25, 0.5, 1.0)] == [1, 0.5, 0, 0]


def test_a_document_has_the_weights_of_the_document():
    for name in set(presets.names()) - set(OWN):
        with pytest.raises(SpecError, match=f"strength = 0.7: {name} follows a document"):
            objective(0.7, name)
        assert objective(0.5, name) == presets.load(name).objective()
    custom = {key: value for key, value in presets.table("d2l").items() if key != "source"}
    assert Spec.from_table({**custom, "name": "custom", "strength": 0.0}).strength == 0


def test_it_is_written_where_it_is_chosen():
    table = presets.table("best")
    assert "strength" not in Spec.from_table(table).to_table()
    spec = Spec.from_table({**table, "strength": 0.3})
    assert Spec.from_table(spec.to_table()) == spec


@pytest.mark.parametrize("wrong", [-0.1, 1.1, "much", float("nan")])
def test_values_that_are_refused(wrong):
    with pytest.raises(SpecError, match="strength = "):
        objective(wrong)


def test_the_query_has_less_of_the_content_the_stronger_the_style():
    shares = [query_share(0.75, strength) for strength in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert shares == pytest.approx([1.0, 0.9, 0.75, 0.5, 0.0])
    assert [query_share(share, 0.5) for share in (0.0, 0.3, 1.0)] == pytest.approx([0.0, 0.3, 1.0])
    assert (query_share(0.0, 0.0), query_share(1.0, 1.0)) == (0.0, 1.0)
