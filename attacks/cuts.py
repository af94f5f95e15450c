"""A bad line: a proxy for bytes that refuses, swallows, delays, doubles and truncates them."""

import contextlib
import random
import socket
import threading
import time
from collections.abc import Iterator
from typing import Literal, get_args

Way = Literal["honest", "refuses", "swallows", "delays", "doubles", "truncates"]
WAYS: tuple[Way, ...] = get_args(Way)

CHUNK = 16 * 1024
SHARE = 0.2
"""Of the chunks, how many are doubled, or cut in the middle."""


class Line:
    """A listening port of loopback that leads to a port, in whatever way it is told to.

    Args:
        port: where it leads to.
        chance: decides which chunks something happens to.
    """

    def __init__(self, port: int, chance: random.Random) -> None:
        self._to = port
        self._chance = chance
        self._way: Way = "honest"
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://localhost:{self._listener.getsockname()[1]}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def become(self, way: Way) -> None:
        """From now on it is so. Connections of before end where a byte of them may be missing."""
        was, self._way = self._way, way
        if "swallows" in (was, way) or "refuses" in (was, way):
            self._end_all()

    def close(self) -> None:
        """Ends it, and every connection."""
        self._way = "refuses"
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._end_all()

    def _end_all(self) -> None:
        with self._lock:
            connections = list(self._open)
        for each in connections:
            _end(each)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # it is closed
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=[near], daemon=True).start()

    def _connect(self, near: socket.socket) -> None:
        with contextlib.ExitStack() as stack:
            stack.enter_context(near)
            if self._way == "refuses":
                return
            try:
                far = stack.enter_context(socket.create_connection(("127.0.0.1", self._to), 10))
            except OSError:  # the node is killed
                return
            far.settimeout(None)
            with self._lock:
                self._open |= {near, far}
            back = threading.Thread(target=self._pump, args=[far, near], daemon=True)
            back.start()
            self._pump(near, far)
            back.join()
            with self._lock:
                self._open -= {near, far}

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(CHUNK):
                match self._way:
                    case "swallows":
                        continue
                    case "delays":
                        time.sleep(self._chance.uniform(0, 0.3))
                    case "doubles" if self._chance.random() < SHARE:
                        chunk += chunk
                    case "truncates" if self._chance.random() < SHARE:
                        sink.sendall(chunk[: self._chance.randrange(len(chunk))])
                        break
                sink.sendall(chunk)
        _end(source)
        _end(sink)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def line(port: int, chance: random.Random) -> Iterator[Line]:
    """A bad line to a port, honest at first."""
    made = Line(port, chance)
    try:
        yield made
    finally:
        made.close()
