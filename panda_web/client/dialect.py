"""What a node understands, found out once for each connection: the rest of the client asks no more about it.

    rpc.discover names panda_query     a present-day node: `PresentDay`
    rpc.discover is no method of it    an early one, as aquadoggo 0.1.0: `client.early`

The two are one in what `panda_getEntryArguments` and `panda_queryEntries` are called and take.
"""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

from panda_web import log as log_module
from panda_web.bamboo import ForkProof, digest
from panda_web.client.asked import Asked
from panda_web.client.check import Answer, check_answer, proof_of
from panda_web.client.definitions import SignedDefinition
from panda_web.client.errors import ProofMismatch
from panda_web.client.evaluating import Evaluator
from panda_web.client.log_state import OwnEntry
from panda_web.errors import PandaError
from panda_web.keys import Verifier
from panda_web.log import SignedEntry
from panda_web.messages import Message
from panda_web.messages.schema import DEFINITION
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import WITHOUT_VIEW, AnswerMalformed, ErrorFromNode, MethodNotFound, RpcError
from panda_web.rpc.forks import GET_FORK_PROOFS
from panda_web.rpc.methods import (
    GET_ENTRY_ARGUMENTS,
    GET_ITEMS,
    MAX_LIMIT,
    NO_SCHEMA,
    PUBLISH_ENTRY,
    PUBLISH_ITEMS,
    QUERY,
    QUERY_ENTRIES,
    EntryArguments,
    ItemOutcome,
    Published,
    StoredEntry,
)
from panda_web.rpc.types import HEX, Json, member

T = TypeVar("T")

AT_ONCE = 100
"""Entries of a stretch of a log that are asked for at once."""

Shown = list[tuple[SignedEntry, bytes]]
"""Signed entries, each with its payload, or b"" where that did not come."""


class Dialect(Protocol):
    """How a node is spoken to."""

    def check(self, messages: Sequence[Message]) -> None:
        """Raises NodeTooOld where the node cannot take such messages; asked before they are signed."""

    async def arguments(self, author: bytes, schema: str) -> EntryArguments:
        """What the author's next entry for the schema must contain."""

    async def another_log(self, author: bytes, schema: str) -> EntryArguments:
        """The same for a new log; what `arguments` names is in use for something else, or given up."""

    async def publish(self, entries: Sequence[OwnEntry]) -> tuple[int, PandaError | None]:
        """Sends entries of one log, in order, up to the first that the node refuses or cannot take.

        Returns:
            The last seq num that was acknowledged (0 for none), and the first error.

        Raises:
            NodeUnreachable: nothing is known; the same call again is right.
        """

    async def offer(self, items: Sequence[StoredEntry]) -> Sequence[ItemOutcome]:
        """Brings entries as a peer does; gives what became of each, or nothing: it may know no such way."""

    async def held(self, author: bytes, log_id: int, first: int, last: int) -> Sequence[StoredEntry] | None:
        """The entries of a stretch of a log, without payloads, up to the first one that the node lacks.

        None where the node holds no log in parts, so that its end says all.
        """

    async def forks(self, author: bytes) -> Sequence[ForkProof]:
        """What the node can prove against an author; what proves nothing is left out."""

    async def branch(self, schema: str, author: bytes, log_id: int, above: int) -> Shown:
        """Signed entries of one log: all above a seq num, and what links the last one to entry 1.

        The last one comes with its payload, which a node always has; of others it may be missing (empty).
        """

    def downwards(
        self, schema: str, author: bytes, log_id: int, first: int, last: int
    ) -> AsyncIterator[Shown]:
        """Signed entries of a stretch of a log, with payloads, part by part from its last one down.

        Args:
            schema: of the log's messages.
            author: 32 bytes.
            log_id: the log.
            first: the lowest seq num; a node may give others too.
            last: the highest.
        """

    async def query(self, asked: Asked) -> Answer:
        """Instances, each rebuilt from its entries and checked."""

    async def count(self, asked: Asked) -> int:
        """How many instances there are, by the node's word where it evaluates the query."""

    async def definition(self, schema: str) -> SignedDefinition | None:
        """The signed entry that defines a schema; None where the node gives none.

        Raises:
            InvalidProof and others: what the node gives is none.
        """


