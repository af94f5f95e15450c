"""Mutated bytes at each door: what comes out is a value or a named error, at node and client alike."""

import asyncio
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from panda_festival.schedule import read_schedule

from attacks.report import Row
from panda_web import log, messages
from panda_web.client.replay import replay
from panda_web.errors import PandaError
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages.schema import (
    FieldDefinition,
    Schema,
    read_definition,
    schema_from_toml,
    schema_to_toml,
    write_definition,
)
from panda_web.node import Node, Store
from panda_web.rpc.methods import StoredEntry
from tests.authors import SCHEMA, Author
from tests.defining import definition, loose
from tests.schedules import SMALL

SECONDS = 8.0
"""For each kind of input."""

PIECES: Sequence[bytes] = (
    b"",
    b"\0",
    b"\xff" * 9,
    b"[" * 70,
    b"]",
    b"{",
    b'"',
    b"\xfb\x7f\xf0" + bytes(6),
    b"\xbf\xff",
    b"\x9b",
    b"1e400",
    b"-0",
    b"9" * 700,
    b"\\ud800",
    "é\u202e\u0301".encode(),
    b"null",
    b"<!ENTITY a '&a;'>",
    b"\n",
)

NOTE = Schema(
    "note",
    "What is fuzzed",
    (
        FieldDefinition("title", "varchar", validation="[^<>]{1,80}"),
        FieldDefinition("when", "timestamp", optional=True),
        FieldDefinition("seats", "integer", optional=True),
    ),
)


def mutated(seeds: Sequence[bytes], draw: random.Random) -> bytes:
    """One of the seeds, changed in some places; whole parts come from others, or come again."""
    data = bytearray(draw.choice(seeds))
    for _ in range(draw.choice((1, 1, 2, 5))):
        at = draw.randrange(len(data) + 1)
        end = min(len(data), at + draw.choice((1, 2, 8, 64, 1000)))
        other = draw.choice(seeds)
        there = draw.randrange(len(other) + 1)
        if (kind := draw.randrange(6)) == 0:
            data[at:at] = draw.choice(PIECES)
        elif kind == 1:
            data[at:end] = b""
        elif kind == 2:
            data[at:at] = data[at:end]
        elif kind == 3:
            data[at:end] = other[there : there + draw.choice((1, 8, 100))]
        elif kind == 4:
            data[at:end] = draw.choice(PIECES)
        elif at < len(data):
            data[at] ^= 1 << draw.randrange(8)
    return bytes(data)


@dataclass(slots=True)
class Found:
    """What became of the inputs."""

    taken: int = 0
    refused: int = 0
    wrong: list[str] = field(default_factory=list)

    def note(self, data: bytes, look: Callable[[bytes], bool]) -> None:
        """Counts an input; `look` gives whether it is taken, or raises."""
        try:
            taken = look(data)
        except PandaError as error:
            self.refused += 1
            if not error.reason or not str(error):
                self.wrong.append(f"{type(error).__name__} says nothing, of {data[:200]!r}")
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            self.wrong.append(f"{type(error).__name__}: {error}, of {data[:200]!r}")
        else:
            self.taken += taken
            self.refused += not taken


class Verdicts:
    """What a node and a client say of the same entry."""

    def __init__(self) -> None:
        self._verifier = CryptographyVerifier()
        self._loop = asyncio.new_event_loop()
        self._author = Author()
        self._left = 0

    def entry(self, data: bytes) -> bool:
        """Of an entry that was changed on its way, with its payload behind its first two bytes."""
        size = int.from_bytes(data[:2], "big")
        return self._both(data[2 : 2 + size], data[2 + size :])

    def message(self, data: bytes) -> bool:
        """Of a message that its author signed as it is."""
        signed, payload = Author().write(data)
        return self._both(signed.encoded, payload)

    def _both(self, entry: bytes, payload: bytes) -> bool:
        if self._left == 0:
            self._left = 500
            self._node = Node(Store(), self._verifier, version="0")
        self._left -= 1
        by_node = self._loop.run_until_complete(self._publish(entry, payload))
        by_client = self._loop.run_until_complete(self._replay(entry, payload))
        if by_node != by_client:
            raise ValueError(f"the node takes it: {by_node}, the client: {by_client}")
        return by_node

    async def _publish(self, entry: bytes, payload: bytes) -> bool:
        try:
            await self._node.publish_entry(entry, payload)
        except PandaError as error:
            if error.reason != "seq-num-taken":  # sound, but of a slot that another input has
                return False
        return True

    async def _replay(self, entry: bytes, payload: bytes) -> bool:
        try:
            schema = messages.decode(payload).schema
        except PandaError:
            schema = SCHEMA
        verdicts = await log.verify_many([entry], self._verifier)
        made, _ = replay(schema, [StoredEntry(entry, payload)], {entry: verdicts[0]})
        return bool(made)

    def close(self) -> None:
        """Ends the loop."""
        self._loop.close()


