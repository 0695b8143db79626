"""Where features are compared: grids, regions of grids, and the shares of several styles."""

import numpy as np
import pytest

from nst_core.backend import Adam, Matching, Objective, Problem, Query, StyleSource
from nst_core.backend.positions import (
    Interpolation,
    assign_styles,
    count_positions,
    image_positions,
    matching_sources,
    style_positions,
)

TAPS = {"relu1_1": 1.0, "relu2_1": 2.0}


def problem(matching, *, size=(37, 41), guides=None, styles=None):
    image = np.zeros((*size, 3))
    return Problem(
        content=image,
        styles=styles or (StyleSource(image=image, guides=guides),),
        start=image,
        weights={},
        objective=Objective(
            content={},
            style={},
            neighbours=TAPS,
            total_variation=0.0,
            matching=matching,
        ),
        adam=Adam(beta1=0.9, beta2=0.999, epsilon=1e-8),
        guides=guides,
    )


def positions(work, *, group=0, seed=(0, 0, 0)):
    query = Query(image=work.start, seed=seed)
    return image_positions(work, work.objective.tap_groups()[group], query)


def test_corners_are_aligned():
    found = Interpolation.of(np.arange(5), size=5, length=9)
    np.testing.assert_array_equal(found.low, [0, 2, 4, 6, 8])
    np.testing.assert_array_equal(found.fraction, 0)
    found = Interpolation.of(np.arange(4), size=4, length=2)
    values = np.array([1.0, 4.0])
    np.testing.assert_allclose(
        (1 - found.fraction) * values[found.low] + found.fraction * values[found.high],
        [1, 2, 3, 4],
    )
    single = Interpolation.of(np.arange(1), size=1, length=7)
    assert (single.low[0], single.fraction[0]) == (0, 0)


def test_the_grid_of_hypercolumns_has_a_position_for_each_block():
    found = positions(problem(Matching()))
    assert found.grid.shape == (9, 10)
    np.testing.assert_allclose(found.weights[0], 1 / 90)
    assert positions(problem(Matching(divisor=64))).grid.shape == (1, 1)


def test_samples_lie_a_stride_apart_from_a_drawn_offset_on():
    work = problem(Matching(form="taps", samples=10))
    grids = [positions(work, seed=(0, 0, renewal)).grid for renewal in range(20)]
    for grid in grids:
        assert grid.size == (37, 41)
        assert set(np.diff(grid.rows)) == set(np.diff(grid.columns)) == {5}
        assert grid.shape == (7, 8)  # whatever the offset
        assert grid.rows[-1] < 37
        assert grid.columns[-1] < 41
    assert {int(grid.rows[0]) for grid in grids} == set(range(5))
    again = positions(work, seed=(0, 0, 3)).grid
    np.testing.assert_array_equal(again.rows, grids[3].rows)
    group = work.objective.tap_groups()[0]
    assert count_positions(group, work.objective.matching, height=37, width=41, samples=10) == 56


def test_regions_count_by_area_and_none_is_missed_by_the_samples():
    guides = np.zeros((3, 37, 41))
    guides[0, :, :20], guides[1, :, 20:] = 1, 1
    guides[1, 5, 30], guides[2, 5, 30] = 0, 1
    found = positions(problem(Matching(form="taps", samples=3), guides=guides))
    areas = [found.weights[region].sum() for region in range(3)]
    np.testing.assert_allclose(areas, [37 * 20 / 1517, (37 * 21 - 1) / 1517, 1 / 1517])
    assert np.flatnonzero(found.weights[2]).size == 1
    blocks = positions(problem(Matching(), guides=guides))
    np.testing.assert_allclose(sum(weights.sum() for weights in blocks.weights.values()), 1)


def test_a_style_offers_what_is_mostly_in_a_region():
    guides = np.zeros((2, 32, 32))
    guides[0, :, :18] = 1
    guides[1, :, 17:] = 0.5
    work = problem(Matching(), size=(32, 32), guides=guides)
    group = work.objective.tap_groups()[0]
    query = Query(image=work.start)
    found = style_positions(work.styles[0], 1, group, work.objective.matching, query)
    inside = [found.members[region].reshape(found.grid.shape)[0] for region in (0, 1)]
    np.testing.assert_array_equal(inside[0], [True] * 5 + [False] * 3)
    np.testing.assert_array_equal(inside[1], [False] * 4 + [True] * 4)


def test_rotations_turn_pictures_and_guides():
    image = np.arange(24.0).reshape(2, 4, 3)
    guides = np.arange(8.0).reshape(1, 2, 4)
    other = np.zeros((5, 5, 3))
    styles = (
        StyleSource(image=image, guides=guides, weight=3.0),
        StyleSource(image=other, weight=0.0),
        StyleSource(image=other, weight=1.0),
    )
    found = list(matching_sources(problem(Matching(rotations=True), styles=styles)))
    assert [share for share, _ in found] == [0.75, 0.25]
    numbers = [[number for number, _ in pictures] for _, pictures in found]
    assert numbers == [[1, 2, 3, 4], [5, 6, 7, 8]]
    turned = found[0][1][1][1]
    np.testing.assert_array_equal(turned.image, np.rot90(image))
    np.testing.assert_array_equal(turned.guides[0], np.rot90(guides[0]))
    assert turned.image.flags.c_contiguous


def test_a_share_is_a_share_of_the_positions_where_the_style_suits_best():
    first = np.array([0.9, 0.1, 0.5, 0.8])
    second = np.array([0.1, 0.9, 0.4, 0.1])
    np.testing.assert_array_equal(assign_styles([first, second], [0.5, 0.5]), [0, 1, 1, 0])
    np.testing.assert_array_equal(assign_styles([first, second], [0.75, 0.25]), [0, 1, 0, 0])
    tie = np.ones(4)
    np.testing.assert_array_equal(assign_styles([tie, tie], [0.5, 0.5]), [0, 0, 1, 1])
    thirds = assign_styles([np.ones(6)] * 3, [1, 1, 1])
    np.testing.assert_array_equal(thirds, [0, 0, 1, 1, 2, 2])


@pytest.mark.parametrize("count", [1, 7])
def test_one_style_takes_all(count):
    np.testing.assert_array_equal(assign_styles([np.zeros(count)], [1.0]), np.zeros(count))
