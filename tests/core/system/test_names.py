"""Names of files as text: printed, quoted for a shell, and in TOML."""

import os
import shutil
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nst_core.system import names

ODD = (
    "café.jpg",
    os.fsdecode(b"caf\xe9.jpg"),
    os.fsdecode("caf\u00e9".encode() + b"\xff[b]"),
    "it's a \\ name",
    "\x1b[31mred\x1b[0m.png",
    "two\nlines\tand \u202e\u200b",
    "$'quoted'",
    r"$'\351'",
    "$(touch x)`y`",
    "[/b] :smile: [link=http://x]",
    " ",
    "-x",
)


@pytest.mark.parametrize("name", ODD)
def test_text_is_read_back(name):
    text = names.to_text(name)
    assert names.from_text(text) == name
    text.encode("utf-8")


@given(st.binary(min_size=1).filter(lambda name: b"\0" not in name))
def test_any_bytes_are_read_back(name):
    assert os.fsencode(names.from_text(names.to_text(os.fsdecode(name)))) == name


def test_text_of_old_recipes_keeps_its_meaning():
    for text in ("a.jpg", "ü/中.png", r"C:\photos\351\x41.jpg", "it's $'x", r"$'\9'", "$'a'b'"):
        assert names.from_text(text) == text == names.to_text(text)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("name", ODD)
def test_a_shell_takes_what_is_quoted(name):
    for quoted in (names.shell_quote(name), names.shell_join([name])):
        assert quoted.isprintable()
        line = f"printf %s {quoted}" if name != "-x" else f"printf -- {quoted}"
        printed = subprocess.run(["bash", "-c", line], check=True, capture_output=True).stdout
        assert printed == os.fsencode(name)


def test_printed():
    assert names.display_path("[b] :smile:") == "[b] :smile:"
    assert names.display_path(os.fsdecode(b"caf\xe9.jpg")) == r"$'caf\351.jpg'"
    assert names.printable("a\x1b[1mb\x07\n\tc\u202e") == "a\\x1b[1mb\\x07\n\tc\\u202e"
    assert names.as_unicode(os.fsdecode(b"caf\xe9")) == r"caf\xe9"


def test_names_are_the_same_text_in_an_ascii_locale():
    code = (
        "import sys; from nst_core.system import names\n"
        "text = names.to_text(sys.argv[1])\n"
        "assert names.from_text(text) == sys.argv[1]\n"
        "print(ascii(text), names.display_path(sys.argv[1]), names.shell_join(sys.argv[1:]) == "
        "repr(text))"
    )
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code, "é.jpg"],
        env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout == "'\\xe9.jpg' $'\\303\\251.jpg' True\n"
