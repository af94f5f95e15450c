"""What is asked of a source, and how its answers are read: each is bounded, and what it says has an order."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from panda_web.errors import PandaError
from panda_web.messages.schema import DEFINITION
from panda_web.query import Cursor, write_cursor
from panda_web.rpc import types
from panda_web.rpc.connection import Connection, Way
from panda_web.rpc.errors import AnswerMalformed, ErrorFromNode, InvalidParams, MethodNotFound
from panda_web.rpc.methods import GET_ITEMS, QUERY, QUERY_ENTRIES, StoredEntry
from panda_web.rpc.removed import GET_REMOVED
from panda_web.rpc.reopening import Reopening
from panda_web.rpc.types import Json
from panda_web.rpc.wish import EVERYTHING, Log, Wish
from panda_web.sync import fitting
from panda_web.sync.errors import ItemUnfit

PAGE = 100
"""Instances that are fetched together, with their proofs."""

LISTED = 1000
"""Instances that are listed together, without."""

MAX_PATH = 200
"""Entries that link one to entry 1, of which the JSON wire's greatest seq num has some sixty."""

MOST_TAILS = 64
"""Answers in which the end of one log is looked through for deletes. An answer has 4 MiB."""

ALL_HOPS = 255

_PROOF = types.array(types.record(StoredEntry.from_json))


