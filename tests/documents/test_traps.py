"""The facts on which the transcriptions rest: side effects of the frameworks in the documents."""

from dataclasses import replace

import numpy as np
import pytest
from documents.runs import FITTING, HEIGHT, LARGER, WIDTH


def test_torch_overwrites_all_taps_but_the_last_of_a_cut_network(require_framework):
    require_framework("pytorch")
    import torch
    from documents import d2l_torch, gala_torch, vgg19_torch

    settings = replace(d2l_torch.ENGLISH, image_shape=(32, 48))
    x = d2l_torch.preprocess(LARGER.content_img, settings)
    with torch.no_grad():
        cut = d2l_torch.extract_features(d2l_torch.network(LARGER, settings), x, settings)
        whole = vgg19_torch.pretrained_features(LARGER, torch.float32)
        full = gala_torch.get_feature_maps(x, whole)
    assert [bool((y < 0).any()) for y in cut[0] + cut[1]] == [False] * 5 + [True]
    assert [bool((y < 0).any()) for y in full] == [False] * 5


def test_gluon_overwrites_nothing(require_framework):
    require_framework("mxnet")
    from documents import d2l_mxnet

    settings = replace(d2l_mxnet.ENGLISH, image_shape=(WIDTH, HEIGHT))
    contents, styles = d2l_mxnet.features(FITTING, settings)
    assert all((y < 0).any() for y in contents + styles)


def test_gradients_of_the_weights_change_nothing(require_framework, monkeypatch):
    require_framework("pytorch")
    import torch
    from documents import d2lzh_torch

    settings = d2lzh_torch.Settings(((16, 16), (16, 16)), max_epochs=2, dtype=torch.float64)
    frozen = d2lzh_torch.run(LARGER, settings)
    original = d2lzh_torch.pretrained_features
    monkeypatch.setattr(
        d2lzh_torch, "pretrained_features", lambda *args: original(*args).requires_grad_(True)
    )
    np.testing.assert_allclose(d2lzh_torch.run(LARGER, settings), frozen, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_stock_adam_of_mxnet_keeps_its_constants_as_float32(dtype, require_framework):
    """This is so in float64 too, so DoubleAdam replaces it there."""
    require_framework("mxnet")
    from documents.adam_mxnet import DoubleAdam, updated

    gradients = np.random.default_rng(7).standard_normal((20, 50)) * 1e-6
    stock = updated("adam", gradients, learning_rate=0.9, dtype=dtype)
    double = updated(DoubleAdam.__name__, gradients, learning_rate=0.9, dtype=dtype)
    # Measured 5.7e-6 and 5.6e-6: half of 1.3e-5, because of the square root.
    assert 3e-6 < np.abs(stock - double).max() / np.abs(double).max() < 1e-5
