"""Files of torch.save without torch: what torch writes, and what an enemy would.

The hostile files are put together opcode by opcode, so these tests need no torch; where torch
itself writes the file, the test says so.
"""

import copyreg
import io
import pickle
import pickletools
import tracemalloc
import zipfile
from contextlib import suppress

import numpy as np
import pytest

from nst_core.errors import WeightsError
from nst_core.weights import torchfile, unpickling
from nst_core.weights.torchfile import MAGIC, open_torch
from nst_core.weights.unpickling import Tensor

NUMBERS = np.array([1.5, -2, 3, 1e-3], "<f4")
ORDERED_DICT = b"ccollections\nOrderedDict\n"
V2 = b"ctorch._utils\n_rebuild_tensor_v2\n"


def dumped(value) -> bytes:
    """The opcodes of a plain value: protocol 2 without its header and its end."""
    return pickle.dumps(value, 2)[2:-1]


def storage(*, kind="FloatStorage", key="0", numel=4) -> bytes:
    return (
        b"("
        + dumped("storage")
        + f"ctorch\n{kind}\n".encode()
        + dumped(key)
        + dumped("cpu")
        + dumped(numel)
        + b"NtQ"
    )


def tensor(where=None, *, offset=0, size=(2, 2), stride=(2, 1), end=b"", **described) -> bytes:
    where = storage(**described) if where is None else where
    arguments = where + dumped(offset) + dumped(size) + dumped(stride) + b"\x89"
    return V2 + b"(" + arguments + ORDERED_DICT + b")R" + end + b"tR"


def state(*tensors: bytes) -> bytes:
    """{"t0": tensor, ...} as a whole pickle."""
    items = b"".join(dumped(f"t{i}") + code for i, code in enumerate(tensors))
    return b"\x80\x02}(" + items + b"u."


def legacy(code: bytes, *, numbers=NUMBERS, keys=("0",), count=None, little=True) -> bytes:
    head = [pickle.dumps(part, 2) for part in (MAGIC, 1001, {"little_endian": little})]
    size = numbers.size if count is None else count
    body = size.to_bytes(8, "little", signed=True) + numbers.tobytes()
    return b"".join([*head, code, pickle.dumps(list(keys), 2), body])


def zipped(code: bytes, *, numbers=NUMBERS, byteorder=b"little", method=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("archive/data.pkl", code)
        archive.writestr("archive/byteorder", byteorder)
        archive.writestr("archive/data/0", numbers.tobytes())
    return stream.getvalue()


def read(data: bytes, shape=(2, 2)):
    file = open_torch(io.BytesIO(data))
    entries = file.value.values() if isinstance(file.value, dict) else []
    return [file.array(entry, shape) for entry in entries if isinstance(entry, Tensor)]


def refusal(data: bytes, shape=(2, 2)) -> str:
    with pytest.raises(WeightsError) as caught:
        read(data, shape)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 200
    return message


containers = pytest.mark.parametrize("container", [legacy, zipped])


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
@pytest.mark.parametrize(
    "fields",
    [
        {"offset": -1},
        {"stride": (-1, 1)},
        {"size": (2, -2)},
        {"stride": (1,)},
        {"size": (2.0, 2)},
        {"size": (True, 2)},
        {"size": 4},
        {"offset": None},
        {"offset": 2**62},
    ],
)
def test_malformed_views_are_refused(container, fields):
    assert "malformed" in refusal(container(state(tensor(**fields))))


@containers
def test_another_shape_is_refused_before_anything_is_read(container):
    data = container(state(tensor(size=(10**9, 10**9), stride=(0, 0))))
    assert "has shape (1000000000, 1000000000), expected (2, 2)" in refusal(data)


@containers
@pytest.mark.parametrize("numel", [5, 10**12, 2**61])
def test_storages_longer_than_the_file_are_refused(container, numel):
    refusal(container(state(tensor(numel=numel))))


@containers
@pytest.mark.parametrize("numel", [-1, 2**62, 1.0, "4", None])
def test_malformed_storages_are_refused(container, numel):
    assert "malformed" in refusal(container(state(tensor(numel=numel))))


@containers
def test_one_storage_described_in_two_ways_is_refused(container):
    data = container(state(tensor(), tensor(kind="HalfStorage", numel=8)))
    assert "described twice" in refusal(data)


@containers
def test_views_of_views_are_refused(container):
    where = storage().replace(b"NtQ", b"(K\x00K\x00K\x02ttQ")
    assert "malformed" in refusal(container(state(tensor(where))))


@containers
def test_conjugate_or_negative_bits_are_refused(container):
    data = container(state(tensor(end=dumped({"neg": True}))))
    assert "conjugated or negated" in refusal(data)


@containers
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("__builtin__", "eval"),
        ("torch", "load"),
        ("torch._utils", "_rebuild_qtensor"),
        ("torch", "LongStorage"),
        ("collections", "OrderedDict.__init__"),
        ("nst_core.weights", "load"),
    ],
)
def test_other_globals_are_refused(container, module, name):
    code = b"\x80\x02" + f"c{module}\n{name}\n".encode() + dumped("echo") + b"\x85R."
    assert f"refused: it asks for '{module}.{name}'" in refusal(container(code))


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        import os

        return os.system, (f"touch {self.path}",)


