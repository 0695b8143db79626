"""Whose colours a picture gets, against formulas written out another way."""

import colorsys

import colour_samples
import numpy as np
import pytest

from nst_core.images import colour_transfer

YIQ = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])


@pytest.fixture
def content():
    return colour_samples.content()


@pytest.fixture
def style():
    return colour_samples.style()


def test_matched_colours_have_the_contents_mean_and_covariance(content, style):
    found = colour_transfer.matched(style, content).reshape(-1, 3).astype(float)
    wanted = content.reshape(-1, 3).astype(float)
    np.testing.assert_allclose(found.mean(0), wanted.mean(0), atol=1e-6)
    np.testing.assert_allclose(np.cov(found.T), np.cov(wanted.T), rtol=2e-3, atol=1e-6)


def test_the_map_between_colours_is_the_papers_and_not_choleskys(content, style):
    """x -> K_C^1/2 K_S^-1/2 (x - m_S) + m_C, its roots by Denman and Beavers' iteration."""

    def root(matrix):
        y, z = matrix, np.eye(3)
        for _ in range(60):
            y, z = (y + np.linalg.inv(z)) / 2, (z + np.linalg.inv(y)) / 2
        return y

    x, y = (image.reshape(-1, 3).astype(float) for image in (style, content))
    k_s, k_c = np.cov(x.T, bias=True), np.cov(y.T, bias=True)
    expected = (x - x.mean(0)) @ (root(k_c) @ np.linalg.inv(root(k_s))).T + y.mean(0)
    np.testing.assert_allclose(
        colour_transfer.matched(style, content).reshape(-1, 3), expected, atol=2e-6
    )


def test_a_style_that_has_them_already_keeps_its_colours(style):
    np.testing.assert_allclose(colour_transfer.matched(style, style[::-1]), style, atol=1e-5)


@pytest.mark.parametrize("plain", [0.0, 0.3])
def test_a_grey_style_gets_only_what_it_has(content, style, plain):
    grey = np.repeat(style[:, :, :1], 3, axis=2) * (1 if plain == 0 else 0) + np.float32(plain)
    found = colour_transfer.matched(grey, content).reshape(-1, 3).astype(float)
    np.testing.assert_allclose(found.mean(0), content.mean((0, 1), dtype=float), atol=1e-6)
    variances = np.linalg.eigvalsh(np.cov(found.T))
    np.testing.assert_allclose(variances[:2], 0, atol=1e-7)
    assert (variances[2] > 1e-3) == (plain == 0)


def test_matched_luminance(content, style):
    reference, found = colour_transfer.luminance(content), colour_transfer.luminance(style)
    moved = colour_transfer.matched_luminance(found, reference)
    assert moved.mean() == pytest.approx(reference.mean(), abs=1e-6)
    assert moved.std() == pytest.approx(reference.std(), rel=1e-5)
    assert np.corrcoef(moved.ravel(), found.ravel())[0, 1] == pytest.approx(1)
    flat = colour_transfer.matched_luminance(np.full((3, 4), 0.7, np.float32), reference)
    np.testing.assert_allclose(flat, reference.mean(), rtol=1e-6)


def test_recoloured_where_there_is_room_is_the_exchange_of_y(content):
    result = np.clip(content[::-1] * 0.2 + 0.4, 0, 1)
    muted = content * 0.3 + 0.35
    found = colour_transfer.recoloured(result, muted)
    y, iq = (image @ YIQ.T for image in (result, muted))
    expected = np.dstack([y[:, :, 0], iq[:, :, 1:]]) @ np.linalg.inv(YIQ).T
    np.testing.assert_allclose(found, expected, atol=2e-4)  # YIQ's printed constants have 4 digits


def test_recoloured_out_of_the_gamut_keeps_luminance_and_hue(content):
    rng = np.random.default_rng(3)
    result = rng.uniform(-0.3, 1.3, content.shape).astype(np.float32)
    found = colour_transfer.recoloured(result, content)
    assert found.min() >= -1e-6
    assert found.max() <= 1 + 1e-6
    wanted = np.clip(colour_transfer.luminance(result), 0, 1)
    np.testing.assert_allclose(colour_transfer.luminance(found), wanted, atol=1e-6)
    for row, column in ((0, 0), (9, 17), (31, 47), (20, 3)):
        before, after = content[row, column], found[row, column]
        if after.max() - after.min() > 0.02:
            hue, other = colorsys.rgb_to_hsv(*before)[0], colorsys.rgb_to_hsv(*after)[0]
            assert min(abs(hue - other), 1 - abs(hue - other)) < 1e-3
