"""TOML in and out: errors of one line, pipes, and texts that come back as they were."""

import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nst_core.errors import SpecError
from nst_core.system import toml


def refused(path):
    with pytest.raises(SpecError) as error:
        toml.read(path)
    text = str(error.value)
    assert "\n" not in text
    assert text.startswith(f"{path}: ")
    return text


def test_toml_errors_name_the_file(tmp_path):
    path = tmp_path / "a.toml"
    for content in (b"a = ", b"\xff\xfe", b"[[a]\n"):
        path.write_bytes(content)
        with pytest.raises(SpecError, match=r"a\.toml: not") as caught:
            toml.read(path)
        assert "\n" not in str(caught.value)
    with pytest.raises(SpecError, match=r"b.toml: can't be read: No such file"):
        toml.read(tmp_path / "b.toml")
    with pytest.raises(SpecError, match="can't be read"):
        toml.read(tmp_path)


@pytest.mark.parametrize("text", [f"a = {'9' * 5000}", "[" * 3000, "a = 1\na = 2", "a = {b"])
def test_what_is_no_toml_is_one_line(text):
    with pytest.raises(SpecError, match=r"^a file: not valid TOML: ") as caught:
        toml.loads(text, origin="a file")
    assert "\n" not in str(caught.value)


def test_a_byte_order_mark_is_skipped(tmp_path):
    path = tmp_path / "a.toml"
    path.write_bytes(b'\xef\xbb\xbftitle = "\xc3\xa9"\n')
    assert toml.read(path) == {"title": "é"}


def test_a_file_of_16_mb_is_read_and_a_larger_one_is_refused(tmp_path):
    path = tmp_path / "a.toml"
    path.write_bytes(b"a = 1\n".ljust(16 << 20, b"\n"))
    assert toml.read(path) == {"a": 1}
    with path.open("ab") as stream:
        stream.write(b"\n")
    assert "it has more than 16 MB" in refused(path)


@pytest.mark.skipif(os.name != "posix", reason="named pipes and devices of POSIX")
def test_pipes_are_read_and_devices_refused(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert "a pipe that nobody writes into" in refused(path)  # and does not wait for a writer
    assert "it is a device" in refused("/dev/zero")
    # Opened for reading and writing, a pipe has a writer before anybody reads.
    descriptor = os.open(path, os.O_RDWR)

    def write_late():
        os.write(descriptor, b"a = ")
        os.write(descriptor, b"1\n")
        os.close(descriptor)

    timer = threading.Timer(0.2, write_late)
    timer.start()
    assert toml.read(path) == {"a": 1}
    timer.join()


def test_texts_of_several_lines_are_written_for_people():
    assert toml.dumps({"a": "one\ntwo\n"}).splitlines() == ['a = """', "one", "two", '"""']


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\rb", '"""\n', "\\\n  b", " \t\x00\x7f"])
def test_what_is_written_comes_back(text):
    table = {"text": text, "table": {"list": [1, 2.5, True], "text": "one\ntwo"}}
    assert toml.loads(toml.dumps(table), origin="test") == table


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
leaves = st.one_of(st.integers(-(2**62), 2**62), st.floats(allow_nan=False), texts, st.booleans())
tables = st.recursive(
    st.dictionaries(texts, leaves, max_size=4),
    lambda inner: st.dictionaries(texts, st.one_of(leaves, inner, st.lists(inner)), max_size=4),
    max_leaves=12,
)


@given(tables)
def test_any_table_survives_toml(table):
    assert toml.loads(toml.dumps(table), origin="test") == table