@containers
@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_a_hostile_pickle_is_refused_and_not_run(container, protocol, tmp_path):
    canary = tmp_path / "canary"
    assert "refused" in refusal(container(pickle.dumps({"t0": Evil(canary)}, protocol)))
    assert not canary.exists()
    pickle.loads(pickle.dumps(Evil(canary), protocol))
    assert canary.exists(), "the pickle would not have done anything anyway"


def test_a_hostile_pickle_in_any_of_the_legacy_pickles_is_refused(tmp_path):
    evil = pickle.dumps(Evil(tmp_path / "canary"), 2)
    parts = [pickle.dumps(part, 2) for part in (MAGIC, 1001, {"little_endian": True})]
    parts += [state(tensor()), pickle.dumps(["0"], 2)]
    for place in range(5):
        assert "refused" in refusal(b"".join([*parts[:place], evil, *parts[place + 1 :]]))
    assert not (tmp_path / "canary").exists()


@containers
@pytest.mark.parametrize(
    "code",
    [
        b"i" + b"os\nsystem\n",  # INST
        b"\x82\x01",  # EXT1: whatever a program registered
        b"\x8f",  # EMPTY_SET
        b"I1\n",  # INT, textual: thousands of digits take long
        b"\x8b\xff\xff\xff\x7f",  # LONG4
    ],
)
def test_other_opcodes_are_refused(container, code):
    refusal(container(b"\x80\x02(" + code + b"."))


NEEDED = frozenset(unpickling._OPCODES.split())


@containers
@pytest.mark.parametrize(
    "opcode", [one for one in pickletools.opcodes if one.name not in NEEDED], ids=lambda o: o.name
)
def test_every_opcode_that_no_weights_need_is_refused(container, opcode):
    """Of all that the language has: instances, byte strings, sets, extensions, buffers."""
    code = b"\x80\x02(" + opcode.code.encode("latin-1")
    for argument in (b"os\nsystem\n", b"1\n", b"\1\0\0\0\0\0\0\0x", b"'x'\n"):
        assert refusal(container(code + argument + b"."))


@containers
def test_an_extension_that_a_program_registered_is_not_called(container):
    copyreg.add_extension("os", "system", 241)
    try:
        for code in (b"\x82\xf1", b"\x83\xf1\0", b"\x84\xf1\0\0\0"):
            message = refusal(container(b"\x80\x02" + code + dumped("echo") + b"\x85R."))
            assert message.startswith("refused: opcode EXT")
    finally:
        copyreg.remove_extension("os", "system", 241)


@containers
@pytest.mark.parametrize(
    "pid",
    ["storage", None, ("module", "os"), ("storage", "os", "0", "cpu", 4), ("storage",), 7, {}, []],
)
def test_persistent_ids_other_than_storages_are_refused(container, pid):
    assert "malformed" in refusal(container(state(tensor(dumped(pid) + b"Q"))))


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


@containers
def test_a_huge_memo_index_is_refused(container):
    # The C unpickler would allocate 16 bytes times twice the index: 64 GB.
    assert "memo" in refusal(container(b"\x80\x02}r\xff\xff\xff\x7f."))


@containers
@pytest.mark.parametrize("target", [V2, b"ctorch\nFloatStorage\n", ORDERED_DICT])
def test_nothing_here_can_be_given_attributes(container, target):
    attributes = dumped({"mischief": 1})
    for state_of in (attributes, b"}" + attributes + b"\x86", b"N" + attributes + b"\x86"):
        refusal(container(b"\x80\x02" + target + state_of + b"b."))
    assert np.array_equal(read(legacy(state(tensor())))[0], NUMBERS.reshape(2, 2))


@containers
@pytest.mark.parametrize(
    "code",
    [
        b"",
        b"\x80\x02",
        b"\x80\x02.",
        b"\x80\x02}(K\x01u.",
        b"\x80\x02](}}u.",
        b"<!DOCTYPE",
        b"\x80\x02c\\\xbd\nx\n.",
    ],
)
def test_malformed_pickles_are_refused(container, code):
    refusal(container(code))


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
    assert "no file of torch.save" in refusal(data)


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
