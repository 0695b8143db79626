"""LZW: what Pillow and tifffile write is decoded, and what is encoded is decoded by Pillow."""

import numpy as np
import pytest

from nst_core.images.truncated import lzw


@pytest.mark.parametrize(
    ("order", "bits"), [("little", 2), ("little", 3), ("little", 5), ("little", 8), ("big", 8)]
)
@pytest.mark.parametrize("length", [0, 1, 2, 253, 254, 5000])
def test_round_trip(order, bits, length):
    values = np.random.default_rng(0).integers(0, 1 << bits, length, dtype=np.uint8).tobytes()
    codes = lzw.encoded(values, literal_bits=bits, order=order)
    assert lzw.decoded(codes, literal_bits=bits, order=order, limit=10**6) == values
    assert lzw.decoded(codes, literal_bits=bits, order=order, limit=3) == values[:3]


def test_damaged_codes_end_the_data():
    codes = lzw.encoded(bytes(range(200)), literal_bits=8, order="little")
    for seed in range(50):
        noise = np.random.default_rng(seed).bytes(40)
        found = lzw.decoded(codes[:50] + noise, literal_bits=8, order="little", limit=1000)
        assert found.startswith(bytes(range(40)))
        assert len(found) <= 1000