@dataclass(frozen=True, slots=True)
class Source:
    """A node that entries are brought from.

    Attributes:
        name: under which places are kept, such as its address; the same for the same node.
        way: by which it is called.
        sessions: by which it tells what happens; None where it cannot. Nobody else follows over them.
    """

    name: str
    way: Way
    sessions: Reopening | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What a source gives for an instance.

    Attributes:
        id: of the instance, 132 hex digits.
        entries: that belong to it, ascending.
        wrong: why there are none; None where there are.
    """

    id: str
    entries: Sequence[StoredEntry] = ()
    wrong: PandaError | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """An instance in a list.

    Attributes:
        id: 132 hex digits.
        last_entry: the hash of the last entry about it.
        log: the log that it is in.
        seq_num: of that entry.
    """

    id: str
    last_entry: str
    log: Log
    seq_num: int

    @staticmethod
    def from_json(value: Json) -> "Listed":
        """Reads one. Raises ValueError."""
        meta = types.member(value, "_meta", types.OBJECT)
        return Listed(
            types.member(value, "id", types.HASH),
            types.member(meta, "lastEntry", types.HASH),
            (types.member(meta, "author", types.AUTHOR), types.member(meta, "logId", types.LOG_ID)),
            types.member(meta, "seqNum", types.SEQ_NUM),
        )


class Asking:
    """Questions to a node, source or sink.

    Args:
        connection: to it.
        wish: whose instances are listed, fetched page by page, and counted.
    """

    def __init__(self, connection: Connection, wish: Wish = EVERYTHING) -> None:
        self._connection = connection
        self._whose = {"filter": wish.filter} if wish.filter else {}

    async def definition(self, schema: str) -> Given | None:
        """The entry that defines a schema; None where there is none, or the node shows no definitions."""
        try:
            found = await self.of(str(DEFINITION.id), [schema])
        except ErrorFromNode as error:
            if is_early(error):
                return None
            raise
        return found[0] if found else None

    async def count(self, schema: str) -> int | None:
        """How many instances there are, as the node says; None where it does not."""
        try:
            answer = await self._connection.call(QUERY, schema=schema, count=True, **self._whose)
            return types.member(answer, "count", types.integer(0, types.WIRE_LIMIT))
        except (ErrorFromNode, ValueError):
            return None

    async def page(self, schema: str, after: str) -> list[Given]:
        """The first instances behind one, in order of their ids, with their proofs; none at the end.

        Raises:
            AnswerMalformed: it is none, or goes back.
        """
        return await self._given(schema, after, PAGE, **_behind(after), **self._whose)

    async def of(self, schema: str, ids: Sequence[str]) -> list[Given]:
        """Some instances, at most `PAGE`; those that the node does not show are left out."""
        found: list[Given] = []
        rest = sorted(ids)
        while rest:
            some = await self._given(schema, "", len(rest), filter={"id": {"in": rest}})
            if not some:
                break
            if any(each.id not in rest for each in some):
                raise AnswerMalformed("The node gives instances that were not asked for.")
            found += some
            rest = [each for each in rest if each > some[-1].id]
        return found

    async def listed(self, schema: str, after: str) -> list[Listed]:
        """The first instances behind one, without their entries."""
        items = await self._query(schema, LISTED, select=[], **_behind(after), **self._whose)
        try:
            found = [Listed.from_json(each) for each in items]
        except ValueError as error:
            raise AnswerMalformed(f"An instance of the node's answer {error}.") from error
        _check_order([each.id for each in found], after)
        return found

    async def removed(self, ids: Sequence[str]) -> frozenset[str]:
        """Those of some instances, `LISTED` at most, that the node removed; none where it does not say."""
        try:
            found = await self._connection.call(GET_REMOVED, instances=[*ids])
        except ErrorFromNode as error:
            if is_early(error):
                return frozenset()
            raise
        return frozenset(each.id for each in found.instances)

    async def path(self, wanted: StoredEntry, log: Log, seq_num: int) -> list[StoredEntry]:
        """An entry with those that link it to entry 1, as far as the node gives them; ascending."""
        try:
            entries = await self.linked(log, seq_num)
        except ErrorFromNode as error:
            if is_early(error):
                return [wanted]
            raise
        if len(entries) > MAX_PATH:
            raise AnswerMalformed(f"The node gives more than {MAX_PATH} entries that link one.")
        return fitting.path(wanted, entries)

    async def linked(self, log: Log, seq_num: int) -> Sequence[StoredEntry]:
        """What the node has in a slot, and what links that to entry 1. No payloads. Raises CallFailed."""
        items = await self._connection.call(
            GET_ITEMS,
            author=log[0].hex(),
            logId=log[1],
            start=seq_num,
            end=seq_num,
            distLow=ALL_HOPS,
            payloads=False,
        )
        return items.entries

    async def tail(self, log: Log, start: int) -> AsyncIterator[tuple[int, list[StoredEntry]]]:
        """The end of a log in parts, each with the seq num from which on it goes on. A gap ends it."""
        for _ in range(MOST_TAILS):
            items = await self._connection.call(
                GET_ITEMS, author=log[0].hex(), logId=log[1], start=start, end=-1
            )
            if items.next is None:
                yield min(fitting.behind(items.entries, start), types.WIRE_LIMIT - 1), items.entries
                return
            if items.next <= start:
                raise AnswerMalformed("The node goes back in a log.")
            start = items.next
            yield start, items.entries

    async def everything(self, schema: str) -> list[StoredEntry]:
        """All entries of a schema at once, from a node that has no view of it."""
        try:
            return await self._connection.call(QUERY_ENTRIES, schema=schema, everything=True)
        except ErrorFromNode as error:
            if error.node_code != InvalidParams.code:
                raise
            return await self._connection.call(QUERY_ENTRIES, schema=schema)  # it gives what it has

    async def _given(self, schema: str, behind: str, most: int, **more: Json) -> list[Given]:
        items = await self._query(schema, most, proof=True, **more)
        found = [_read_given(schema, each) for each in items]
        _check_order([each.id for each in found], behind)
        return found

    async def _query(self, schema: str, most: int, **more: Json) -> list[Json]:
        answer = await self._connection.call(QUERY, schema=schema, limit=most, **more)
        if not isinstance(answer, list) or len(answer) > most:
            raise AnswerMalformed("The node's answer is none, or has more instances than were asked for.")
        return answer


def _behind(instance: str) -> dict[str, Json]:
    """Behind an instance, in order of the ids: the cursor is ours, and not what the source says."""
    return {"after": write_cursor(Cursor((), instance))} if instance else {}


def is_early(error: ErrorFromNode) -> bool:
    """Whether a node is an earlier one, which does not know the method."""
    return error.node_code == MethodNotFound.code


def _read_given(schema: str, item: Json) -> Given:
    try:
        instance = types.member(item, "id", types.HASH)
    except ValueError as error:
        raise AnswerMalformed(f"An instance of the node's answer {error}.") from error
    return given(schema, instance, item)


def given(schema: str, instance: str, item: Mapping[str, Json]) -> Given:
    """What comes with an instance as its proof, as far as it belongs to it."""
    try:
        entries = types.member(item, "_entries", _PROOF)
        return Given(instance, fitting.proof(schema, instance, entries))
    except ValueError as error:
        return Given(instance, wrong=ItemUnfit(f"The node's proof {error}."))
    except ItemUnfit as error:
        return Given(instance, wrong=error)


def _check_order(ids: Sequence[str], after: str) -> None:
    """Whoever never goes back comes to an end, or has to sign what is new."""
    if any(one >= other for one, other in zip([after, *ids], ids, strict=False)):
        raise AnswerMalformed("The node's answer is not in order of the ids.")
