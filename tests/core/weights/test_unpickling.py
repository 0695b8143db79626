"""Pickles that ask for more than the tensors of a state dict are refused, and none is run."""

import copyreg
import io
import pickle
import pickletools

import numpy as np
import pytest
from pickles import (
    NUMBERS,
    ORDERED_DICT,
    V2,
    containers,
    dumped,
    legacy,
    read,
    refusal,
    state,
    storage,
    tensor,
)

from nst_core.errors import WeightsError
from nst_core.weights import unpickling
from nst_core.weights.torchfile import MAGIC
from nst_core.weights.unpickling import Storage, StorageType, Tensor, split_pickle, unpickle


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


def test_a_pickle_gives_records_of_where_numbers_are():
    value, storages = unpickle(state(tensor(), tensor(offset=1, size=(3,), stride=(1,))))
    where = Storage(StorageType("FloatStorage", "<f4"), "0", 4)
    assert value == {"t0": Tensor(where, 0, (2, 2), (2, 1)), "t1": Tensor(where, 1, (3,), (1,))}
    assert storages == {"0": where}


def test_pickles_are_taken_off_the_stream_one_by_one():
    first, second = state(tensor()), pickle.dumps(["0"], 2)
    stream = io.BytesIO(b"head" + first + second + b"numbers")
    stream.seek(4)
    assert [split_pickle(stream), split_pickle(stream)] == [first, second]
    assert stream.read() == b"numbers"


@pytest.mark.parametrize("index", [0, 255, 1 << 20])
def test_a_memo_index_up_to_the_size_of_a_pickle_is_allowed(index):
    code = b"\x80\x02}r" + index.to_bytes(4, "little") + b"."
    assert unpickle(split_pickle(io.BytesIO(code)))[0] == {}


def test_what_is_pointed_at_by_an_error_is_cut():
    code = b"\x80\x02c" + b"x" * 5000 + b"\nname\n."
    with pytest.raises(WeightsError) as caught:
        unpickle(split_pickle(io.BytesIO(code)))
    assert len(str(caught.value)) < 150
