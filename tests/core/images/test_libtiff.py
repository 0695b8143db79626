"""libtiff's own messages are kept from standard error, and only within the block."""

import ctypes

import numpy as np
import PIL._imaging
import PIL.Image
import pytest

from nst_core.images.libtiff import silent


@pytest.fixture
def damaged(tmp_path):
    """The path of a TIFF whose compressed pixels are damaged, over which libtiff prints a line."""
    path = tmp_path / "a.tif"
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    PIL.Image.fromarray(pixels).save(path, compression="tiff_adobe_deflate")
    content = bytearray(path.read_bytes())
    content[100:2000] = bytes(1900)
    path.write_bytes(content)
    return path


def decode(path):
    with PIL.Image.open(path) as picture, pytest.raises(OSError, match="decod"):
        picture.load()


def test_messages_are_silenced_within_the_block_only(damaged, capfd):
    if not hasattr(ctypes.CDLL(PIL._imaging.__file__), "TIFFSetErrorHandler"):
        pytest.skip("this Pillow hides its libtiff")
    decode(damaged)
    before = capfd.readouterr().err
    assert before, "libtiff prints a line of its own"
    with silent():
        decode(damaged)
    assert capfd.readouterr().err == ""
    decode(damaged)
    assert capfd.readouterr().err == before


def test_handlers_come_back_after_an_error(damaged, capfd):
    with pytest.raises(KeyboardInterrupt), silent():
        raise KeyboardInterrupt
    decode(damaged)
    assert capfd.readouterr().err


@pytest.mark.parametrize("failure", [AttributeError, OSError])
def test_a_libtiff_that_is_out_of_reach_is_left_alone(damaged, capfd, monkeypatch, failure):
    def fail(_):
        raise failure

    monkeypatch.setattr(ctypes, "CDLL", fail)
    with silent():
        decode(damaged)
    assert capfd.readouterr().err
