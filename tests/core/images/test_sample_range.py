"""What value means white, and what the user is told."""

import numpy as np
import pytest

from nst_core.images.sample_range import scaled
from nst_core.images.unsupported import UnsupportedKindError


@pytest.mark.parametrize(
    ("dtype", "bits", "values", "expected", "note"),
    [
        ("u1", 8, [0, 51, 255], [0, 0.2, 1], None),
        ("u1", 4, [0, 3, 15], [0, 0.2, 1], None),
        ("u2", 12, [0, 819, 4095], [0, 0.2, 1], None),
        ("u2", 16, [0, 13107, 65535], [0, 0.2, 1], None),
        ("u4", 24, [0, 2**24 - 1], [0, 1], None),
        ("u4", 32, [0, 2**32 - 1], [0, 1], None),
        ("u4", 32, [0, 65536], [0, 65536 / 2**32], None),
        ("u4", 32, [0, 13107, 65535], [0, 0.2, 1], "its 32-bit values reach only 65535: taken as"),
        ("u8", 64, [0, 2**64 - 1], [0, 1], None),
        ("u8", 64, [0, 65535], [0, 1], "its 64-bit values reach only 65535"),
        ("i1", 8, [0, 127], [0, 1], None),
        ("i1", 8, [-128, 127], [0, 1], "its values go down to -128: everything below 0 is black"),
        ("i2", 16, [0, 32767], [0, 1], None),
        ("i2", 16, [-1, 32767], [0, 1], "go down to -1"),
        ("i4", 32, [0, 2**31 - 1], [0, 1], None),
        ("i4", 32, [0, 65535], [0, 1], "taken as 0...65535"),
        ("f2", 16, [0, 0.5, 1], [0, 0.5, 1], None),
        ("f4", 32, [-0.001, 0.5, 1.001], [0, 0.5, 1], None),
        ("f4", 32, [0, 0.5, 1.5], [0, 0.5, 1], "go from 0 to 1.5: taken as 0...1, and clipped"),
        ("f4", 32, [-0.5, 0.5], [0, 0.5], "go from -0.5 to 0.5: taken as 0...1"),
        ("f4", 32, [0, 127.5, 255], [0, 0.5, 1], "taken as 0...255"),
        ("f8", 64, [0, 32767.5, 65535], [0, 0.5, 1], "taken as 0...65535"),
        ("f8", 64, [0, 1e6], [0, 1], "go from 0 to 1e+06: taken as 0...65535"),
    ],
)
def test_ranges(dtype, bits, values, expected, note):
    found, lines = scaled(np.array(values, dtype), bits=bits)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-7)
    if note is None:
        assert lines == []
    else:
        (line,) = lines
        assert note in line


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_what_is_no_number(value):
    with pytest.raises(UnsupportedKindError, match="NaN or infinite values; replace"):
        scaled(np.array([0, value]), bits=64)
