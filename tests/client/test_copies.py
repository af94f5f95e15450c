"""Copies of one key that save, write, lose the network and are restored, in any order, against a real node.

What must hold whatever the order:
- after restoring, with a node in reach, every instance of the author at the node can be changed and deleted;
- whatever was signed is at the node in the end, or its loss was told, with its contents;
- a copy signs a slot twice only above an entry by another copy that the node has shown;
- a message that is bound to its slot leaves for this one alone.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from panda_web import bamboo
from panda_web.bamboo import digest
from panda_web.client import AtSlot, Client, Written
from panda_web.client.errors import InstanceNotOwn, LogDiverged
from panda_web.client.own_logs import OwnLogs
from panda_web.client.schemas import Given
from panda_web.client.store import MemoryStore
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.node import Node
from panda_web.rpc import jsonrpc
from panda_web.rpc.errors import CallFailed, NodeUnreachable
from panda_web.rpc.transport import InProcess
from tests.client.world import bound, fits
from tests.examples import examples
from tests.sqlite import Store

T = TypeVar("T")
SCHEMAS = [digest(name).hex() for name in (b"one", b"two")]
COPIES = st.integers(0, 2)


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


async def no_sleep(_: float) -> None:
    pass


class Copy:
    """The key in one browser.

    Attributes:
        offline: whether nothing leaves it.
        sent: for each slot (log id, seq num), the entries that left it, in that order.
        told: entry hashes of what its user was told to be lost.
        kept: entry hashes of what its user was told to be signed.
    """

    def __init__(self, store: Store, node: Node) -> None:
        self._node_store = store
        self._transport = InProcess(node.dispatcher())
        self.signer = CryptographySigner(bytes(range(32)))
        self.store = MemoryStore()
        self.offline = False
        self.sent: dict[tuple[int, int], list[bytes]] = {}
        self.told: set[str] = set()
        self.kept: set[str] = set()
        self.open()

    def open(self) -> None:
        """The page is opened anew."""
        self.client = Client(
            self,
            self.signer,
            store=self.store,
            verifier=CryptographyVerifier(),
            name="node",
            sleep=no_sleep,
        )

    async def send(self, body: bytes) -> bytes:
        """Is the transport, too."""
        value = jsonrpc.loads(body)
        for request in value if isinstance(value, list) else [value]:
            if request["method"] == "panda_publishEntry":
                encoded = bytes.fromhex(request["params"]["entryEncoded"])
                assert fits(encoded, bytes.fromhex(request["params"]["messageEncoded"]))
                await self._note(encoded)
        if self.offline:
            raise NodeUnreachable("offline")
        return await self._transport.send(body)

    async def close(self) -> None:
        pass

    async def _note(self, encoded: bytes) -> None:
        entry = bamboo.decode(encoded)
        sent = self.sent.setdefault((entry.log_id, entry.seq_num), [])
        if encoded in sent:
            return
        if sent:
            log = await OwnLogs(self.store, self.signer.author).get(entry.log_id)
            assert log is not None
            assert 0 < log.forked <= entry.seq_num, "no proof was shown"
            row = self._node_store.entries.log(self.signer.author, entry.log_id)
            assert row is not None
            shown = self._node_store.entries.first_at(row.key, log.forked)
            before = self.sent.get((entry.log_id, log.forked), [])
            lost = [digest(own.entry) for own in await OwnLogs(self.store, self.signer.author).lost()]
            assert shown is not None
            assert before or lost
            assert shown not in lost
        sent.append(encoded)

    def do(self, work: Coroutine[Any, Any, list[Written] | Written]) -> list[Written]:
        """Writes, and notes what the user is told; gives what was written, nothing where it failed."""
        try:
            done = run(work)
        except LogDiverged as error:
            assert error.data["messages"], "a loss is told with what it said"
            assert [m["entryHash"] for m in error.data["messages"]] == error.data["lost"]
            self.told |= set(error.data["lost"])
            return []
        except (CallFailed, InstanceNotOwn):
            return []
        written = done if isinstance(done, list) else [done]
        self.kept |= {each.entry_hash for each in written}
        return written

    def flush(self) -> None:
        """Sends; once more after each loss that is told."""

        async def work() -> list[Written]:
            await self.client.flush()
            return []

        for _ in range(8):
            before = len(self.told)
            self.do(work())
            if len(self.told) == before:
                return
        raise AssertionError("there is no end of losses")


class Copies(RuleBasedStateMachine):
    """Three of them."""

    @initialize(made=st.booleans())
    def begin(self, made: bool) -> None:
        self.store = Store()
        self.node = Node(self.store, CryptographyVerifier(), version="0")
        self.copies = [Copy(self.store, self.node) for _ in range(3)]
        if made:
            run(self.copies[0].client.key_made())
            run(self.copies[0].client.key_copied())
        for copy in self.copies[1:]:
            run(copy.client.key_restored())
        self.known: list[tuple[str, str]] = []
        self.serial = 0

    @rule(which=COPIES, schema=st.sampled_from(SCHEMAS), count=st.integers(1, 3))
    def create(self, which: int, schema: str, count: int) -> None:
        rows = [self._fields() for _ in range(count)]
        for written in self.copies[which].do(self.copies[which].client.create_many(schema, rows)):
            self.known.append((schema, written.id))

    @precondition(lambda self: self.known)
    @rule(which=COPIES, delete=st.booleans(), pick=st.integers(0, 99))
    def change(self, which: int, delete: bool, pick: int) -> None:
        schema, instance = self.known[pick % len(self.known)]
        client = self.copies[which].client
        self.copies[which].do(
            client.delete(schema, instance) if delete else client.update(schema, instance, self._fields())
        )

    @rule(which=COPIES, offline=st.booleans())
    def weather(self, which: int, offline: bool) -> None:
        self.copies[which].offline = offline

    @rule(which=COPIES)
    def restore(self, which: int) -> None:
        run(self.copies[which].client.key_restored())

    @rule(which=COPIES)
    def reopen(self, which: int) -> None:
        self.copies[which].open()

    @rule(which=COPIES)
    def flush(self, which: int) -> None:
        self.copies[which].flush()

    @invariant()
    def nothing_is_rejected(self) -> None:
        if hasattr(self, "store"):
            self._shown()

    def _fields(self) -> Given | AtSlot:
        """Every second message is bound to its slot."""
        n = self._next()
        return bound(n) if n % 2 else {"n": n}

    def _next(self) -> int:
        self.serial += 1
        return self.serial

    def _shown(self) -> list[tuple[str, str]]:
        reader = Client(InProcess(self.node.dispatcher()), verifier=CryptographyVerifier())
        found = []
        for schema in SCHEMAS:
            answer = run(reader.query(schema).all())
            assert not answer.rejected
            found += [(schema, instance.id) for instance in answer]
        return found

    def teardown(self) -> None:
        if not hasattr(self, "store"):
            return
        for copy in self.copies:
            copy.offline = False
            run(copy.client.key_restored())
            copy.flush()
            for schema, instance in self._shown():
                n = self._next()
                (written,) = copy.do(copy.client.update(schema, instance, {"n": n}))
                assert written.acknowledged
            for schema in SCHEMAS:
                (written,) = copy.do(copy.client.create(schema, {"n": 0}))
                assert written.acknowledged
            assert run(copy.client.pending()) == 0
        for copy in self.copies:
            for entry_hash in copy.kept - copy.told:
                assert self._is_held(entry_hash), "signed, not at the node, and its loss was not told"
        last = self.copies[0]
        run(last.client.key_restored())
        for schema, instance in self._shown():
            assert last.do(last.client.delete(schema, instance))[0].acknowledged
        assert self._shown() == []

    def _is_held(self, entry_hash: str) -> bool:
        sql = "SELECT 1 FROM entries WHERE hash = ?"
        return self.store.sqlite.execute(sql, (bytes.fromhex(entry_hash),)).fetchone() is not None


Copies.TestCase.settings = examples(1, dear=True, stateful_step_count=30)
TestCopies = Copies.TestCase
