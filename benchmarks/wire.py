"""A line between a browser and a server: it counts what goes through, and is as slow as one wishes."""

import contextlib
import http.client
import http.server
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

CHUNK = 8192
CREDIT_SECONDS = 0.05
HOP = ("connection", "keep-alive", "transfer-encoding")
"""Headers that are between two neighbours only."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What went to the browser for one request.

    Attributes:
        method, path, status: of the request, and of the answer to it.
        size: bytes of the body as it went over the line, compressed or not.
    """

    method: str
    path: str
    status: int
    size: int


@dataclass
class Pace:
    """A line's speed, shared by all of its connections.

    Attributes:
        rate: bits a second; 0 is no limit.
    """

    rate: float
    _free: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, size: int) -> None:
        """Returns once so many bytes have gone through."""
        if not self.rate:
            return
        with self._lock:
            # A little of the past counts, since sleep ends late: else the line would be slower than it says.
            self._free = max(time.monotonic() - CREDIT_SECONDS, self._free) + size * 8 / self.rate
            free = self._free
        time.sleep(max(0.0, free - time.monotonic()))


class Wire(http.server.ThreadingHTTPServer):
    """Passes requests on to a server, each answer as it is.

    Attributes:
        url: its address, ending in a slash.
        answers: what has gone to the browser.
    """

    daemon_threads = True

    def __init__(self, target: str, rate: float) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.target = urlsplit(target).netloc
        self.pace = Pace(rate)
        self.url = f"http://localhost:{self.server_port}/"
        self.answers: list[Answer] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing: a browser hangs up when it likes."""


class _Passing(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 0

    def _pass(self) -> None:
        wire = cast("Wire", self.server)
        if "Upgrade" in self.headers:  # it carries no WebSockets, and a page in place of one would be counted
            self.send_response(426)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        with contextlib.closing(http.client.HTTPConnection(wire.target, timeout=60)) as server:
            server.request(self.command, self.path, body, asked)
            answer = server.getresponse()
            content = answer.read()
        lines = [f"HTTP/1.1 {answer.status} {answer.reason}"]
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP]
        if answer.status not in (204, 304) and not any(name.lower() == "content-length" for name, _ in kept):
            kept.append(("Content-Length", str(len(content))))
        lines += [f"{name}: {value}" for name, value in kept]
        whole = "\r\n".join([*lines, "", ""]).encode("latin-1") + content
        wire.answers.append(Answer(self.command, self.path, answer.status, len(content)))
        for at in range(0, len(whole), CHUNK):
            part = whole[at : at + CHUNK]
            wire.pace.wait(len(part))
            self.wfile.write(part)

    do_GET = do_HEAD = do_POST = do_OPTIONS = _pass  # noqa: N815 - the names that http.server calls

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: `answers` knows."""


@contextlib.contextmanager
def wire(target: str, rate: float = 0) -> Iterator[Wire]:
    """A running line to the server at `target`; `rate` in bits a second, 0 for as fast as it goes."""
    server = Wire(target, rate)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def measured_rate(line: Wire, path: str) -> float:
    """How fast a file comes through, in bits a second, over one connection."""
    before = time.monotonic()
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", line.server_port)) as client:
        client.request("GET", path, headers={"Accept-Encoding": "identity"})
        size = len(client.getresponse().read())
    return size * 8 / (time.monotonic() - before)
