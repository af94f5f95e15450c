"""A server on loopback that answers every request with what a test gives it, at the pace that it gives it."""

import contextlib
import http.server
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import cast

Chunks = Callable[[], Iterator[bytes]]


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, chunks: Chunks, headers: Mapping[str, str], tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server_port}/"
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.chunks = chunks
        self.headers = headers
        self.sent = 0
        self.over = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing where the client hung up, as it should."""


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_OPTIONS(self) -> None:
        self._begin({"Access-Control-Allow-Headers": "*"})

    def do_POST(self) -> None:
        server = cast("_Server", self.server)
        self.rfile.read(int(self.headers["Content-Length"]))
        self._begin(server.headers)
        for chunk in server.chunks():
            if server.over.is_set():
                return
            self.wfile.write(chunk)
            server.sent += len(chunk)

    def _begin(self, headers: Mapping[str, str]) -> None:
        self.send_response(200)
        for name, value in {"Access-Control-Allow-Origin": "*", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextlib.contextmanager
def lying_server(chunks: Chunks, tls: ssl.SSLContext | None = None, **headers: str) -> Iterator[_Server]:
    """A server that answers with these chunks, whoever asks; `sent` counts their bytes.

    Args:
        chunks: called for each request.
        tls: the certificate; None for plain http.
        headers: of each answer, with `_` for `-`.
    """
    server = _Server(chunks, {name.replace("_", "-"): value for name, value in headers.items()}, tls)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        serving.join()
        server.server_close()


def now_and_then() -> Iterator[bytes]:
    """A byte now and then, for ever."""
    while True:
        yield b" "
        time.sleep(0.02)
