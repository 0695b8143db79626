"""``OMP_NUM_THREADS``: what a user may set, and the one number that the frameworks are given.

OpenMP defines the value as "a list of positive integer values", one for each nesting level of
parallel regions (OpenMP 5.2, section 21.1.2). The frameworks' regions are not nested, so the first
number is the number of threads. MXNet reads a single integer and aborts the process for anything
else, lists included.
"""

from __future__ import annotations

import os
import re
from collections.abc import MutableMapping
from typing import NamedTuple

VARIABLES = ("OMP_NUM_THREADS", "MXNET_OMP_MAX_THREADS")
"""The variables that set the number of threads of a framework."""

MOST = 1024
"""The most threads that are believed; a machine with more processors believes as many as it has.

OpenMP programs end the process if so many threads can't be started.
"""

_LIST = re.compile(r"\s*\+?[0-9]+\s*(,\s*\+?[0-9]+\s*)*", re.ASCII)


class ThreadSetting(NamedTuple):
    """What a variable says.

    Attributes:
        threads: The number of threads; None if the variable sets none.
        wrong: Why the value is not used, as the end of a line; empty if it is used, or empty.
    """

    threads: int | None
    wrong: str = ""


def parse(value: str) -> ThreadSetting:
    """Return what the value of such a variable means. An empty value means that it is not set."""
    if not value.strip():
        return ThreadSetting(None)
    most = max(MOST, os.cpu_count() or 1)
    # The length is checked first: Python refuses to convert thousands of digits.
    if not _LIST.fullmatch(value) or len(value) > 100:
        return ThreadSetting(None, "it is not a whole number above 0, or a list of them (4,2)")
    numbers = [int(number) for number in value.split(",")]
    if min(numbers) < 1:
        return ThreadSetting(None, "the number of threads must be 1 or more")
    if numbers[0] > most:
        return ThreadSetting(None, f"the number of threads may be up to {most}")
    return ThreadSetting(numbers[0])


def corrected(environment: MutableMapping[str, str]) -> list[str]:
    """Leave in an environment only single numbers of threads, so that every framework takes it.

    Args:
        environment: Changed in place: of a list the first number stays; a value that is wrong or
            empty is removed, so that the default applies.

    Returns:
        A line for each value that is wrong, without "warning:".
    """
    lines = []
    for name in VARIABLES:
        if name not in environment:
            continue
        value = environment[name]
        threads, wrong = parse(value)
        if threads is None:
            del environment[name]
        elif value != str(threads):
            environment[name] = str(threads)
        if wrong:
            shown = value if len(value) <= 40 else f"{value[:40]}..."
            lines.append(f"{name}={shown!r} is ignored, the default is used: {wrong}")
    return lines
