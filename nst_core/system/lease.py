"""Claims on an object store, where files can't be locked.

A claim is a small object beside the output that is created only if it is not there, and renewed
while its holder works. A holder that has vanished does not renew it, and after a minute it counts
no more. It is not replaced, for two that find it could both do that: the next holder creates the
object of the next number.

Clocks of machines may differ by half a minute. With a larger difference, or on a store that can't
create an object only if it is not there, two machines may do the same work; outputs are still
whole.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count

from nst_core.system import storage
from nst_core.system.storage import StorageError

SECONDS = 60.0
"""How long a claim counts after it was renewed."""

_RENEWALS = 4


@contextmanager
def leased(url: str, *, owner: str) -> Iterator[bool]:
    """Claim an object that the block is going to write.

    Args:
        url: The object.
        owner: A claim of the same owner is taken over at once; "" is nobody's.

    Yields:
        Whether the claim was free.

    Raises:
        StorageError: one line: the store can't be reached.
    """
    token = secrets.token_hex(8)
    number = _acquire(url, owner, token)
    if number is None:
        yield False
        return
    ended = threading.Event()
    renewal = threading.Thread(
        target=_renew, args=(_claim(url, number), owner, token, ended), daemon=True
    )
    renewal.start()
    try:
        yield True
    finally:
        ended.set()
        renewal.join()
        release(url, number)


def release(url: str, number: int = 0) -> None:
    """Remove the claims on ``url`` up to a number; errors are ignored, for claims run out."""
    for one in range(number, -1, -1):
        with suppress(StorageError):
            storage.remove(_claim(url, one))


def _acquire(url: str, owner: str, token: str) -> int | None:
    """Return the number of the new claim; None if another one counts."""
    for number in count():
        claim = _claim(url, number)
        if storage.create(claim, _content(owner, token)):
            return number
        if _counts(claim, owner):
            return None
    raise AssertionError("unreachable")


def _counts(claim: str, owner: str) -> bool:
    content = storage.read_bytes(claim)
    if content is None:  # it has just been given back; this is seldom, and the caller asks again
        return True
    try:
        found = json.loads(content)
        is_own = bool(owner) and found["owner"] == owner
        return not is_own and float(found["until"]) > time.time()
    except (ValueError, KeyError, TypeError):  # not one of ours, or an older version's
        return False


def _renew(claim: str, owner: str, token: str, ended: threading.Event) -> None:
    while not ended.wait(SECONDS / _RENEWALS):
        with suppress(StorageError):
            storage.write_bytes(claim, _content(owner, token))


def _claim(url: str, number: int) -> str:
    return f"{url}.claim-{number}"


def _content(owner: str, token: str) -> bytes:
    return json.dumps({"owner": owner, "token": token, "until": time.time() + SECONDS}).encode()
