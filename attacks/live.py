"""Who follows does their worst against a real `panda serve`, and somebody else asks a small question.

It holds what `attacks.stall` holds. Beside who follows another stranger publishes, as fast as it goes.
"""

import contextlib
import json
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping

from attacks import filled
from attacks.report import Row
from attacks.stall import Attack, apart
from attacks.wire import Stranger, call
from panda_web import messages
from panda_web.messages import infer_all
from tests.authors import Author
from tests.server.sockets import HANDSHAKE, TEXT, frame

BATCH = 50
"""Entries that are published in one call."""


def subscribe(number: int, **params: object) -> bytes:
    """The frame that subscribes to the notes."""
    said = json.dumps(call("panda_subscribe", number, schema=filled.NOTES, **params))
    return frame(TEXT, said.encode())


def flood(stranger: Stranger) -> None:
    """Subscribes by filters that are all different, more than there may be, ends them, and begins again."""

    def send(number: int) -> None:
        while stranger.goes_on():
            with _socket(stranger) as link:
                for n in range(300):
                    link.sendall(subscribe(n, filter={"n": {"gt": 1000 * number + n}}))
                    stranger.count += 1
                _drain(link)
                for n in range(2000):
                    ends = json.dumps(call("panda_unsubscribe", n, subscription=str(n)))
                    link.sendall(frame(TEXT, ends.encode()))
                _drain(link)

    _beside(stranger, 8, send, text=100)


def dear_filters(stranger: Stranger) -> None:
    """Follows by filters of 64 comparisons in texts, all that a filter may have; each is read through."""
    never = [{"text": {"contains": "x" * 100 + str(n)}} for n in range(63)]

    def send(number: int) -> None:
        with _socket(stranger) as link:
            for n in range(200):
                link.sendall(subscribe(n, filter={"or": [*never, {"n": -1000 * number - n}]}))
                stranger.count += 1
            while stranger.goes_on():
                _drain(link)

    _beside(stranger, 8, send, text=8000)


def nonsense(stranger: Stranger) -> None:
    """Goes on from cursors that are none, and from the beginning of 20,000 changes, again and again."""
    begin = ".0..0"

    def send(number: int) -> None:
        cursors = ["", "x" * 100_000, ".".join(("00" * 16, "9" * 30, "", "0")), secrets.token_hex(16) + begin]
        while stranger.goes_on():
            with _socket(stranger) as link:
                link.sendall(subscribe(0))
                answer = link.recv(1 << 16)
                store = answer.partition(b'"cursor":"')[2].partition(b".")[0].decode()
                for n, since in enumerate([*cursors, *([store + begin] * 50)]):
                    link.sendall(subscribe(n, since=since, proof=bool(number % 2)))
                    stranger.count += 1
                _drain(link)

    _beside(stranger, 8, send, text=100)


def unread(stranger: Stranger) -> None:
    """Follows all with proofs over 90 WebSockets, and reads nothing while thousands of changes come."""
    with contextlib.ExitStack() as links:
        for _ in range(90):
            with contextlib.suppress(OSError):
                link = links.enter_context(_socket(stranger))
                link.sendall(b"".join(subscribe(n, proof=True) for n in range(10)))
                stranger.count += 10
        _publish(stranger, 2000)
        stranger.wait()


def _beside(stranger: Stranger, count: int, send: Callable[[int], None], text: int) -> None:
    """Some who follow at once, and one who writes."""

    def work(number: int) -> None:
        if number == count:
            _publish(stranger, text)
        else:
            with contextlib.suppress(OSError):
                send(number)

    stranger.together(count + 1, work)


def _publish(stranger: Stranger, text: int) -> None:
    """Creates notes, then changes and deletes them, as fast as it goes."""
    author = Author(50)
    while stranger.goes_on():
        rows = [{"text": "x" * text, "n": n} for n in range(BATCH)]
        made = author.write_many([messages.create(filled.NOTES, infer_all(row)) for row in rows])
        ids = [signed.hash.hex() for signed, _ in made]
        made += author.write_many([messages.update(filled.NOTES, each, infer_all({"n": -1})) for each in ids])
        made += author.write_many([messages.delete(filled.NOTES, each) for each in ids])
        entries = [
            {"entryEncoded": one.encoded.hex(), "messageEncoded": payload.hex()} for one, payload in made
        ]
        for at in range(0, len(entries), BATCH):
            part = entries[at : at + BATCH]
            stranger.post([{**call("panda_publishEntry", n), "params": each} for n, each in enumerate(part)])


@contextlib.contextmanager
def _socket(stranger: Stranger) -> Iterator[socket.socket]:
    with stranger.open(HANDSHAKE) as link:
        link.recv(12)
        link.settimeout(0.5)
        yield link


def _drain(link: socket.socket) -> None:
    """Reads what comes, until nothing does for a moment."""
    with contextlib.suppress(TimeoutError):
        while link.recv(1 << 20):
            pass


ATTACKS: Mapping[str, Attack] = {
    "a flood of subscriptions": Attack(flood, filled.updates),
    "filters that are dear": Attack(dear_filters, filled.updates),
    "cursors of nonsense": Attack(nonsense, filled.updates),
    "changes that nobody reads": Attack(unread, filled.updates),
}


def run(share: float) -> Iterator[Row]:
    """Each attack on a node of its own."""
    return apart(ATTACKS, share)
