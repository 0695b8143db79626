"""How an image is split into windows and cores."""

from itertools import pairwise

import pytest

from nst_pytorch.cpu.windows import WindowGrid, split_into_spans


@pytest.mark.parametrize(
    ("largest", "step", "receptive_radius"),
    [(40, 1, 1), (48, 4, 12), (200, 4, 12), (200, 16, 80), (768, 1, 1), (768, 16, 80)],
)
def test_cores_are_a_partition_of_the_image(largest, step, receptive_radius):
    for length in (*range(1, 130), 500, 769, 900, 1350, 1800, 4001):
        spans = split_into_spans(
            length, largest=largest, step=step, receptive_radius=receptive_radius
        )
        assert len({span.end - span.begin for span in spans}) == 1
        assert spans[0].end <= largest
        assert (spans[0].begin, spans[-1].end) == (0, length)
        assert (spans[0].core_begin, spans[-1].core_end) == (0, length)
        for one, other in pairwise(spans):
            assert one.core_end == other.core_begin
            assert one.core_end % step == other.begin % step == 0
            # A last pixel outside of whole steps belongs to no pooled value.
            assert one.core_end + receptive_radius <= one.end
            assert other.begin + receptive_radius <= other.core_begin
        assert all(span.core_begin < span.core_end for span in spans)


def test_windows_are_no_larger_than_they_need_be():
    grid = WindowGrid((900, 1350), ("relu1_1", "conv5_1"))
    # Two halves and twice 80 pixels, at multiples of 16, the last of which ends with the picture.
    assert grid.window_size == (532, 758)
    assert [(one.begin, one.core_begin, one.core_end) for one in grid.spans[1]] == [
        (0, 0, 672),
        (592, 672, 1350),
    ]
    assert len(grid.windows) == 4
