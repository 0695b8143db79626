"""The ``[variables]`` table, and the levels that the start leaves out."""

import pytest

from nst_core.errors import SpecError
from nst_core.spec import Spec, Variables, presets

D2L = presets.table("d2l")


def spec(**over):
    return Spec.from_table({**D2L, **over})


def test_pixels_are_the_default_and_are_not_written():
    assert spec().variables == Variables(kind="pixels")
    assert "variables" not in spec().to_table()
    assert "zeroed_levels" not in spec().to_table()["start"]


def test_a_pyramid_is_written_and_read_back():
    table = spec(variables={"kind": "laplacian"}).to_table()
    assert table["variables"] == {"kind": "laplacian"}
    table = spec(variables={"kind": "laplacian", "levels": 5}).to_table()
    assert Spec.from_table(table).variables.levels == 5
    table = spec(start={"zeroed_levels": "auto"}).to_table()
    assert Spec.from_table(table).start.zeroed_levels == "auto"


def test_a_stage_has_a_level_less_for_each_halving():
    variables = Variables(kind="laplacian")
    assert [variables.levels_at(k) for k in (0, 1, 3, 8, 9)] == [8, 7, 5, 0, 0]
    assert Variables().levels_at(0) == 0


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"variables": {"kind": "fourier"}}, r"variables.kind = 'fourier': .*'laplacian'"),
        ({"variables": {"levels": 0}}, r"variables.levels = 0: should be greater"),
        (
            {"start": {"zeroed_levels": -1}},
            r"start.zeroed_levels = -1: should be auto, or a whole number from 0 to 16",
        ),
        ({"start": {"zeroed_levels": "three"}}, r"start.zeroed_levels = 'three': should be auto"),
        (
            {
                "variables": {"kind": "laplacian"},
                "optimiser": {"name": "lbfgs", "smoothing": 0.5},
            },
            "each is a change of variables, give one of them",
        ),
    ],
)
def test_what_is_wrong_is_one_line(over, message):
    with pytest.raises(SpecError, match=message) as caught:
        spec(**over)
    assert "\n" not in str(caught.value)
