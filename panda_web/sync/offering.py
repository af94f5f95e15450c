"""Into a sink: entries in batches that leave it time for others, verified there, and what became of each."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from panda_web import bamboo
from panda_web.bamboo import digest
from panda_web.errors import DiskFull, PandaError
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import (
    AnswerMalformed,
    DiskBudgetReached,
    ErrorFromNode,
    RateExceeded,
    SchemaNotRegistered,
    SchemaPending,
)
from panda_web.rpc.methods import PUBLISH_ITEMS, ItemOutcome, StoredEntry
from panda_web.rpc.pauses import patiently
from panda_web.rpc.wish import Log
from panda_web.sync.errors import SinkFull, SinkRefuses

BATCH = 64
BATCH_BYTES = 512 << 10
"""Entries of one call, and bytes of them and their payloads; one entry may have more."""

RATE_SECONDS = 1.0
MOST_WAITED = 60
"""What is refused for how fast it comes is offered again after so long, up to so many times."""

MOST_REMEMBERED = 10_000
"""Entries that the sink is known to hold: their hashes, some 2 MB."""

Path = Callable[[StoredEntry, Log, int], Awaitable[Sequence[StoredEntry]]]
"""Gives an entry with those that link it to entry 1."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of entries.

    Attributes:
        stored: that are new.
        held: that were there.
        invalid: that are none, or that nothing links to entry 1.
        refused: that are not taken in here.
    """

    stored: int = 0
    held: int = 0
    invalid: int = 0
    refused: int = 0

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(
            self.stored + other.stored,
            self.held + other.held,
            self.invalid + other.invalid,
            self.refused + other.refused,
        )


class Sink:
    """A node that entries are brought to.

    Args:
        node: it.
        sleep: waits for some seconds.
    """

    def __init__(self, node: Connection, sleep: Callable[[float], Awaitable[object]]) -> None:
        self._node = node
        self._sleep = sleep

    async def take(self, batch: Sequence[StoredEntry]) -> list[ItemOutcome]:
        """What became of each, in the order given; what is taken in is durable then.

        What comes too fast is offered again after a while.

        Raises:
            SinkFull: there is no room, for the others neither.
            SinkRefuses: it still comes too fast, after a minute.
            CallFailed: the node cannot be asked.
        """
        found: dict[int, ItemOutcome] = {}
        places = list(range(len(batch)))
        for _ in range(MOST_WAITED):
            outcomes = await self._call([batch[place] for place in places])
            found |= zip(places, outcomes, strict=True)
            if any(each.reason == DiskBudgetReached.reason for each in outcomes if each.state == "refused"):
                raise _full(None)
            too_fast = [each.state == "refused" and each.reason == RateExceeded.reason for each in outcomes]
            if not any(too_fast):
                return [found[place] for place in range(len(batch))]
            places = [
                place
                for place, each, again in zip(places, outcomes, too_fast, strict=True)
                if again or each.state == "path-missing"  # what they lead to may be among those
            ]
            await self._sleep(RATE_SECONDS)
        raise SinkRefuses("Entries come faster than they are taken in here. It goes on after a pause.")

    async def _call(self, batch: Sequence[StoredEntry]) -> Sequence[ItemOutcome]:
        items = [
            {
                "entryBytes": each.entry.hex(),
                "payloadBytes": each.payload.hex() if each.payload is not None else None,
            }
            for each in batch
        ]
        try:
            found = await patiently(lambda: self._node.call(PUBLISH_ITEMS, items=items), self._sleep)
        except ErrorFromNode as error:
            if error.reason == DiskFull.reason:
                raise _full(error) from error
            raise
        if [each.entry_hash for each in found] != [digest(each.entry).hex() for each in batch]:
            raise AnswerMalformed("The node says of other entries what became of them.")
        return found


class Offering:
    """Brings entries to a sink.

    Args:
        sink: takes them in.
        path: asked for what links an entry, where the sink lacks that.
        sleep: waits for some seconds.
    """

    def __init__(self, sink: Connection, path: Path, sleep: Callable[[float], Awaitable[object]]) -> None:
        self._sink = Sink(sink, sleep)
        self._path = path
        self._held: dict[bytes, None] = {}

    async def offer(self, items: Sequence[StoredEntry]) -> Taken:
        """Brings entries, each behind what it links to; returns once those that are taken in are durable.

        What only links others, and was taken in before, is not offered again: it would be verified each time.
        Where the sink holds it no more, it says so of what it links, and gets the path.

        Raises:
            SinkFull, SinkRefuses: the others are not taken in either.
            CallFailed: the sink, or the source, cannot be asked.
        """
        lacked = self._lacked(items)
        taken = Taken(held=len(items) - len(lacked))
        for batch in batches(lacked):
            taken += await self._offer(batch)
        return taken

    def _lacked(self, items: Sequence[StoredEntry]) -> list[StoredEntry]:
        """Those that the sink may lack. What comes as a link and with its payload, comes with it, at once."""
        whole = {each.entry: each for each in items if each.payload is not None}
        found: list[StoredEntry] = []
        given: set[StoredEntry] = set()
        for item in items:
            each = whole.get(item.entry, item) if item.payload is None else item
            known = digest(each.entry) if each.payload is None else None
            if known is not None and known in self._held:
                self._remember(known)
            elif each not in given:
                given.add(each)
                found.append(each)
        return found

    def _remember(self, held: bytes) -> None:
        """What others link to most often is forgotten last."""
        self._held.pop(held, None)
        self._held[held] = None
        if len(self._held) > MOST_REMEMBERED:
            del self._held[next(iter(self._held))]

    async def _offer(self, batch: Sequence[StoredEntry], *, linked: bool = False) -> Taken:
        taken = Taken()
        for item, outcome in zip(batch, await self._sink.take(batch), strict=True):
            if outcome.state == "path-missing" and not linked:
                taken += await self._link(item)
            else:
                taken += _taken(outcome)
                if outcome.state in ("stored", "held"):
                    self._remember(bytes.fromhex(outcome.entry_hash))
        return taken

    async def _link(self, item: StoredEntry) -> Taken:
        entry = bamboo.decode(item.entry)
        found = await self._path(item, (entry.author, entry.log_id), entry.seq_num)
        return await self._offer(found, linked=True)


def _taken(outcome: ItemOutcome) -> Taken:
    match outcome.state:
        case "stored":
            return Taken(stored=1)
        case "held":
            return Taken(held=1)
        case "refused":
            if outcome.reason in (SchemaNotRegistered.reason, SchemaPending.reason):
                raise SinkRefuses(
                    "Only chosen schemas are taken in here, and this one is not: whoever runs this store "
                    "must register it."
                )
            return Taken(refused=1)
        case _:
            return Taken(invalid=1)


def _full(error: PandaError | None) -> SinkFull:
    why = f" ({error})" if error is not None else ""
    return SinkFull(
        f"There is no room left here for what comes{why}. What came before stays. Delete something, or allow "
        "more room, and it goes on."
    )


def batches(items: Sequence[StoredEntry]) -> Iterator[list[StoredEntry]]:
    """Entries, as many at a time as are brought together."""
    batch: list[StoredEntry] = []
    size = 0
    for each in items:
        weight = len(each.entry) + len(each.payload or b"")
        if batch and (len(batch) >= BATCH or size + weight > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += weight
    if batch:
        yield batch
