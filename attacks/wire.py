"""What one client can send, as plainly as it goes: raw HTTP over sockets, as many at once as it likes."""

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from tests.server.sockets import TEXT, frame

HEAD = b"POST / HTTP/1.1\r\nHost: node\r\nContent-Type: application/json\r\n"


def call(method: str, number: int = 1, **params: object) -> dict[str, object]:
    """One call."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def call_frame(method: str, **params: object) -> bytes:
    """One call, in a frame of a WebSocket."""
    return frame(TEXT, json.dumps(call(method, 1, **params)).encode())


class Stranger:
    """One client that does its worst for a while.

    Args:
        port: of the node, on loopback.
        seconds: how long.

    Attributes:
        count: requests, connections or whatever it counts.
    """

    def __init__(self, port: int, seconds: float) -> None:
        self._port = port
        self._end = time.monotonic() + seconds
        self.count = 0

    def goes_on(self) -> bool:
        """Whether there is time left."""
        return time.monotonic() < self._end

    def wait(self) -> None:
        """Until the time is over."""
        time.sleep(max(0.0, self._end - time.monotonic()))

    def open(self, sent: bytes = b"") -> socket.socket:
        """A connection, with something sent; raises OSError."""
        link = socket.create_connection(("127.0.0.1", self._port), timeout=5)
        with contextlib.suppress(OSError):
            link.sendall(sent)
        return link

    def post(self, body: object, *, read: bool = True) -> None:
        """Sends a body, and reads the answer as far as it comes in time; or leaves at once."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = HEAD + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(data)
        with contextlib.suppress(OSError), self.open(head) as link:
            link.sendall(data)
            link.settimeout(max(0.1, self._end - time.monotonic()))
            while read and self.goes_on() and link.recv(1 << 16):
                pass
        self.count += 1

    def again_and_again(self, bodies: Iterable[object], at_once: int = 8, *, read: bool = True) -> None:
        """Posts bodies round and round, so many at once, until the time is over."""
        ready = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in bodies]

        def work(number: int) -> None:
            while self.goes_on():
                self.post(ready[number % len(ready)], read=read)
                number += at_once

        self.together(at_once, work)

    def together(self, count: int, work: Callable[[int], None]) -> None:
        """Does something so many times at once."""
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(work, range(count)))
