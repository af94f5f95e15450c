"""A thousand WebSockets at once against a real `panda serve`, and what another client feels of them.

The node believes a proxy on this machine, so the thousand are twenty visitors, none of whom is the other
client. That one asks the small question, asks a query and publishes: half of each are answered at once, as if
nobody else were there, and 19 of 20 within a second.
"""

import contextlib
import selectors
import socket
from collections.abc import Callable, Iterator, Mapping

from attacks import filled
from attacks.report import Row
from attacks.stall import Attack, apart
from attacks.wire import Stranger, call_frame
from tests.server.sockets import HANDSHAKE, TEXT, frame

COUNT = 1000
VISITORS = 20
SECONDS = 10.0
"""For each attack."""

SOUGHT = 15
"""Comparisons in the filter that they all follow."""

DEAR = {"or": [{"text": {"contains": f"needle {number}"}} for number in range(SOUGHT - 1)]}
DEAR["or"].append({"text": {"contains": "note"}})


def crowd(
    stranger: Stranger, first: Callable[[int], bytes], opened: contextlib.ExitStack
) -> list[socket.socket]:
    """Opens them, each with something sent, as far as there is time."""
    links = []
    for number in range(COUNT):
        if not stranger.goes_on():
            break
        said = f"X-Forwarded-For: 10.0.0.{number % VISITORS}\r\n\r\n".encode()
        with contextlib.suppress(OSError):
            link = opened.enter_context(stranger.open(HANDSHAKE[:-2] + said))
            if link.recv(1 << 12).startswith(b"HTTP/1.1 101"):
                link.sendall(first(number))
                links.append(link)
                stranger.count += 1
    return links


def _keep(stranger: Stranger, first: Callable[[int], bytes]) -> None:
    """Opens them, and reads of every second one whatever comes."""
    with contextlib.ExitStack() as opened, selectors.DefaultSelector() as ready:
        for link in crowd(stranger, first, opened)[::2]:
            ready.register(link, selectors.EVENT_READ)
        while stranger.goes_on():
            for key, _ in ready.select(0.1):
                with contextlib.suppress(OSError):
                    if key.fileobj.recv(1 << 16):  # type: ignore[union-attr]
                        continue
                ready.unregister(key.fileobj)


def idle(stranger: Stranger) -> None:
    """Says nothing."""
    _keep(stranger, lambda _: b"")


def half_frames(stranger: Stranger) -> None:
    """Sends 60 of 64 KiB, or a part of a frame's head."""
    half = frame(TEXT, bytes(60 << 10), size=64 << 10)
    _keep(stranger, lambda number: half if number % 2 else half[:3])


def followers(stranger: Stranger) -> None:
    """Follows notes by a dear filter, which each note of the other client passes."""
    asked = call_frame("panda_subscribe", schema=filled.NOTES, filter=DEAR)
    _keep(stranger, lambda _: asked)


def readers(stranger: Stranger) -> None:
    """Asks for all the notes there are, in an order that no index has."""
    asked = call_frame("panda_query", schema=filled.NOTES, orderBy=["text"], limit=1000)
    _keep(stranger, lambda _: asked)


ATTACKS: Mapping[str, Attack] = {
    "1,000 WebSockets that say nothing": Attack(idle, filled.notes, SECONDS),
    "1,000 WebSockets of half frames": Attack(half_frames, filled.notes, SECONDS),
    "1,000 followers of a dear filter": Attack(followers, filled.notes, SECONDS),
    "1,000 WebSockets that ask for much": Attack(readers, filled.notes, SECONDS),
}


def run(share: float) -> Iterator[Row]:
    """Each attack on a node of its own."""
    return apart(ATTACKS, share, "--proxy", "127.0.0.1", all_calls=True)
