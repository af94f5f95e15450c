"""A relay between a client and a node that remembers what both said."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import httpx


class Recorder:
    """Forwards requests to the node at `target`.

    Attributes:
        url: where it listens.
        seen: request headers, request and reply, in order of the replies.
    """

    _meeting: threading.Barrier | None = None

    def __init__(self, target: str) -> None:
        self.seen: list[tuple[dict[str, str], Any, Any]] = []
        recorder, client = self, httpx.Client(timeout=60)
        self._client = client

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = json.loads(body)
                if request["method"] == "panda_publishEntry":
                    recorder._wait()
                answer = client.post(target, content=body, headers={"Content-Type": "application/json"})
                if request["method"] == "panda_getEntryArguments":
                    recorder._wait()
                headers = {name.lower(): value for name, value in self.headers.items()}
                recorder.seen.append((headers, request, answer.json()))
                self.send_response(answer.status_code)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            def log_message(self, format: str, *args: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def meet(self) -> None:
        """Of the next two writes, neither is published before both know their slots, however busy this machine."""

        def over() -> None:
            self._meeting = None

        self._meeting = threading.Barrier(2, action=over, timeout=30)

    def _wait(self) -> None:
        meeting = self._meeting
        if meeting is not None:
            meeting.wait()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._client.close()
