"""One client does its worst against a real `panda serve`, while another one asks a small question.

The other one waits no longer than a second, gets an answer each time, and the node stays below 512 MiB.
"""

import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cbor2

from attacks import filled
from attacks.report import MOST_WAIT, Row
from attacks.wire import HEAD, Stranger, call
from attacks.witness import QUESTION
from panda_web.bamboo import digest
from tests.authors import SCHEMA, Author
from tests.processes import ROOT, ServedNode
from tests.server.sockets import HANDSHAKE, PING, TEXT, frame

SECONDS = 5.0
"""For each attack."""

MIB = 1 << 20

Fill = Callable[[Path, float], None]


@dataclass(frozen=True, slots=True)
class Attack:
    """One way to stop a node.

    Attributes:
        goes: what the client does.
        fill: what it has put there beforehand.
        seconds: how long.
    """

    goes: Callable[[Stranger], None]
    fill: Fill | None = None
    seconds: float = SECONDS


def nothing(stranger: Stranger) -> None:
    """For comparison."""
    stranger.wait()


def long_texts(stranger: Stranger) -> None:
    """Orders by them, four at once."""
    orders = (["text"], ["-text"], ["text", "n"])
    stranger.again_and_again(
        (call("panda_query", schema=filled.NOTES, orderBy=order, limit=1000) for order in orders), 4
    )


def not_replayable(stranger: Stranger) -> None:
    """Asks for them as old clients do."""
    stranger.again_and_again([call("panda_queryEntries", schema=SCHEMA)], 4)


def proofs(stranger: Stranger) -> None:
    """Has the proof of an instance made that was changed 20,000 times."""
    stranger.again_and_again([call("panda_query", schema=filled.NOTES, proof=True)], 4)


def many_logs(stranger: Stranger) -> None:
    """Asks for entry arguments of an author with 20,000 logs."""
    author = filled.NAME.hex()
    stranger.again_and_again(
        [
            [
                call("panda_getEntryArguments", n, author=author, schema=digest(b"%d" % n).hex())
                for n in range(1000)
            ]
        ],
        4,
    )


def many_fields(stranger: Stranger) -> None:
    """Publishes messages of 30,000 fields, 40 at once, and then again and again such of 256."""
    fields = {f"f{n:05}": {"type": "int", "value": n} for n in range(30_000)}
    few = dict(list(fields.items())[:256])
    whole = cbor2.loads(Author().create()[1])
    bodies = [_published(number, cbor2.dumps({**whole, "fields": fields})) for number in range(1, 41)]
    stranger.together(len(bodies), lambda number: stranger.post(bodies[number]))
    stranger.again_and_again(
        (_published(number, cbor2.dumps({**whole, "fields": few})) for number in range(41, 240)), 8
    )


def _published(author: int, payload: bytes) -> dict[str, object]:
    signed, _ = Author(author).write(payload)
    entry = {"entryEncoded": signed.encoded.hex(), "messageEncoded": payload.hex()}
    return {**call("panda_publishEntry"), "params": entry}


