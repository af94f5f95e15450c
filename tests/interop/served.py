"""The wires to the stand-in of `tests.interop.aquadoggo`: in this process, and HTTP."""

import json
import socketserver
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SO_LINGER, SOL_SOCKET
from types import TracebackType
from typing import Any, Self

from panda_web.rpc.errors import AnswerMalformed, NodeUnreachable
from tests.interop.aquadoggo import Aquadoggo, Json, Reset, Unprocessable

CONTENT_TYPE = "application/json-rpc;charset=utf-8"
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
}
"""What tide's CorsMiddleware, as rpc/server.rs sets it up, allows to a preflight; the first one goes with all."""


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
        except Reset as error:
            raise NodeUnreachable("The connection was reset.") from error
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
    """

    def __init__(self, node: Aquadoggo | None = None) -> None:
        self.node = node or Aquadoggo()
        self.lose_replies = 0
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

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                answer = served.node.answer(body)
            except Reset:
                self._reset()
            except Unprocessable:
                self._send(422, b"", None)
            else:
                if served.lose_replies:
                    served.lose_replies -= 1
                    self._reset()
                else:
                    self._send(200, answer, CONTENT_TYPE)

        def do_GET(self) -> None:
            text = b"Used HTTP Method is not allowed. POST or OPTIONS is required"
            self._send(200, text, "text/plain;charset=utf-8")

        def do_OPTIONS(self) -> None:
            self.send_response(200)
            for name, value in CORS.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _reset(self) -> None:
            self.close_connection = True
            self.connection.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

        def _send(self, status: int, body: bytes, content_type: str | None) -> None:
            self.send_response(status)
            if content_type is not None:
                self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    return Handler