class PresentDay:
    """A node that answers batches and `panda_query`, and takes again what it has.

    Args:
        connection: to the node.
        verifier: checks signatures.
    """

    def __init__(self, connection: Connection, verifier: Verifier) -> None:
        self._connection = connection
        self._verifier = verifier
        self._evaluator = Evaluator(self._stored, verifier)

    def check(self, messages: Sequence[Message]) -> None:
        """Takes whatever this client can sign."""

    async def arguments(self, author: bytes, schema: str) -> EntryArguments:
        """What the author's next entry for the schema must contain."""
        return await ask_arguments(self._connection, author, schema)

    async def another_log(self, author: bytes, schema: str) -> EntryArguments:  # noqa: ARG002 - any log will do
        """Asks as if for a schema that has no log yet."""
        return await ask_arguments(self._connection, author, NO_SCHEMA)

    async def publish(self, entries: Sequence[OwnEntry]) -> tuple[int, PandaError | None]:
        """Sends one batch."""
        calls = [{"entryEncoded": e.entry.hex(), "messageEncoded": e.payload.hex()} for e in entries]
        replies = await self._connection.call_batch(PUBLISH_ENTRY, calls)
        acknowledged = 0
        for entry, reply in zip(entries, replies, strict=True):
            if isinstance(reply, RpcError):
                return acknowledged, reply
            sent = log_module.recall(entry.entry)
            wrong = acknowledges_other(sent, reply, reply.entry_hash or sent.hash.hex())
            if wrong is not None:
                return acknowledged, wrong
            acknowledged = entry.seq_num
        return acknowledged, None

    async def offer(self, items: Sequence[StoredEntry]) -> Sequence[ItemOutcome]:
        """`panda_publishItems`, which older nodes do not have."""
        brought = [
            {"entryBytes": each.entry.hex(), "payloadBytes": each.payload.hex() if each.payload else None}
            for each in items
        ]
        outcomes = await _if_known(self._connection.call(PUBLISH_ITEMS, items=brought))
        hashes = [digest(each.entry).hex() for each in items]
        if outcomes is not None and [each.entry_hash for each in outcomes] != hashes:
            raise AnswerMalformed("The node says what became of other entries than were brought.")
        return outcomes or []

    async def held(self, author: bytes, log_id: int, first: int, last: int) -> Sequence[StoredEntry] | None:
        """Asks for them page by page. Older nodes, which do not know the call, hold no log in parts."""
        return await _if_known(self._stretch(author, log_id, first, last))

    async def forks(self, author: bytes) -> Sequence[ForkProof]:
        """Asks for the first of them, and checks their signatures."""
        said = await _if_known(self._connection.call(GET_FORK_PROOFS, author=author.hex(), limit=MAX_LIMIT))
        found = []
        for each in said or ():
            if each.proof.author == author:
                with suppress(PandaError):
                    found.append(await log_module.verify_proof(each.proof.encode(), self._verifier))
        return found

    async def branch(self, schema: str, author: bytes, log_id: int, above: int) -> Shown:
        """Asks for the last entry with its path down to entry 1, then for the others, page by page."""
        found = await _if_known(self._items(author, log_id, -1, -1, hops=255, payloads=True))
        if found is None:
            return await held_of_log(self._connection, self._verifier, schema, author, log_id)
        last = max((signed.entry.seq_num for signed, _ in found), default=0)
        if last - 1 > above:
            found += await self._items(author, log_id, above + 1, last - 1)
        return found

    async def downwards(
        self, schema: str, author: bytes, log_id: int, first: int, last: int
    ) -> AsyncIterator[Shown]:
        """Asks for some entries after the other. Older nodes, which do not know the call, give all."""
        while last >= first:
            start = max(first, last - AT_ONCE + 1)
            found = await _if_known(self._items(author, log_id, start, last, payloads=True))
            if found is None:
                yield await held_of_log(self._connection, self._verifier, schema, author, log_id)
                return
            yield found
            last = start - 1

    async def _items(
        self, author: bytes, log_id: int, start: int, end: int, hops: int = 0, *, payloads: bool = False
    ) -> Shown:
        given = await self._stretch(author, log_id, start, end, hops, payloads=payloads)
        return await signed_of(given, self._verifier, author, log_id)

    async def _stretch(
        self, author: bytes, log_id: int, start: int, end: int, hops: int = 0, *, payloads: bool = False
    ) -> list[StoredEntry]:
        given: list[StoredEntry] = []
        place: int | None = start
        while place is not None:
            items = await self._connection.call(
                GET_ITEMS,
                author=author.hex(),
                logId=log_id,
                start=place,
                end=end,
                distLow=hops,
                payloads=payloads,
            )
            given += items.entries
            if items.next is not None and not (items.entries and place < items.next <= end):
                raise AnswerMalformed(f"The node's answer to {GET_ITEMS.name} does not go on.")
            place = items.next
        return given

    async def query(self, asked: Asked) -> Answer:
        """Asks for the instances with their proofs; of a schema without a view they are evaluated here."""
        if asked.goes_on and self._evaluator.has_looked_at(asked.schema):
            return await self._evaluator.query(asked.with_cursor())
        try:
            items = await self._connection.call(QUERY, **asked.params, proof=True)
        except ErrorFromNode as error:
            if error.reason not in WITHOUT_VIEW:
                raise
            return await self._evaluator.query(asked.with_cursor())
        return await check_answer(asked, _listed(items), self._verifier)

    async def count(self, asked: Asked) -> int:
        """Asks for the number; of a schema without a view they are counted here."""
        try:
            answer = await self._connection.call(QUERY, **asked.params, count=True)
        except ErrorFromNode as error:
            if error.reason not in WITHOUT_VIEW:
                raise
            return await self._evaluator.count(asked.query)
        if not isinstance(answer, dict):
            raise AnswerMalformed(f"The node's answer to {QUERY.name} is no number of instances.")
        return int(answer["count"])

    async def _stored(self, schema: str) -> Sequence[StoredEntry]:
        return await self._connection.call(QUERY_ENTRIES, schema=schema, everything=True)

    async def definition(self, schema: str) -> SignedDefinition | None:
        """Asks for the definition as for any instance, and takes the entry from its proof."""
        asked = Asked.of(str(DEFINITION.id), {"id": schema}, limit=1)
        items = _listed(await self._connection.call(QUERY, **asked.params, proof=True))
        answer = await check_answer(asked, items, self._verifier)
        for rejected in answer.rejected:
            raise rejected.error
        if not answer:
            return None
        if answer[0].edited:
            raise ProofMismatch("The node shows a schema definition as changed, and such never change.")
        (created,) = [each for each in proof_of(items[0]) if each.payload is not None]
        return SignedDefinition(created.entry, created.payload or b"")


