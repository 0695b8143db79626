"""The camera: points and the pixels that show them."""

import numpy as np
import pytest

from nst_core.demo._view import FARTHEST, View


@pytest.fixture
def view():
    return View(90, 60)


def test_a_ray_through_a_projected_point_leads_back_to_it(view):
    sideways, upward = view.rays()
    for x, y, height in ((0.0, 50.0, 0.0), (-20.0, 80.0, 30.0), (300.0, 900.0, 100.0)):
        column, row = view.project(x, y, height)
        pixels = np.arange(view.width) + 0.5, np.arange(view.height) + 0.5
        assert np.interp(column, pixels[0], sideways) * y == pytest.approx(x, abs=1e-3)
        up = np.interp(row, pixels[1], upward)
        assert up * y + view.eye == pytest.approx(height, abs=1e-2)


def test_flat_ground_ends_at_the_horizon(view):
    distance = view.distances(lambda x, y: 0.0 * x, 5.0)
    _, upward = view.rays()
    below = upward < -0.01
    expected = np.broadcast_to(view.eye / -upward[below, None], (below.sum(), view.width))
    np.testing.assert_allclose(distance[below], np.maximum(expected, 5.0), rtol=1e-3)
    assert np.isinf(distance[upward > 0]).all()
    assert distance[np.isfinite(distance)].max() <= FARTHEST


def test_a_wall_hides_the_ground_behind_it(view):
    distance = view.distances(lambda x, y: np.where(y > 100.0, 50.0, 0.0), 5.0)
    _, upward = view.rays()
    at_the_wall = (upward > -view.eye / 100 + 0.01) & (upward < (50 - view.eye) / 100 - 0.01)
    np.testing.assert_allclose(distance[at_the_wall], 100.0, rtol=0.01)
    assert np.isinf(distance[upward > (50 - view.eye) / 100 + 0.01]).all()
