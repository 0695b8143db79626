"""Asks people which of two pictures is better, without saying who painted them.

    python benchmarks/vote.py --directory out            # then open the address that it prints
    python benchmarks/vote.py --directory out --tally    # who won against whom

The directory is that of ``quality.py``. Votes are appended to votes.jsonl in it. The server is for
this machine alone (127.0.0.1); Ctrl-C ends it.
"""

from __future__ import annotations

import json
import mimetypes
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

from typing_extensions import override

from judging.ballots import Ballots, read_index, tally
from measuring import script

PAGE = Path(__file__).parent / "judging" / "ballot.html"
_LONGEST = 1000
"""Of a vote, in bytes."""


class Handler(BaseHTTPRequestHandler):
    """Answers the page; ``ballots`` is set before the server starts."""

    ballots: ClassVar[Ballots]

    def do_GET(self) -> None:
        """Send the page, a question or a picture."""
        if not self._is_local():
            return
        if self.path == "/":
            self._send(PAGE.read_bytes(), "text/html; charset=utf-8")
        elif self.path == "/question":
            self._send(json.dumps(self.ballots.question()).encode(), "application/json")
        elif path := self.ballots.file(self.path):
            self._send(path.read_bytes(), mimetypes.guess_type(path)[0] or "image/jpeg")
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """Store a vote."""
        if not self._is_local():
            return
        length = self.headers.get("Content-Length", "")
        is_json = self.headers.get_content_type() == "application/json"
        if self.path != "/vote" or not is_json or not length.isdecimal() or int(length) > _LONGEST:
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        try:
            vote = json.loads(self.rfile.read(int(length)))
        except ValueError:
            vote = None
        if isinstance(vote, dict) and self.ballots.answer(vote.get("id"), vote.get("choice")):
            self._send(b"{}", "application/json")
        else:
            self.send_error(HTTPStatus.BAD_REQUEST)

    def _is_local(self) -> bool:
        """Refuse other names of this server: a page elsewhere may have its own resolve to it."""
        host = self.headers.get("Host", "").rpartition(":")[0]
        if host in ("127.0.0.1", "localhost"):
            return True
        self.send_error(HTTPStatus.FORBIDDEN)
        return False

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Print nothing: the terminal is for the address."""


def serve(ballots: Ballots, *, port: int) -> HTTPServer:
    """Return a server of the page; 0 is any free port."""
    handler = type("BallotHandler", (Handler,), {"ballots": ballots})
    return HTTPServer(("127.0.0.1", port), handler)


def main() -> None:
    """Serve the page until Ctrl-C, or print the tally."""
    parser = script.parser(__doc__, "directory")
    parser.add_argument("--port", type=int, default=0, help="(default: any that is free)")
    parser.add_argument("--tally", action="store_true", help="only print who won against whom")
    options = parser.parse_args()
    votes = options.directory / "votes.jsonl"
    if options.tally:
        print(tally(votes))  # noqa: T201
        return
    ballots = Ballots(read_index(options.directory / "exhibits.json"), votes)
    server = serve(ballots, port=options.port)
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)  # noqa: T201
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)
    finally:
        server.server_close()


if __name__ == "__main__":
    main()
