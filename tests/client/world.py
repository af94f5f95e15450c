"""A world for client tests: real node and real signatures; storage, wire and time that fail on command.

No event loop but the node's, which answers at once: every await of a fake is one checkpoint, at which a test may go on, crash the tab, or let
another tab run.
"""

import asyncio
import types
from collections.abc import AsyncIterator, Coroutine, Generator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from panda_web import bamboo, log, messages
from panda_web.bamboo import Slot
from panda_web.client import AtSlot, Client, Instance, Rejected
from panda_web.client.own_logs import OwnLogs
from panda_web.client.replay import replay
from panda_web.client.store import MemoryStore
from panda_web.keys import Verifier
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.node import Node
from panda_web.rpc import jsonrpc
from panda_web.rpc.errors import ErrorFromNode, NodeUnreachable
from panda_web.rpc.methods import StoredEntry
from panda_web.rpc.transport import InProcess
from tests.sqlite import Store


@types.coroutine
def checkpoint() -> Generator[None, None, None]:
    """Something may happen here."""
    yield


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Runs a coroutine to its end."""
    while True:
        try:
            work.send(None)
        except StopIteration as end:
            return end.value


def bound(n: int) -> AtSlot:
    """Fields of a message that says where it stands."""

    async def fields(slot: Slot) -> Mapping[str, object]:
        await checkpoint()
        return {"n": n, "seq_num": slot.seq_num, "backlink": _text(slot.backlink)}

    return AtSlot(fields)


def fits(encoded: bytes, payload: bytes) -> bool:
    """Whether a message that says where it stands is under the entry that stands there."""
    entry, fields = bamboo.decode(encoded), messages.decode(payload).fields
    if "backlink" not in fields:
        return True
    said = fields["seq_num"].value, fields["backlink"].value
    return said == (entry.seq_num, _text(entry.backlink))


def _text(backlink: bytes | None) -> str:
    return backlink.hex() if backlink is not None else ""


class Disk(MemoryStore):
    """A durable store that takes its time, before and after a commit takes effect."""

    def __init__(self) -> None:
        super().__init__()
        self._durable: dict[str, str] = {}

    def cut_power(self) -> None:
        """What need not be durable is lost."""
        self._texts, self._keys = dict(self._durable), sorted(self._durable)

    async def get(self, key: str) -> str | None:
        await checkpoint()
        return await super().get(key)

    async def scan(self, prefix: str, start: str = "", most: int | None = None) -> list[tuple[str, str]]:
        await checkpoint()
        return await super().scan(prefix, start, most)

    async def look(self, key: str, prefix: str) -> tuple[str | None, list[tuple[str, str]]]:
        await checkpoint()
        return await MemoryStore.get(self, key), await MemoryStore.scan(self, prefix)

    async def commit(
        self,
        changes: Mapping[str, str | None],
        expected: Mapping[str, str | None],
        *,
        durable: bool = True,
    ) -> None:
        await checkpoint()
        await super().commit(changes, expected)
        if durable:
            self._durable = dict(self._texts)
        await checkpoint()


class Lock:
    """Held by one at a time; given back the moment that a tab dies."""

    def __init__(self, *, works: bool = True) -> None:
        self.works = works
        self.held = False

    @asynccontextmanager
    async def __call__(self, _: str) -> AsyncIterator[None]:
        while self.works and self.held:
            await checkpoint()
        self.held = True
        try:
            yield
        finally:
            self.held = False


class Wire:
    """Carries bodies to a node, or loses or doubles them, as `faults` says of the coming ones."""

    def __init__(self, world: "World") -> None:
        self._world = world

    async def send(self, body: bytes) -> bytes:
        world = self._world
        world.note_sent(body)
        fault = world.faults.pop(0) if world.faults else "none"
        await checkpoint()
        if fault == "lose request":
            raise NodeUnreachable("lost")
        answer = asyncio.run(self._answer(body))
        if fault == "double":
            answer = asyncio.run(self._answer(body))
        await checkpoint()
        if fault == "lose reply":
            raise NodeUnreachable("lost")
        return answer

    async def _answer(self, body: bytes) -> bytes:
        """The node's answer; but what a picky one refuses for what it says does not come to it."""
        node, value = InProcess(self._world.dispatcher), jsonrpc.loads(body)
        if not (self._world.picky and isinstance(value, list)):
            return await node.send(body)
        taken = [request for request in value if not _is_picked(request)]
        answers = jsonrpc.loads(await node.send(jsonrpc.dumps(taken))) if taken else []
        replies = {reply["id"]: reply for reply in answers}
        error = ErrorFromNode("Not that one.", "pattern-not-matched")
        refused = {each["id"]: jsonrpc.error_reply(each["id"], error) for each in value if _is_picked(each)}
        return jsonrpc.dumps([(refused | replies)[request["id"]] for request in value])

    async def close(self) -> None:
        pass


