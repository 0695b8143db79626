"""Requests that are read, and errors that become answers of one line."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from nst_core.errors import NstError
from nst_core.spec import describe

MOST_JSON = 1 << 20

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


class NotThereError(NstError):
    """What was asked for does not exist; one line."""

    status = 404


def answered(call: Endpoint) -> Endpoint:
    """Turn the errors of an endpoint into answers of one line."""

    async def wrapped(request: Request) -> Response:
        try:
            return await call(request)
        except ValidationError as error:
            return JSONResponse({"error": describe(error)}, status_code=400)
        except NstError as error:
            status = getattr(error, "status", 400)
            # What is left of the body of a refused upload is not read.
            headers = {"connection": "close"} if status == 413 else {}
            line = " ".join(str(error).split())
            return JSONResponse({"error": line}, status_code=status, headers=headers)

    return wrapped


def missing(reason: str) -> Response:
    """Return the answer that something does not exist."""
    return JSONResponse({"error": reason}, status_code=404)


async def json_body(request: Request) -> dict[str, Any]:
    """Return the body, which is a JSON object; {} if it is empty.

    Raises:
        NstError: if it is none, or longer than ``MOST_JSON`` bytes; one line.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_JSON:
            raise NstError("this request is too long")
    with suppress(ValueError, RecursionError):
        asked = json.loads(body or b"{}")
        if isinstance(asked, dict):
            return asked
    raise NstError("this request is no JSON object")


async def file_answer(path: Path, *, headers: Mapping[str, str] | None = None) -> Response:
    """Return a file that the worker may replace at any time.

    It is opened once. Starlette's ``FileResponse`` looks at the size first and opens it later.
    """
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    body = await run_in_threadpool(path.read_bytes)
    return Response(body, media_type=media_type, headers=dict(headers or {}))


def whole(asked: dict[str, Any], name: str) -> int:
    """Return a whole number of a request.

    Raises:
        NstError: if it is something else; one line.
    """
    value = asked.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise NstError(f"{name} should be a whole number")
    return value
