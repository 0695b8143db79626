"""What stands between the network and the studio: who may ask, and what a page may do.

A server on this machine is attacked through the browser: another site's page sends requests to it,
or gives its own name this machine's address (DNS rebinding). So every request must name this
server as its host, come from its own pages, and carry a cookie. The cookie is set when the address
with the token is opened, or the password is given.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import secrets
import socket
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",  # the address holds the token
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_SAFE_METHODS = ("GET", "HEAD")
_OPEN_TO_ALL = ("/login", "/page/style.css", "/page/login.js")
"""What a browser gets without the cookie, if there is a password."""

_YEAR = 365 * 24 * 3600
_LOGIN_SECONDS = 1.0
"""So long a wrong password is answered later, one at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may ask.

    Attributes:
        host: The address that the server listens at.
        port: Its port.
        password: What a login needs; None if there is no login.
        token: What the address that is printed holds.
        session: What the cookie holds.
    """

    host: str
    port: int
    password: str | None = None
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def cookie(self) -> str:
        """The name of the cookie. Cookies know no ports, so the port is in its name."""
        return f"nst-studio-{self.port}"

    def knows_host(self, host: str) -> bool:
        """Whether a ``Host`` names this server.

        A number can't be a foreign name that was pointed at this machine, so numbers are accepted
        where the server listens to other machines.
        """
        name, _, port = host.rpartition(":")
        if not name:
            name, port = host, "80"
        if port != str(self.port):
            return False
        name = name.strip("[]").lower()
        if is_loopback(self.host):
            return name in ("127.0.0.1", "localhost", "::1")
        return _is_number(name) or name in _own_names(self.host)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server at this address."""
    if host == "localhost":
        return True
    return _is_number(host) and ipaddress.ip_address(host).is_loopback


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _own_names(host: str) -> set[str]:
    name = socket.gethostname().lower()
    return {"localhost", host.lower(), name, f"{name}.local", socket.getfqdn().lower()}


class Guard:
    """Lets through only requests of the studio's own pages; an ASGI middleware.

    Args:
        app: The application.
        access: Who may ask.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access
        self._login = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer or pass on a request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # there are no sockets
        request = Request(scope, receive)
        answer = self._refusal(request)
        if answer is None and request.url.path == "/login":
            answer = await self._logged_in(request)
        if answer is None and not self._is_known(request):
            answer = self._first_visit(request)
        await (answer or self._app)(scope, receive, _with_headers(send))

    def _refusal(self, request: Request) -> Response | None:
        """Refuse what no page of the studio sends."""
        headers = request.headers
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._access.knows_host(hosts[0]):
            return _refused("this is not the address of the studio", 421)
        own = f"http://{hosts[0]}".lower()
        origin = headers.get("origin")
        if origin is not None and origin.lower() != own:
            return _refused("this request comes from another site", 403)
        site = headers.get("sec-fetch-site", "none")
        arrives = request.url.path == "/" and headers.get("sec-fetch-mode") == "navigate"
        if site not in ("none", "same-origin") and not arrives:
            return _refused("this request comes from another site", 403)
        if request.method not in _SAFE_METHODS and origin is None and site == "none":
            # Browsers name the origin of everything that changes something. Other programs may
            # leave it out, but must have the cookie.
            return None if self._is_known(request) else _refused("no token", 403)
        return None

    def _is_known(self, request: Request) -> bool:
        given = request.cookies.get(self._access.cookie, "")
        is_open = self._access.password is not None and request.url.path in _OPEN_TO_ALL
        return is_open or _same(given, self._access.session)

    def _first_visit(self, request: Request) -> Response:
        """Answer a request without the cookie."""
        token = request.query_params.get("token", "")
        if request.url.path == "/" and request.method == "GET" and token:
            if _same(token, self._access.token):
                return self._welcome()
            return _refused("this address is of an earlier studio: open the one it printed last")
        if request.url.path == "/" and self._access.password is not None:
            return RedirectResponse("/login", status_code=303)
        return _refused("open the address that nst studio has printed, with its token")

    async def _logged_in(self, request: Request) -> Response | None:
        """Check a password; None for the page that asks for it."""
        if self._access.password is None:
            return _refused("there is no password: open the address that was printed", 404)
        if request.method == "GET":
            return None
        body = await _short_body(request)
        given = parse_qs(body.decode("utf-8", "replace")).get("password", [""])[0]
        async with self._login:
            if _same(given, self._access.password):
                return self._welcome()
            await asyncio.sleep(_LOGIN_SECONDS)
        return RedirectResponse("/login?wrong=1", status_code=303)

    def _welcome(self) -> Response:
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(
            self._access.cookie,
            self._access.session,
            max_age=_YEAR,
            httponly=True,
            samesite="strict",
        )
        return answer


async def _short_body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > 4096:
            break
    return body[:4096]


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _refused(reason: str, status: int = 403) -> Response:
    return PlainTextResponse(f"nst studio: {reason}\n", status_code=status)


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return wrapped


def attachment(name: str) -> str:
    """Return the header that lets a browser save an answer under a name."""
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"
