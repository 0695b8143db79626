"""torchvision's weights, without a network: a stand-in for the file, of zeros."""

import hashlib

import numpy as np
import pytest
from fuzz.seeds import weights

from nst_core.errors import WeightsError
from nst_core.weights import OFFLINE, Weights

pretrained = pytest.importorskip("nst_pytorch.pretrained")

(STAND_IN,) = (seed.data for seed in weights() if seed.name == "legacy torchvision Float")


@pytest.fixture
def cached(monkeypatch, tmp_path):
    """The place of the file in an empty cache; what is published is the stand-in."""
    published = tmp_path / "published" / "vgg19-0.pth"
    published.parent.mkdir()
    published.write_bytes(STAND_IN)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(pretrained, "URL", published.as_uri())
    monkeypatch.setattr(pretrained, "SHA256", hashlib.sha256(STAND_IN).hexdigest())
    return tmp_path / "torch" / "hub" / "checkpoints" / published.name


def test_the_file_is_downloaded_once(cached, monkeypatch):
    loaded = pretrained.load_pretrained()
    assert loaded.keys() == Weights(loaded, source="torchvision").keys()
    assert not loaded["conv5_4.weight"].any()
    assert cached.read_bytes() == STAND_IN
    monkeypatch.setattr(pretrained, "URL", f"file:///nowhere/{cached.name}")
    again = pretrained.load_pretrained()
    assert again.keys() == loaded.keys()
    assert all(np.array_equal(again[name], loaded[name]) for name in loaded)


def test_a_download_of_something_else_is_refused_and_not_kept(cached, monkeypatch):
    monkeypatch.setattr(pretrained, "SHA256", hashlib.sha256(b"the real one").hexdigest())
    with pytest.raises(WeightsError, match="invalid hash value") as caught:
        pretrained.load_pretrained()
    assert str(caught.value).endswith(OFFLINE)
    assert "\n" not in str(caught.value)
    assert list(cached.parent.iterdir()) == []


def test_a_cached_file_that_was_changed_is_refused(cached):
    pretrained.load_pretrained()
    cached.write_bytes(STAND_IN[:-1] + b"\1")
    with pytest.raises(WeightsError, match=r"is not the file that was published"):
        pretrained.load_pretrained()


def test_no_network_is_one_line(cached, monkeypatch):
    monkeypatch.setattr(pretrained, "URL", "http://127.0.0.1:9/vgg19-1.pth")
    with pytest.raises(WeightsError, match=r"^download of http://127.0.0.1:9/vgg19-1.pth failed"):
        pretrained.load_pretrained()


def test_the_checksum_is_the_one_in_the_name():
    assert pretrained.SHA256.startswith(pretrained.URL.rpartition("-")[2].removesuffix(".pth"))
    assert len(pretrained.SHA256) == 64