def bodies() -> tuple[Sequence[bytes], Callable[[bytes], bool]]:
    """JSON-RPC bodies, and how a node answers them."""
    signed, payload = Author().create(title="A talk")
    node = Node(Store(), CryptographyVerifier(), version="0")
    schema = {"schema": SCHEMA}
    defined, (definer, definition_encoded) = definition(loose(title="varchar"))
    asyncio.run(node.publish_items([StoredEntry(definer.encoded, definition_encoded)]))
    params: dict[str, object] = {
        "panda_getEntryArguments": {"author": "ab" * 32, **schema},
        "panda_publishEntry": {"entryEncoded": signed.encoded.hex(), "messageEncoded": payload.hex()},
        "panda_queryEntries": schema,
        "panda_query": {
            "schema": defined,
            "filter": {"title": "A"},
            "orderBy": ["-title"],
            "limit": 10,
            "proof": True,
        },
        "panda_getLogs": {"limit": 10},
        "panda_getItems": {"author": "ab" * 32, "logId": 1, "start": 1, "end": -1},
        "panda_publishItems": {
            "items": [
                {"entryBytes": signed.encoded.hex(), "payloadBytes": payload.hex()},
                {"entryBytes": signed.encoded.hex(), "payloadBytes": None},
            ]
        },
        "panda_schemas": {},
        "rpc.discover": [],
    }
    calls = [{"jsonrpc": "2.0", "id": 1, "method": name, "params": given} for name, given in params.items()]
    dispatcher = node.dispatcher()

    def look(body: bytes) -> bool:
        answer = asyncio.run(dispatcher.handle(body))
        if b"internal-error" in answer or b"store-failed" in answer:
            raise ValueError(f"the node has a fault: {answer[:200]!r}")
        return b'"result"' in answer and json.loads(answer) is not None

    return [json.dumps(each).encode() for each in (*calls, calls)], look


def schema_texts() -> tuple[Sequence[bytes], Callable[[bytes], bool]]:
    """Definitions as people write them, and as messages carry them."""
    text = schema_to_toml(NOTE).encode()
    message = write_definition(NOTE).encode()

    def look(data: bytes) -> bool:
        if data[:1] == b"\xa4":
            read_definition(messages.decode(data))
        else:
            schema_from_toml(data.decode("utf-8", "replace"))
        return True

    return [text, text, message], look


def schedules() -> tuple[Sequence[bytes], Callable[[bytes], bool]]:
    """Schedule files, in JSON and XML."""
    xml = (
        b'<?xml version="1.0"?><schedule><day date="2026-08-01"><room name="A"><event id="1" guid="g"><date>'
        b"2026-08-01T10:00:00+02:00</date><title>T</title><persons><person>P</person></persons></event></room>"
        b"</day></schedule>"
    )
    return [json.dumps(SMALL(2), ensure_ascii=False).encode(), xml], lambda data: bool(read_schedule(data))


def entries() -> list[bytes]:
    """Entries with their payloads, as `Verdicts.entry` takes them."""
    made = [
        Author(1).create(title="A talk"),
        Author(2).create(n=1, x=0.5, ok=True),
        Author(3).create(s=["a"]),
    ]
    return [len(signed.encoded).to_bytes(2, "big") + signed.encoded + payload for signed, payload in made]


def run(share: float) -> Iterator[Row]:
    """Each kind of input, for some seconds."""
    verdicts = Verdicts()
    payloads = [
        payload for _, payload in (Author().create(title="A talk"), Author().create(n=1, x=0.5, s=["a"]))
    ]
    kinds = {
        "entries": (entries(), verdicts.entry),
        "messages, signed": (payloads, verdicts.message),
        "JSON bodies": bodies(),
        "schema texts": schema_texts(),
        "schedule files": schedules(),
    }
    seed = random.SystemRandom().randrange(1 << 32)
    for name, (seeds, look) in kinds.items():
        draw, found = random.Random(seed), Found()  # noqa: S311 - no secret
        for each in seeds:
            found.note(each, look)
        if found.taken != len(seeds):
            found.wrong.append("what was not changed is refused")
        end = time.monotonic() + SECONDS * share
        while time.monotonic() < end and not found.wrong:
            found.note(mutated(seeds, draw), look)
        much = f"{found.taken + found.refused:,} inputs, {found.taken:,} taken"
        wrong = f"{found.wrong[0]} (seed {seed})" if found.wrong else ""
        yield Row(f"mutated {name}", much, broken=wrong)
    verdicts.close()
