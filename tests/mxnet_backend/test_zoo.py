"""GluonCV's weights, without a network."""

from types import SimpleNamespace

import pytest

from nst_core.errors import WeightsError
from nst_core.weights import OFFLINE, load


def test_pretrained_arrays_become_canonical(backend, monkeypatch):
    from nst_mxnet import zoo
    from nst_mxnet._framework import mx
    from nst_mxnet.network import Network

    weights = load("random:4")
    with mx.util.np_shape(True), mx.util.np_array(True):
        network = Network(weights, taps=["relu5_4"], device=mx.cpu(), dtype="float32")
    monkeypatch.setattr(zoo, "_zoo", SimpleNamespace(vgg19=lambda *, pretrained: network))
    loaded = backend.pretrained()
    assert loaded == weights
    assert loaded.source == "gluoncv"


def test_failing_download_is_one_line(backend, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("MXNET_HOME", str(tmp_path))
    # Nothing listens on the discard port of this machine: refused at once.
    monkeypatch.setenv("MXNET_GLUON_REPO", "http://127.0.0.1:9/")
    with pytest.raises(WeightsError, match="GluonCV's vgg19 can't be had") as caught:
        backend.pretrained()
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(OFFLINE)
    assert capsys.readouterr().out == "", "standard output is the program's own"