def _listed(answer: Json) -> list[dict[str, Json]]:
    if isinstance(answer, list):
        return answer
    raise AnswerMalformed(f"The node's answer to {QUERY.name} is a number, and instances were asked for.")


async def _if_known(call: Awaitable[T]) -> T | None:
    """What a call gives; None where the node is an older one, which does not know the method."""
    try:
        return await call
    except ErrorFromNode as error:
        if error.node_code != MethodNotFound.code:
            raise
        return None


def acknowledges_other(sent: SignedEntry, reply: Published, named: str | None) -> AnswerMalformed | None:
    """What is wrong with an acknowledgement, which must be about the entry that was sent."""
    if named != sent.hash.hex():
        return AnswerMalformed("The node acknowledged another entry than was sent.")
    if reply.next.log_id != sent.entry.log_id:
        return AnswerMalformed("The node acknowledged an entry of another log.")
    return None


async def shown_in(
    refusal: ErrorFromNode, verifier: Verifier, author: bytes, log_id: int
) -> list[SignedEntry]:
    """The entry that a node says it holds in place of one that it refuses, if it is one of this log."""
    data = refusal.data.get("node")
    try:
        encoded = member(data, "entryBytes", HEX)
    except ValueError:
        return []
    return await signed_in([encoded], verifier, author, log_id)


async def ask_arguments(connection: Connection, author: bytes, schema: str) -> EntryArguments:
    """`panda_getEntryArguments`."""
    return await connection.call(GET_ENTRY_ARGUMENTS, author=author.hex(), schema=schema)


async def held_of_log(
    connection: Connection, verifier: Verifier, schema: str, author: bytes, log_id: int
) -> Shown:
    """The signed entries of one log, with payloads, that the node gives for a schema."""
    stored = await connection.call(QUERY_ENTRIES, schema=schema)
    return await signed_of(stored, verifier, author, log_id)


async def signed_of(stored: Sequence[StoredEntry], verifier: Verifier, author: bytes, log_id: int) -> Shown:
    """The signed entries of one log, with payloads, among some."""
    payloads = {item.entry: item.payload or b"" for item in stored}
    signed = await signed_in(list(payloads), verifier, author, log_id)
    return [(each, payloads[each.encoded]) for each in signed]


async def signed_in(
    encoded: Sequence[bytes], verifier: Verifier, author: bytes, log_id: int
) -> list[SignedEntry]:
    """Those that are canonical, signed, and of one log."""
    verdicts = await log_module.verify_many(encoded, verifier)
    return [
        signed
        for signed in verdicts
        if isinstance(signed, SignedEntry) and (signed.entry.author, signed.entry.log_id) == (author, log_id)
    ]
