"""A proxy between page and node: it passes everything on, and lets a test hold back, cut off, or lie.

It serves the node's site too, so the page is of the proxy's own origin, as it would be of the node's.
"""

import contextlib
import http.client
import http.server
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, cast
from urllib.parse import urlsplit

from panda_festival.schemas import ROOM

from panda_web.messages import decode

Calls = list[dict[str, Any]]
PATIENCE = 120
"""Seconds until something counts as hanging."""


class CutOffError(Exception):
    """Raised by a hook: the connection ends without an answer."""


def pass_on(_: Calls) -> None:
    """Nothing happens to a request."""


def tell_the_truth(_: Calls, answer: Any) -> Any:
    """Nothing happens to an answer."""
    return answer


class Between(http.server.ThreadingHTTPServer):
    """The proxy. `before` sees the calls of each POST, `after` the answer too, and gives the one that goes on."""

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://localhost:{self.server_port}/"
        self.upstream = urlsplit(upstream).port or 0
        self.before: Callable[[Calls], None] = pass_on
        self.after: Callable[[Calls, Any], Any] = tell_the_truth
        self.published: list[dict[str, str]] = []
        """Every entry that was sent, with its payload, in order and as often as it was sent."""
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def honest(self) -> None:
        """Takes all hooks away."""
        self.before, self.after = pass_on, tell_the_truth

    def note(self, calls: Calls) -> None:
        """Writes down what is published."""
        self.published += [
            {"entryBytes": call["params"]["entryEncoded"], "payloadBytes": call["params"]["messageEncoded"]}
            for call in calls
            if call["method"] == "panda_publishEntry"
        ]

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: a browser that hangs up, or a node that is gone, is what tests are about."""

    def stop(self) -> None:
        """Ends the server and every connection."""
        self.shutdown()
        self._thread.join()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._forward(b"", lambda answer: answer)

    def do_OPTIONS(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        between = cast("Between", self.server)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        sent = json.loads(body)
        calls: Calls = sent if isinstance(sent, list) else [sent]
        between.note(calls)

        def alter(answer: bytes) -> bytes:
            if between.after is tell_the_truth:
                return answer
            return json.dumps(between.after(calls, json.loads(answer))).encode()

        try:
            between.before(calls)
            self._forward(body, alter)
        except CutOffError:
            self._hang_up()

    def _forward(self, body: bytes, alter: Callable[[bytes], bytes]) -> None:
        node = http.client.HTTPConnection(
            "127.0.0.1", cast("Between", self.server).upstream, timeout=PATIENCE
        )
        # An answer that a hook may read comes as it is, and not in gzip.
        left_out = ("connection", "accept-encoding")
        headers = {name: value for name, value in self.headers.items() if name.lower() not in left_out}
        try:
            node.request(self.command, self.path, body, headers)
            response = node.getresponse()
            answer = alter(response.read())
        except (OSError, http.client.HTTPException):
            self._hang_up()
            return
        finally:
            node.close()
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


class Gate:
    """A hook for `Between.before`: lets some publish requests through, and holds the next one until `open`.

    Rooms, which an import publishes before talks where they are not there yet, pass always.
    `then` is what happens to it afterwards; it may raise CutOffError.
    """

    def __init__(self, lets_through: int, then: Callable[[], None] = lambda: None) -> None:
        self._left = lets_through
        self._then = then
        self._arrived, self._opened = threading.Event(), threading.Event()

    def __call__(self, calls: Calls) -> None:
        if calls[0]["method"] != "panda_publishEntry" or self._arrived.is_set():
            return
        if decode(bytes.fromhex(calls[0]["params"]["messageEncoded"])).schema == ROOM.id:
            return
        if self._left:
            self._left -= 1
            return
        self._arrived.set()
        assert self._opened.wait(PATIENCE), "the test did not open the gate"
        self._then()

    def wait(self) -> None:
        """Returns once a request stands before the gate."""
        assert self._arrived.wait(PATIENCE), "no publish request came so far"

    def open(self) -> None:
        """Lets everything through from now on."""
        self._opened.set()


@contextlib.contextmanager
def between(upstream: str) -> Iterator[Between]:
    """A running proxy to a node."""
    server = Between(upstream)
    try:
        yield server
    finally:
        server.stop()
