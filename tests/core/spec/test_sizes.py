"""Size rules: how they are read, written, resolved and scaled."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nst_core.errors import SpecError
from nst_core.spec.sizes import Size

sides = st.integers(1, 65535)
rules = st.one_of(
    sides.map(str),
    sides.map(lambda side: f"short:{side}"),
    st.tuples(sides, sides).map(lambda pair: f"{pair[0]}x{pair[1]}"),
)
shares = st.one_of(st.just("original"), st.integers(1, 1000).map(lambda share: f"{share}%"))


@pytest.mark.parametrize(
    ("rule", "height", "width"),
    [
        ("300x450", 300, 450),
        ("600", 400, 600),
        ("short:300", 300, 450),
        (" 300X450 ", 300, 450),
        ("1", 1, 1),
        ("original", 1365, 2048),
        ("100%", 1365, 2048),
        (" Original ", 1365, 2048),
        ("50%", 682, 1024),
        ("12.5%", 170, 256),
        ("200%", 2730, 4096),
    ],
)
def test_a_rule_on_a_picture_of_1365_by_2048(rule, height, width):
    resolved = Size.parse(rule).resolve(height=1365, width=2048)
    assert resolved == pytest.approx((height, width), abs=1)


def test_portrait_and_landscape_swap():
    assert Size.parse("100").resolve(height=400, width=200) == (100, 50)
    assert Size.parse("short:100").resolve(height=400, width=200) == (200, 100)


def test_the_free_side_is_rounded_as_torchvision_rounds():
    import torch
    from torchvision.transforms.functional import resize

    for height, width in ((37, 41), (41, 37), (333, 1000), (64, 64)):
        theirs = resize(torch.zeros(1, height, width), 25, antialias=True).shape[1:]
        assert Size.parse("short:25").resolve(height=height, width=width) == tuple(theirs)


@given(st.one_of(rules, shares))
def test_a_rule_survives_being_written(rule):
    assert Size.parse(str(Size.parse(rule))) == Size.parse(rule)


@given(rules, st.integers(1, 20000), st.integers(1, 20000))
def test_the_given_side_is_met_and_none_vanishes(rule, height, width):
    size = Size.parse(rule)
    new = size.resolve(height=height, width=width)
    assert min(new) >= 1
    if size.kind == "longest":
        assert max(new) == size.height
    elif size.kind == "shortest":
        assert min(new) == size.height


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "x",
        "3x",
        "short:",
        "-5",
        "1.5",
        "0",
        "65536",
        "short:0",
        "1x2x3",
        "٣",
        "%",
        "0%",
        "1001%",
        "-5%",
        "short:50%",
    ],
)
def test_anything_else_is_refused_in_one_line(rule):
    with pytest.raises(SpecError, match="allowed are HEIGHTxWIDTH") as caught:
        Size.parse(rule)
    assert "\n" not in str(caught.value)


@given(shares, st.integers(1, 6000), st.integers(1, 6000))
def test_a_share_is_the_longest_side_of_that_share(rule, height, width):
    size = Size.parse(rule)
    longest = max(1, round(max(height, width) * size.percent / 100))
    assert str(size.absolute(height=height, width=width)) == str(longest)
    assert size.resolve(height=height, width=width) == Size.parse(str(longest)).resolve(
        height=height, width=width
    )
    if size.percent == 100:
        assert size.resolve(height=height, width=width) == (height, width)


def test_scaled():
    assert str(Size.parse("50%").scaled(0.25)) == "12.5%"
    assert str(Size.parse("300x450").scaled(0.5)) == "150x225"
    assert str(Size.parse("short:3").scaled(0.1)) == "short:1"


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