def brackets(stranger: Stranger) -> None:
    """Sends 8 MiB of empty lists, and of commas, and of numbers."""
    pieces = (b"[],", b"{},", b"[[[[]]]],", b"1,", b'"",')
    bodies = [b"[" + piece * ((8 * MIB - 10) // len(piece)) + b"0]" for piece in pieces]
    stranger.again_and_again(bodies, 4)


def batches(stranger: Stranger) -> None:
    """Sends batches of 1,000 calls that are work, and leaves without the answer."""
    query = [
        call(
            "panda_query",
            n,
            schema=filled.NOTES,
            filter={"n": n},
            orderBy=["text", "n"],
            limit=1000,
            proof=True,
        )
        for n in range(1000)
    ]
    entries = [call("panda_queryEntries", n, schema=SCHEMA) for n in range(1000)]

    def leave(number: int) -> None:
        data = json.dumps((query, entries)[number % 2]).encode()
        while stranger.goes_on():
            with contextlib.suppress(OSError), stranger.open() as link:
                link.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(data) + data)
                time.sleep(0.2)
            stranger.count += 1

    stranger.together(4, leave)


def idle(stranger: Stranger) -> None:
    """Opens 1,100 connections and says nothing, or half a head."""
    _keep(stranger, (b"" if number % 2 else HEAD[:30] for number in range(1100)))


def half_bodies(stranger: Stranger) -> None:
    """Sends 7 of 8 MiB, 150 times, and no more."""
    body = HEAD + b"Content-Length: %d\r\n\r\n" % (8 * MIB) + bytes(7 * MIB)
    _keep(stranger, (body for _ in range(150)))


def not_read(stranger: Stranger) -> None:
    """Asks 100 times for much, and reads nothing of it."""
    body = json.dumps([call("rpc.discover", n) for n in range(1000)]).encode()
    _keep(stranger, (HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body for _ in range(100)))


def _keep(stranger: Stranger, sent: Iterator[bytes]) -> None:
    with contextlib.ExitStack() as links:
        for each in sent:
            if not stranger.goes_on():
                break
            with contextlib.suppress(OSError):
                links.enter_context(stranger.open(each))
                stranger.count += 1
        stranger.wait()


def single_bytes(stranger: Stranger) -> None:
    """Sends a body as chunks of one byte, a million and more of them, on eight connections."""
    head, pieces = HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 1000

    def send(_: int) -> None:
        while stranger.goes_on():
            with contextlib.suppress(OSError), stranger.open(head) as link:
                while stranger.goes_on():
                    link.sendall(pieces)
                    stranger.count += 1000

    stranger.together(8, send)


def small_calls(stranger: Stranger) -> None:
    """Asks small questions as fast as it can, and many behind one another, without waiting."""
    body = json.dumps(call("panda_getEntryArguments", author="ab" * 32, schema=SCHEMA)).encode()
    some = (HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body) * 50

    def send(_: int) -> None:
        while stranger.goes_on():
            with contextlib.suppress(OSError), stranger.open() as link:
                link.settimeout(2)
                while stranger.goes_on():
                    link.sendall(some)
                    stranger.count += 50
                    if not link.recv(1 << 16):
                        break

    stranger.together(4, send)


def frames(stranger: Stranger) -> None:
    """Sends the smallest frames there are over eight WebSockets, as fast as it can, and reads nothing."""
    kinds = (frame(PING, b"?") * 200, frame(TEXT, b"x") * 1000, frame(TEXT, b" ", last=False))

    def send(number: int) -> None:
        while stranger.goes_on():
            with contextlib.suppress(OSError), stranger.open(HANDSHAKE) as link:
                link.recv(12)
                while stranger.goes_on():
                    link.sendall(kinds[number % len(kinds)])
                    stranger.count += 1

    stranger.together(8, send)


def half_messages(stranger: Stranger) -> None:
    """Sends 7 of 8 MiB over 150 WebSockets, and no more."""
    with contextlib.ExitStack() as links:
        for _ in range(150):
            if not stranger.goes_on():
                break
            with contextlib.suppress(OSError):
                link = links.enter_context(stranger.open(HANDSHAKE))
                link.recv(12)
                stranger.count += 1
                link.sendall(frame(TEXT, bytes(7 * MIB), size=8 * MIB))
        stranger.wait()


def junk_schemas(stranger: Stranger) -> None:
    """Has 330,000 schemas listed."""
    stranger.again_and_again([call("panda_schemas"), call("panda_query", schema="talk")], 4)


def definitions(stranger: Stranger) -> None:
    """Has schemas of 256 fields listed, 1,000 of them, and defines some of its own in between."""
    bodies: list[dict[str, object]] = []
    for signed, payload in filled.wide_definitions(60):
        entry = {"entryEncoded": signed.encoded.hex(), "messageEncoded": payload.hex()}
        bodies += [{**call("panda_publishEntry"), "params": entry}, call("panda_schemas", limit=1000)]
    stranger.again_and_again(bodies, 4)


def sessions(stranger: Stranger) -> None:
    """Says over eight WebSockets what a session could choke on, and reads the half of them now and then."""
    asked = call("panda_query", schema=filled.NOTES, limit=1000)
    said: list[object] = [{**asked, "id": "again and again"} for _ in range(20)]
    said += [
        {"jsonrpc": "2.0", "method": "cancel", "params": {"id": "again and again"}},
        {"jsonrpc": "2.0", "method": "cancel", "params": {"id": []}},
        {"jsonrpc": "2.0", "id": "never asked", "result": [0] * 1000},
        {"jsonrpc": "2.0", "id": None, "error": {"code": 1, "message": "x" * 1000}},
        {"jsonrpc": "2.0", "method": "progress", "params": {"id": 1, "stage": "x", "done": 1, "total": 1}},
        {**asked, "id": "x" * 100_000},
        {**asked, "method": "x" * 10_000},
        [{**asked, "id": n} for n in range(100)],
        [{"jsonrpc": "2.0", "id": n, "result": None} for n in range(1000)],
    ]
    texts = [json.dumps(each).encode() for each in said] + [b"[" * 1000, b'{"id":' * 60, b"\xff", b""]
    frames = b"".join(frame(TEXT, each) for each in texts)

    def send(number: int) -> None:
        while stranger.goes_on():
            with contextlib.suppress(OSError), stranger.open(HANDSHAKE) as link:
                link.recv(12)
                for _ in range(20):
                    link.sendall(frames)
                    stranger.count += len(texts)
                    if number % 2 and stranger.goes_on():
                        link.recv(1 << 20)
                link.sendall(frame(TEXT, b"{", size=1000))  # and leaves in the middle

    stranger.together(8, send)


ATTACKS: Mapping[str, Attack] = {
    "nothing": Attack(nothing),
    "ordering by texts of 1 MiB": Attack(long_texts, filled.long_texts),
    "what cannot be replayed": Attack(not_replayable, filled.not_replayable),
    "proofs of 20,000 changes": Attack(proofs, filled.updates),
    "an author with 20,000 logs": Attack(many_logs, filled.many_logs),
    "messages of many fields": Attack(many_fields),
    "8 MiB of brackets": Attack(brackets),
    "batches, and gone": Attack(batches, filled.updates),
    "idle connections": Attack(idle),
    "half-sent bodies": Attack(half_bodies),
    "answers nobody reads": Attack(not_read),
    "chunks of one byte": Attack(single_bytes),
    "small calls without a pause": Attack(small_calls),
    "small frames without a pause": Attack(frames),
    "half-sent messages": Attack(half_messages),
    "330,000 schemas": Attack(junk_schemas, filled.junk_schemas),
    "1,000 schemas of 256 fields": Attack(definitions, filled.definitions),
    "what a session could choke on": Attack(sessions, filled.updates),
}


def run(share: float) -> Iterator[Row]:
    """Each attack on a node of its own."""
    return apart(ATTACKS, share)


def apart(
    attacks: Mapping[str, Attack], share: float, *options: str, all_calls: bool = False
) -> Iterator[Row]:
    """Some attacks, each on a node of its own; see `under`."""
    for name, attack in attacks.items():
        with tempfile.TemporaryDirectory() as folder:
            yield under(name, attack, Path(folder), share, *options, all_calls=all_calls)


def under(
    name: str, attack: Attack, folder: Path, share: float, *options: str, all_calls: bool = False
) -> Row:
    """What another client notices of an attack.

    Args:
        name: of the attack.
        attack: what is done.
        folder: an empty one.
        share: of the time and size that it usually has.
        options: of `panda serve`.
        all_calls: whether the other client asks queries and publishes, too.
    """
    if attack.fill is not None:
        attack.fill(folder / "data", share)
    node = ServedNode(folder / "data", None, *options, heard=False)
    node.errors = folder / "errors.txt"
    with node, _witness(node.port, *(["all"] if all_calls else [])) as other:
        stranger = Stranger(node.port, attack.seconds * share)
        attack.goes(stranger)
        said, _ = other.communicate("", timeout=60)
        saw = json.loads(said)
        memory = _most_memory(node.pid)
    waits = {kind: sorted(each) for kind, each in saw["waits"].items()}
    much = [f"{stranger.count:,} times"] if stranger.count else []
    wrong = [f"{saw['misses']} of {saw['misses'] + saw['answers']} calls unanswered"] if saw["misses"] else []
    for kind, found in waits.items():
        if kind != QUESTION:
            slow = found[len(found) * 19 // 20]
            much.append(f"a {kind} {found[len(found) // 2]:.0f} ms, 19 of 20 {slow:.0f} ms")
            if slow > MOST_WAIT:
                wrong.append(f"1 of 20 times a {kind} takes more than {MOST_WAIT:.0f} ms")
    return Row(name, "; ".join(much), waits[QUESTION][-1], memory, "; ".join(wrong))


@contextlib.contextmanager
def _witness(port: int, *said: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "attacks.witness", str(port), *said]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as other:  # noqa: S603
        assert other.stdout is not None  # noqa: S101
        other.stdout.readline()
        try:
            yield other
        finally:
            other.kill()


def _most_memory(pid: int) -> float | None:
    """MiB that a process ever had in memory; only Linux says it."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return None
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text("utf-8"))[0]) / 1024