def _is_picked(request: Any) -> bool:
    """Whether a picky node refuses an entry for what it says."""
    if request["method"] != "panda_publishEntry":
        return False
    fields = messages.decode(bytes.fromhex(request["params"]["messageEncoded"])).fields
    return "n" in fields and int(fields["n"].value) % 3 == 1


def _entries_in(request: Any) -> list[tuple[bytes, bytes]]:
    """The entries that a call sends to the node, with their payloads."""
    params = request.get("params", {})
    pairs = [(item["entryBytes"], item["payloadBytes"]) for item in params.get("items", ())]
    if "entryEncoded" in params:
        pairs.append((params["entryEncoded"], params["messageEncoded"]))
    return [(bytes.fromhex(entry), bytes.fromhex(payload)) for entry, payload in pairs]


class World:
    """One author, one store, one node; as many tabs as wanted.

    Attributes:
        sent: for each slot (log id, seq num), every entry that left a client for it.
        payloads: of each of these entries.
        faults: what happens to the coming requests.
        picky: whether the node refuses some entries for what they say, unless they are brought as by a peer.
    """

    def __init__(self, *, locks: bool = True, picky: bool = False) -> None:
        self.picky = picky
        self.signer = CryptographySigner(bytes(range(32)))
        self.disk = Disk()
        self.lock = Lock(works=locks)
        self.faults: list[str] = []
        self.sent: dict[tuple[int, int], set[bytes]] = {}
        self.payloads: dict[bytes, bytes] = {}
        self.new_node()

    def new_node(self) -> None:
        """An empty node at the same address."""
        self.store = Store()
        self._serve()

    def _serve(self) -> None:
        node = Node(self.store, CryptographyVerifier(), version="0")
        self.dispatcher = node.dispatcher()

    def snapshot(self) -> Store:
        """A copy of all that the node holds."""
        copy = Store()
        self.store.sqlite.backup(copy.sqlite)
        return copy

    def restore(self, copy: Store) -> None:
        """The node is what it was at that time: it lags."""
        self.store = copy
        self._serve()

    def tab(self) -> Client:
        """Another tab."""

        async def sleep(_: float) -> None:
            await checkpoint()

        return Client(
            Wire(self),
            self.signer,
            store=self.disk,
            verifier=CryptographyVerifier(),
            lock=self.lock,
            name="node",
            sleep=sleep,
        )

    def note_sent(self, body: bytes) -> None:
        """Remembers which entries left."""
        value = jsonrpc.loads(body)
        for request in value if isinstance(value, list) else [value]:
            for encoded, payload in _entries_in(request):
                entry = bamboo.decode(encoded)
                self.sent.setdefault((entry.log_id, entry.seq_num), set()).add(encoded)
                self.payloads[encoded] = payload

    def misplaced(self) -> list[bytes]:
        """Entries that were sent, or are kept, with a message that does not belong where it stands."""
        own = OwnLogs(self.disk, self.signer.author)
        kept = [each for log in run(own.logs()) for each in run(own.entries(log.log_id, 0, None))]
        pairs = [*self.payloads.items(), *((each.entry, each.payload) for each in kept)]
        return [entry for entry, payload in pairs if not fits(entry, payload)]

    def instances(self, schema: str) -> list[dict[str, Any]]:
        """What the node shows of a schema."""

        async def ask() -> list[dict[str, Any]]:
            client = Client(InProcess(self.dispatcher), verifier=CryptographyVerifier())
            answer = await client.query(schema).all()
            assert not answer.rejected
            return [{"id": instance.id, **instance.values} for instance in answer]

        return run(ask())  # type: ignore[no-any-return]


async def replayed(
    schema: str, stored: Sequence[StoredEntry], verifier: Verifier
) -> tuple[list[Instance], list[Rejected]]:
    """What entries that nobody has looked at before make."""
    encoded = list(dict.fromkeys(each.entry for each in stored))
    verdicts = await log.verify_many(encoded, verifier)
    return replay(schema, stored, dict(zip(encoded, verdicts, strict=True)))
