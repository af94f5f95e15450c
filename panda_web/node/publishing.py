"""Publishing, for many at once: signatures are checked in batches, and entries stored in groups."""

from collections.abc import Sequence
from dataclasses import dataclass

from panda_web import log
from panda_web.bamboo import has_skiplink, lipmaa
from panda_web.keys import Verifier
from panda_web.log import SignedEntry
from panda_web.messages.schema import DEFINITION
from panda_web.node import ingest
from panda_web.node.aside import Aside, here
from panda_web.node.batches import Batches, Room
from panda_web.node.groups import Groups, weight
from panda_web.node.ingest import Checked, Limits
from panda_web.node.rates import Rates
from panda_web.node.schemas import Registry
from panda_web.node.store import Store
from panda_web.node.store.entries import LogRow
from panda_web.rpc.methods import EntryArguments, Published

MOST_CHECKED = 64
"""What weighs the entries that are checked in one go, some 10 ms: see `groups.weight`."""

FEW_BYTES = 1000
"""Entries and payloads, a handful at most, that are checked sooner than a thread has heard of them."""

ROOM = 512
"""The weight of entries that are under way, so no more than 4 MiB of messages are taken apart at a time: as
Python's values they are many times as large. More wait where they are, and their bodies with them."""


@dataclass(frozen=True, slots=True)
class Publish:
    """What came: an entry's bytes and its payload."""

    entry: bytes
    payload: bytes

    @property
    def weight(self) -> int:
        """What it weighs before it is known how many fields it has."""
        return weight(1, len(self.payload))


class Publishing:
    """Takes in entries with their messages.

    Args:
        store: where they are kept.
        verifier: checks signatures.
        limits: how much is taken in.
        aside: where signatures are checked when they are many.
        registry: which schemas messages are held to.
        write: by which entries are stored.
        rates: of new entries, for each author; None for no limit.
    """

    def __init__(
        self,
        store: Store,
        verifier: Verifier,
        limits: Limits,
        aside: Aside,
        registry: Registry,
        write: Groups,
        rates: Rates | None = None,
    ) -> None:
        self._store = store
        self._verifier = verifier
        self._limits = limits
        self._aside = aside
        self._registry = registry
        self._room = Room(ROOM)
        self._check = Batches(self._check_many, most=MOST_CHECKED, room=ROOM, weigh=lambda each: each.weight)
        self._rates = rates
        self._write = write

    async def publish(self, entry: bytes, payload: bytes) -> Published:
        """Takes in an entry; returns once it is durable.

        Raises:
            InvalidEntry, InvalidSignature, InvalidPayload, InvalidMessage, InvalidLink, SchemaError,
            RefusedByNode: named after the broken rule; nothing was stored.
            StoreFailed: the database did not obey; nothing was stored.
        """
        came = Publish(entry, payload)
        async with self._room.taken(came.weight):
            checked = await self._check(came)
            published = await self._write(lambda: self._take_in(checked), weight(checked.rows, len(payload)))
        if checked.message.schema == DEFINITION.id:
            self._registry.notice()
        return published

    async def finish(self) -> None:
        """Returns once nothing is under way."""
        await self._check.finish()
        await self._write.finish()

    async def _check_many(self, came: Sequence[Publish]) -> Sequence[Checked | Exception]:
        few = sum(len(one.entry) + len(one.payload) for one in came) <= FEW_BYTES
        return await (here if few else self._aside)(self._check_each(came))

    async def _check_each(self, came: Sequence[Publish]) -> list[Checked | Exception]:
        verdicts = await log.verify_many([one.entry for one in came], self._verifier)
        return [self._check_one(signed, one.payload) for signed, one in zip(verdicts, came, strict=True)]

    def _check_one(self, signed: SignedEntry | log.Unsound, payload: bytes) -> Checked | Exception:
        if not isinstance(signed, SignedEntry):
            return signed
        try:
            return ingest.check(signed, payload, self._registry)
        except Exception as error:  # noqa: BLE001 - a fault with one is not the others'
            return error

    def _take_in(self, checked: Checked) -> Published:
        log_row = ingest.take_in(self._store, checked, self._limits, self._registry, self._rates)
        return Published(checked.signed.hash.hex(), next_arguments(self._store, log_row))


def next_arguments(store: Store, log_row: LogRow) -> EntryArguments:
    """What the next entry of a log must contain."""
    seq_num = log_row.seq_num + 1
    skiplink = _hash_at(store, log_row, lipmaa(seq_num)) if has_skiplink(seq_num) else None
    return EntryArguments(log_row.log_id, seq_num, _hash_at(store, log_row, log_row.seq_num), skiplink)


def _hash_at(store: Store, log_row: LogRow, seq_num: int) -> str | None:
    found = store.entries.hash_at(log_row.key, seq_num)
    return found.hex() if found is not None else None
