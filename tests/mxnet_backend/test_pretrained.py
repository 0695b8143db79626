"""GluonCV's weights, without a network connection."""

from types import SimpleNamespace

import numpy as np
import pytest

from nst_core.errors import WeightsError
from nst_core.vgg19 import CONVOLUTIONS
from nst_core.weights import OFFLINE, Weights, load


def test_pretrained_arrays_become_canonical(backend, monkeypatch):
    from nst_mxnet import pretrained
    from nst_mxnet._framework import mx

    weights = load("random:4")
    with mx.util.np_shape(True), mx.util.np_array(True):
        network = mx.gluon.model_zoo.vision.vgg19()
        for layer in CONVOLUTIONS:
            for part in ("weight", "bias"):
                array = weights[f"{layer.name}.{part}"]
                parameter = getattr(network.features[layer.index], part)
                parameter.shape = array.shape
                parameter.initialize()
                parameter.set_data(mx.np.array(np.array(array)))
    monkeypatch.setattr(pretrained, "_zoo", SimpleNamespace(vgg19=lambda *, pretrained: network))
    assert Weights(backend.pretrained(), source="gluoncv") == weights
    assert load("gluoncv").source == "gluoncv"


def test_failing_download_is_one_line(backend, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("MXNET_HOME", str(tmp_path))
    # Nothing listens on the discard port of this machine: refused at once.
    monkeypatch.setenv("MXNET_GLUON_REPO", "http://127.0.0.1:9/")
    with pytest.raises(WeightsError, match="GluonCV's vgg19 can't be had") as caught:
        backend.pretrained()
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(OFFLINE)
    assert capsys.readouterr().out == "", "standard output is the program's own"
