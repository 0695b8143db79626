"""Strips of rows: together they are all rows, each with the rows that its convolutions reach."""

import pytest


@pytest.mark.parametrize("rows", [2, 16])
@pytest.mark.parametrize("height", [2, 3, 11, 33, 64, 101])
@pytest.mark.parametrize("halo", [1, 2, 4])
def test_every_row_is_in_one_strip_and_has_its_neighbours(backend, height, rows, halo):
    from nst_mxnet.row_strips import row_strips

    found = list(row_strips(height, rows=rows, halo=halo))
    computed = [row for one in found for row in range(one.rows.start, one.rows.stop)]
    assert computed == list(range(height))
    for one in found:
        assert one.rows.start < one.rows.stop
        assert one.rows.start % 2 == one.with_halo.start % 2 == 0
        assert one.with_halo.start <= max(0, one.rows.start - halo)
        assert one.with_halo.stop >= min(height, one.rows.stop + halo)
        assert one.with_halo.start >= 0
        assert one.with_halo.stop <= height


def test_sizes_have_a_least_height(backend):
    from nst_mxnet.row_strips import StripSizes

    sizes = StripSizes(map_bytes=1000, min_rows=4)
    assert [sizes.rows(row_bytes) for row_bytes in (1, 99, 100, 300, 5000)] == [1000, 10, 10, 4, 4]
