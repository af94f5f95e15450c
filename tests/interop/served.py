"""The wires to the stand-in of `tests.interop.aquadoggo`: in this process, and HTTP."""

import json
import socketserver
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from panda_web.rpc.errors import AnswerMalformed, NodeUnreachable
from tests.interop.aquadoggo import Aquadoggo, Ended, Json, Unprocessable

CONTENT_TYPE = "application/json-rpc;charset=utf-8"
METHODS = "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"
NOT_ALLOWED = b"Used HTTP Method is not allowed. POST or OPTIONS is required"
MAX_HEAD = 8192
"""Bytes of a request's head; with more the connection ends without an answer."""
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
}
"""What tide's CorsMiddleware, as rpc/server.rs sets it up, allows to a preflight."""


class InProcessAquadoggo:
    """A transport to the node, with the errors that `rpc.http` raises for what it does.

    Attributes:
        node: it may be exchanged.
        bodies: what was sent.
    """

    def __init__(self, node: Aquadoggo) -> None:
        self.node = node
        self.bodies: list[Json] = []

    async def send(self, body: bytes) -> bytes:
        """The answer to `body`."""
        self.bodies.append(json.loads(body))
        return self.handle(body)

    def handle(self, body: bytes) -> bytes:
        """The same, at once."""
        try:
            return self.node.answer(body)
        except Ended as error:
            raise NodeUnreachable("The connection ended without an answer.") from error
        except Unprocessable as error:
            raise AnswerMalformed("The node answered with status 422 and no body.") from error

    async def close(self) -> None:
        """Nothing is open."""


class ServedAquadoggo:
    """The node over HTTP, in a thread.

    Attributes:
        node: the node.
        url: its address.
        lose_replies: how many of the coming replies are lost: the node does what it is asked, and the
            connection ends before it says so.
        away: whether every connection ends at once, and the node is not asked.
    """

    def __init__(self, node: Aquadoggo | None = None) -> None:
        self.node = node or Aquadoggo()
        self.lose_replies = 0
        self.away = False
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing is printed: connections that end are what this is about."""


def _handler(served: ServedAquadoggo) -> type[socketserver.BaseRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def parse_request(self) -> bool:
            if not super().parse_request():
                return False
            head = sum(len(name) + len(value) + 4 for name, value in self.headers.items())
            if (
                served.away
                or self.request_version == "HTTP/1.0"
                or "Host" not in self.headers
                or head > MAX_HEAD
            ):
                self.close_connection = True
                return False
            return True

        def respond(self) -> None:
            body = self._body()
            if self.command == "OPTIONS" and "Origin" in self.headers:
                self._send(200, b"", None, PREFLIGHT)
            elif self.path.partition("?")[0] != "/":
                self._send(404, b"", None)
            elif self.command == "POST":
                self._call(body)
            elif self.command in ("GET", "HEAD"):
                self._send(200, NOT_ALLOWED, "text/plain;charset=utf-8")
            else:
                self._send(405, b"", None)

        def _body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b""
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass  # trailers
            return body

        def _call(self, body: bytes) -> None:
            try:
                answer = served.node.answer(body)
            except Ended:
                self.close_connection = True
            except Unprocessable:
                self._send(422, b"", None)
            else:
                if served.lose_replies:
                    served.lose_replies -= 1
                    self.close_connection = True
                else:
                    self._send(200, answer, CONTENT_TYPE)

        def _send(
            self,
            status: int,
            body: bytes,
            content_type: str | None,
            preflight: Mapping[str, str] | None = None,
        ) -> None:
            self.send_response(status)
            if content_type is not None:
                self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            if "Origin" in self.headers:
                allowed = "*" if preflight is None else self.headers["Origin"]
                self.send_header("Access-Control-Allow-Origin", allowed)
                self.send_header("Access-Control-Allow-Credentials", "false")
            for name, value in (preflight or {}).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    for method in METHODS:
        setattr(Handler, f"do_{method}", Handler.respond)
    return Handler
