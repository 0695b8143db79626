"""Groups of options in ``--help``, and the examples below them.

The groups are those of cloup. A group is data, so that commands can share it and leave options out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import cloup

F = TypeVar("F", bound=Callable[..., Any])

Options: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Names of an option, with spaces between them, and the attributes that Click takes."""

CONTEXT = {"max_content_width": 100}
"""Context settings of a command: the longest line of its help, in characters."""

FORMATTER = cloup.HelpFormatter.settings(col1_max_width=32)
"""Formatter settings of a command: names longer than this get a line of their own."""


def option_group(
    title: str, options: Options, *, without: Collection[str] = ()
) -> Callable[[F], F]:
    """Return a decorator that adds a group of options to a command.

    Args:
        title: The heading of the group.
        options: The options, in the order of the help.
        without: Names of options that the command doesn't have, as in ``options``.
    """
    return cloup.option_group(
        title,
        *(
            cloup.option(*names.split(), **attributes)
            for names, attributes in options.items()
            if names not in without
        ),
    )


def examples(*pairs: tuple[str, str]) -> str:
    """Return the epilog of a command's help.

    Args:
        pairs: What an example does, and its command line.
    """
    paragraphs: Sequence[str] = [f"\b\n  {what}:\n    {line}" for what, line in pairs]
    return "\n\n".join(["Examples:", *paragraphs])


def flag(help: str) -> dict[str, Any]:  # noqa: A002 - as Click calls it
    """Return the attributes of a flag. It is None if not given, so that a config's value holds."""
    return {"is_flag": True, "default": None, "help": help}
