"""Where a picture is still the photograph, and that the preset ``best`` leaves no such place."""

import numpy as np
import pytest
import torch

import nst_core as nst
from nst_core import demo, images

SIXTEENTH = 1 / 16


@pytest.fixture
def unpainted(modules):
    from judging import unpainted

    return unpainted


def largest_by_search(marked):
    left, best = set(map(tuple, np.argwhere(marked))), 0
    while left:
        stack, count = [left.pop()], 0
        while stack:
            y, x = stack.pop()
            count += 1
            for place in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if place in left:
                    left.remove(place)
                    stack.append(place)
        best = max(best, count)
    return best / marked.size


@pytest.mark.parametrize("density", [0.0, 0.3, 0.5, 0.6, 0.9, 1.0])
def test_the_largest_region(unpainted, density):
    rng = np.random.default_rng(1)
    for shape in ((9, 14), (1, 8), (13, 5)):
        marked = rng.random(shape) < density
        assert unpainted.largest_region(marked) == pytest.approx(largest_by_search(marked))


def test_a_spiral_is_one_region(unpainted):
    spiral = np.array(
        [[1, 1, 1, 1, 1], [0, 0, 0, 0, 1], [1, 1, 1, 0, 1], [1, 0, 0, 0, 1], [1, 1, 1, 1, 1]], bool
    )
    assert unpainted.largest_region(spiral) == spiral.mean()


def test_each_position_is_nearer_to_the_content_or_to_the_style(unpainted):
    content = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]])
    style = torch.tensor([[[1.0]], [[0.1]]])
    painted = torch.tensor([[[1.0, 0.9]], [[0.0, 0.2]]])
    assert unpainted.unpainted(painted, content, style).tolist() == [[True, False]]


def test_best_leaves_no_photograph(modules):
    from judging.verdict import largest_unpainted_region

    content, style = (
        images.resize_picture(images.read(path), height=96, width=144)
        for path in (demo.landscape(), demo.painting())
    )
    assert largest_unpainted_region(content, content=content, style=style) > 0.9
    assert largest_unpainted_region(style, content=content, style=style) == 0
    pyramid = {"from": 96, "to": "144", "steps": 30, "first_steps": 60}
    result = nst.transfer(
        demo.landscape(), demo.painting(), preset="best", device="cpu",
        overrides={"pyramid": pyramid},
    )  # fmt: skip
    found = largest_unpainted_region(result.image, content=content, style=style)
    assert found <= SIXTEENTH
