"""A server that ties WebSockets together, two and two: what one says, the other hears. So both ends are a browser's."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

_SAYABLE = (1000, 1001, 1008, *range(3000, 5000))
"""Codes that an end may be said with; 1005 and 1006 mean that there was none."""


class _Pair:
    def __init__(self) -> None:
        self.ends: list[ServerConnection] = []
        self.whole = threading.Event()


@contextmanager
def mirror() -> Iterator[str]:
    """The address of such a server; those who ask for the same path are tied together."""
    pairs: defaultdict[str, _Pair] = defaultdict(_Pair)
    joining = threading.Lock()

    def tie(socket: ServerConnection) -> None:
        assert socket.request is not None
        with joining:
            pair = pairs[socket.request.path]
            pair.ends.append(socket)
            if len(pair.ends) == 2:
                pair.whole.set()
        pair.whole.wait(30)
        (other,) = (end for end in pair.ends if end is not socket)
        with suppress(ConnectionClosed):
            for message in socket:
                other.send(message)
        code = socket.close_code if socket.close_code in _SAYABLE else 1000
        other.close(code, socket.close_reason or "")

    with serve(tie, "127.0.0.1", 0, max_size=None, compression=None) as server:
        running = threading.Thread(target=server.serve_forever)
        running.start()
        try:
            yield f"ws://localhost:{server.socket.getsockname()[1]}/"
        finally:
            server.shutdown()
            running.join()
