r"""Names of files as text: for messages, for the shell, and for TOML and JSON.

On Linux the name of a file may be any bytes without NUL and slash. Python decodes a name by the
encoding of the locale, and a byte that is not valid there becomes a surrogate, which neither UTF-8
nor TOML nor JSON can hold. Where text can't hold a name, nst writes it as a shell quotes it:
``$'caf\351.jpg'``, with the bytes in octal. So the text can be pasted into a shell, and
``from_text`` reads it back.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterable
from typing import TypeAlias

StrPath: TypeAlias = str | os.PathLike[str]

_QUOTED = re.compile(r"\$'((?:[^\\']|\\[0-7]{3}|\\[nrt\\'])*)'", re.DOTALL)
_ESCAPE = re.compile(rb"\\([0-7]{3}|[nrt\\'])")
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\\": r"\\", "'": r"\'"}
_BYTES = {short[1:].encode(): character.encode() for character, short in _SHORT.items()}


def display_path(path: StrPath) -> str:
    r"""Return ``path`` as one printable line for a message.

    It is quoted only if it is empty, holds nothing but spaces, or holds characters that can't be
    printed. These become escapes, as in ``$'two\nlines.jpg'``, which most shells take.
    """
    text = os.fspath(path)
    return text if text.isprintable() and text.strip() else shell_quote(text)


def printable(text: str) -> str:
    r"""Return text in which each character that can't be printed is an escape such as ``\x1b``.

    Line feeds and tabs are kept. A terminal would take other control characters as commands.
    """
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(
        one if one.isprintable() or one in "\n\t" else one.encode("unicode_escape").decode()
        for one in text
    )


def shell_quote(name: StrPath) -> str:
    r"""Return a name quoted for a shell, printable; ``$'...'`` if it holds other characters.

    bash, zsh, ksh and POSIX 2024's sh know ``$'...'``.
    """
    text = os.fspath(name)
    return shlex.quote(text) if text.isprintable() else _quoted(text, _encoded)


def shell_join(arguments: Iterable[str]) -> str:
    """Return arguments of the command line as a line that a shell takes, for a recipe.

    Names that are UTF-8 are written as text, whatever the locale's encoding is.
    """
    texts = (_encoded(one).decode("utf-8", "surrogateescape") for one in arguments)
    return " ".join(shlex.quote(one) if one.isprintable() else _quoted_utf8(one) for one in texts)


def as_unicode(text: str) -> str:
    r"""Return text that can be written as UTF-8; bytes that are not UTF-8 become ``\xff``."""
    return _encoded(text).decode("utf-8", "backslashreplace")


def to_text(path: StrPath) -> str:
    r"""Return a path as text that UTF-8, TOML and JSON can hold; ``from_text`` reads it back.

    A path that is UTF-8 is written as it is, also where the locale has another encoding. Another
    path, and one that looks as if it were quoted, is written as ``$'...'``.
    """
    name = _encoded(os.fspath(path))
    text = name.decode("utf-8", "surrogateescape")
    if _QUOTED.fullmatch(text) or not _is_unicode(text):
        return _quoted_utf8(text)
    return text


def from_text(text: str) -> str:
    """Return the path that ``to_text`` wrote as ``text``, as Python names it in this locale."""
    match = _QUOTED.fullmatch(text)
    if match is None:
        name = text.encode("utf-8", "surrogateescape") if _is_unicode(text) else _encoded(text)
    else:
        name = _ESCAPE.sub(_unescaped, match[1].encode("utf-8", "surrogateescape"))
    try:
        return os.fsdecode(name)
    except UnicodeDecodeError:  # on Windows, where no file has such a name
        return text


def _unescaped(match: re.Match[bytes]) -> bytes:
    escape = match[1]
    return _BYTES[escape] if escape in _BYTES else bytes([int(escape, 8) & 255])


def _quoted(text: str, encode: Callable[[str], bytes]) -> str:
    characters = (
        _SHORT.get(one) or (one if one.isprintable() else _octal(encode(one))) for one in text
    )
    return f"$'{''.join(characters)}'"


def _quoted_utf8(text: str) -> str:
    return _quoted(text, lambda one: one.encode("utf-8", "surrogateescape"))


def _octal(name: bytes) -> str:
    return "".join(f"\\{byte:03o}" for byte in name)


def _encoded(text: str) -> bytes:
    """Return the bytes of a name; those of UTF-8 if the locale's encoding has no such character."""
    try:
        return os.fsencode(text)
    except UnicodeEncodeError:
        pass
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a surrogate pair, which is no byte of a name
        return text.encode("utf-8", "surrogatepass")


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
