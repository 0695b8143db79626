"""Our own writing of safetensors, read by the library."""

import struct

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from nst_core.system import safetensors_writer


def test_the_library_reads_the_same(tmp_path):
    path = tmp_path / "a.safetensors"
    rng = np.random.default_rng(0)
    arrays = {
        "small": rng.normal(size=(3, 1, 5)).astype(np.float32),
        "large": rng.normal(size=(4, 6))[:, ::2],
        "turned": rng.normal(size=(4, 6)).T,
        "big endian": np.arange(3, dtype=">f8"),
        "alone": np.array(2.5),
        "none": np.empty(0),
        "\u00e9\n": np.array([np.nan, np.inf, -0.0]),
    }
    path.write_text("what was there before and is longer" * 100)
    inode = path.stat().st_ino
    safetensors_writer.write(path, arrays, metadata={"text": 'a "quoted"\nline \u4e2d'})
    assert path.stat().st_ino == inode, "written in place"
    found = load_file(path)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert (found[name].shape, found[name].dtype.name) == (array.shape, array.dtype.name)
        np.testing.assert_array_equal(found[name], array)
    with safe_open(path, framework="numpy") as file:
        assert file.metadata() == {"text": 'a "quoted"\nline \u4e2d'}
    (length,) = struct.unpack("<Q", path.read_bytes()[:8])
    assert length % 8 == 0


def test_another_dtype_is_a_bug(tmp_path):
    with pytest.raises(KeyError):
        safetensors_writer.write(tmp_path / "a", {"a": np.arange(3)}, metadata={})
