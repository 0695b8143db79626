"""Files of torch.save without torch: what torch writes, and what an enemy would.

The hostile files are put together opcode by opcode, so these tests need no torch; where torch
itself writes the file, the test says so.
"""

import io
import pickle
import tracemalloc
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from pickles import NUMBERS, containers, legacy, read, refusal, state, tensor, zipped

from nst_core.errors import WeightsError
from nst_core.weights import torchfile
from nst_core.weights.torchfile import MAGIC, open_torch


@containers
def test_hand_made_files_are_read(container):
    (result,) = read(container(state(tensor())))
    assert np.array_equal(result, NUMBERS.reshape(2, 2))


@containers
@pytest.mark.parametrize(
    ("size", "stride", "offset", "expected"),
    [
        ((2, 2), (1, 2), 0, [[0, 2], [1, 3]]),
        ((2,), (1,), 2, [2, 3]),
        ((2,), (3,), 0, [0, 3]),
        ((1, 4), (2**61, 1), 0, [[0, 1, 2, 3]]),
        ((3,), (0,), 1, [1, 1, 1]),
        ((), (), 3, 3),
    ],
)
def test_views_are_honoured(container, size, stride, offset, expected):
    data = container(state(tensor(size=size, stride=stride, offset=offset)))
    (result,) = read(data, size)
    assert result.flags.c_contiguous
    assert np.array_equal(result, NUMBERS[expected])


@containers
@pytest.mark.parametrize(
    ("size", "stride", "offset"),
    [((2, 2), (2, 1), 1), ((2, 2), (3, 1), 0), ((2, 2), (2**61, 1), 0), ((2,), (1,), 2**61)],
)
def test_views_that_lead_outside_are_refused(container, size, stride, offset):
    data = container(state(tensor(size=size, stride=stride, offset=offset)))
    assert "outside its storage" in refusal(data, size)


@containers
def test_another_shape_is_refused_before_anything_is_read(container):
    data = container(state(tensor(size=(10**9, 10**9), stride=(0, 0))))
    assert "has shape (1000000000, 1000000000), expected (2, 2)" in refusal(data)


@containers
@pytest.mark.parametrize("numel", [5, 10**12, 2**61])
def test_storages_longer_than_the_file_are_refused(container, numel):
    refusal(container(state(tensor(numel=numel))))


def test_a_bomb_of_a_million_compressed_zeros_is_refused_unopened():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(10**8))
    assert len(stream.getvalue()) < 10**6
    tracemalloc.start()
    try:
        assert "compressed" in refusal(stream.getvalue())
        assert tracemalloc.get_traced_memory()[1] < 10**7
    finally:
        tracemalloc.stop()


def test_big_endian_files_are_refused():
    assert "big-endian" in refusal(legacy(state(tensor()), little=False))
    assert "big-endian" in refusal(zipped(state(tensor()), byteorder=b"big"))


def test_empty_file():
    assert refusal(b"") == "the file is empty"


@pytest.mark.parametrize("keys", [(), ("0", "1"), ("1",), (0, [])])
def test_legacy_keys_have_to_fit(keys):
    assert "storages doesn't fit" in refusal(legacy(state(tensor()), keys=keys))


@pytest.mark.parametrize("count", [3, 5, -1, 2**62])
def test_legacy_counts_have_to_fit(count):
    assert "another length" in refusal(legacy(state(tensor()), count=count))


@pytest.mark.parametrize("magic", [0, MAGIC + 1])
def test_legacy_magic_number(magic):
    data = legacy(state(tensor())).replace(pickle.dumps(MAGIC, 2), pickle.dumps(magic, 2))
    assert "not a file of torch.save" in refusal(data)


def test_truncated_legacy_files_are_called_so():
    assert refusal(legacy(state(tensor()))[:-1]) == "the file is truncated"


def test_compressed_records_are_refused():
    numbers = np.zeros(2**16, "<f4")
    data = zipped(state(tensor(numel=2**16)), numbers=numbers, method=zipfile.ZIP_DEFLATED)
    assert "compressed" in refusal(data)


def test_zip_records_larger_than_declared_are_refused():
    assert "larger" in refusal(zipped(state(tensor()), numbers=np.zeros(5, "<f4")))
    monster = state(tensor()) + bytes(torchfile.MAX_PICKLE)
    assert "larger" in refusal(zipped(monster))


def test_zip_records_shorter_than_declared_are_refused():
    assert "shorter" in refusal(zipped(state(tensor()), numbers=np.zeros(3, "<f4")))


@pytest.mark.parametrize("key", ["1", "../data.pkl", "/etc/passwd", "a\nb"])
def test_zip_keys_stay_in_the_archive(key):
    assert "is missing" in refusal(zipped(state(tensor(key=key))))


@pytest.mark.parametrize("names", [[], ["data.pkl"], ["a/data.pkl", "b/data.pkl"]])
def test_other_zip_archives_are_refused(names):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("readme", "hello")
        for name in names:
            archive.writestr(name, state(tensor()))
    assert "not one of torch.save" in refusal(stream.getvalue())


@containers
def test_no_cut_goes_unnoticed(container):
    data = container(state(tensor()))
    for length in range(len(data)):
        refusal(data[:length])


@containers
def test_no_changed_byte_does_more_than_change_values(container):
    data = container(state(tensor()))
    for place in range(len(data)):
        for mask in (0x01, 0x80, 0xFF):
            changed = bytearray(data)
            changed[place] ^= mask
            with suppress(WeightsError):
                assert all(result.shape == (2, 2) for result in read(bytes(changed)))


# What torch itself writes.

formats = pytest.mark.parametrize("zip_format", [True, False], ids=["zip", "legacy"])


def saved(value, *, zip_format) -> bytes:
    torch = pytest.importorskip("torch")
    stream = io.BytesIO()
    torch.save(value, stream, _use_new_zipfile_serialization=zip_format)
    return stream.getvalue()


@formats
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16", "uint8"])
def test_dtypes_of_torch(zip_format, dtype):
    torch = pytest.importorskip("torch")
    values = torch.tensor([[0.5, 3], [100, 7]]).to(getattr(torch, dtype))
    (result,) = read(saved({"a": values}, zip_format=zip_format))
    expected = values.float().numpy() if dtype == "bfloat16" else values.numpy()
    assert result.dtype == expected.dtype
    assert np.array_equal(result, expected)


@formats
def test_parameters_shared_storages_and_strides_of_torch(zip_format):
    torch = pytest.importorskip("torch")
    base = torch.arange(24.0).reshape(4, 6)
    value = {
        "parameter": torch.nn.Parameter(base[:2, :2].clone()),
        "transposed": base[1:3, 2:4].T,
        "spread": base[::3, ::5],
        "expanded": base[:2, 3:4].expand(2, 2),
    }
    results = read(saved(value, zip_format=zip_format))
    for result, expected in zip(results, value.values(), strict=True):
        assert np.array_equal(result, expected.detach().numpy())


@formats
def test_what_stands_beside_tensors_in_a_checkpoint(zip_format):
    torch = pytest.importorskip("torch")
    value = {"epoch": 3, "loss": 0.5, "name": "vgg", "best": None, "a": torch.ones(2, 2)}
    file = open_torch(io.BytesIO(saved(value, zip_format=zip_format)))
    assert [file.value[key] for key in ("epoch", "loss", "name", "best")] == [3, 0.5, "vgg", None]
    assert np.array_equal(file.array(file.value["a"], (2, 2)), np.ones((2, 2)))
