"""Publishing, for many at once: signatures are checked in batches, and entries stored in groups."""

import asyncio
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice

from panda_web import log
from panda_web.bamboo import claims, digest, has_skiplink, lipmaa, path
from panda_web.errors import PandaError, StoreFailed
from panda_web.keys import Verifier
from panda_web.log import SignedEntry
from panda_web.node.aside import Aside, here
from panda_web.node.batches import Batches, Capacity
from panda_web.node.dropping import Rule
from panda_web.node.forks.following import Following
from panda_web.node.groups import MOST, Groups, weight
from panda_web.node.ingest import Limits, checking, peer, publish
from panda_web.node.ingest.checking import Checked
from panda_web.node.ingest.limits import House
from panda_web.node.rates import Rates
from panda_web.node.schemas import Registry
from panda_web.node.store import Store
from panda_web.node.store.entries import LogRow
from panda_web.rpc.errors import RefusedByNode
from panda_web.rpc.methods import EntryArguments, ItemOutcome, ItemState, Published, StoredEntry

MOST_CHECKED = 64
"""What weighs the entries that are checked in one go, some 10 ms: see `groups.weight`."""

FEW_BYTES = 1000
"""Entries and payloads, a handful at most, that are checked sooner than a thread has heard of them."""

CAPACITY = 512
"""The weight of entries that are under way, so no more than 4 MiB of messages are taken apart at a time: as
Python's values they are many times as large. More wait where they are, and their bodies with them."""


SLICE = MOST
"""Items of one call that are taken in between others: as many as one transaction has. Half as many took a
COMMIT each, which writes nearly the same pages of the indexes again."""


def _weight(came: StoredEntry) -> int:
    """What an entry weighs before it is known how many fields its message has."""
    return weight(1, len(came.payload or b""))


def _weight_of_all(came: Sequence[StoredEntry]) -> int:
    return sum(map(_weight, came))


class Publishing:
    """Takes in entries with their messages, from their authors and from peers.

    Args:
        store: where they are kept.
        verifier: checks signatures.
        limits: how much is taken in.
        aside: where signatures are checked when they are many.
        registry: which schemas messages are held to.
        write: by which entries are stored.
        following: finds out what counts of condemned logs.
        rates: of new entries, for each author; None for no limit.
        drops: which payloads are not kept as they come.
    """

    def __init__(
        self,
        store: Store,
        verifier: Verifier,
        limits: Limits,
        aside: Aside,
        registry: Registry,
        write: Groups,
        following: Following,
        rates: Rates | None = None,
        drops: Sequence[Rule] = (),
    ) -> None:
        self._store = store
        self._verifier = verifier
        self._aside = aside
        self._registry = registry
        self._house = House(store, registry, limits, following, rates, drops)
        self._capacity = Capacity(CAPACITY)
        self._check = Batches(self._check_many, most=MOST_CHECKED, weigh=_weight_of_all)
        self._write = write

    def admit(self, author: bytes) -> None:
        """Raises AuthorRefused unless anything is taken in of an author. Reads what is held."""
        self._house.admit(author)

    async def publish(self, entry: bytes, payload: bytes) -> Published:
        """Takes in an author's entry; returns once it is durable.

        Raises:
            InvalidEntry, InvalidSignature, InvalidPayload, InvalidMessage, InvalidLink, SchemaError,
            RefusedByNode: named after the broken rule; nothing was stored.
            StoreFailed: the database did not obey; nothing was stored.
        """
        came = StoredEntry(entry, payload)
        async with self._capacity.taken(_weight(came)):
            (checked,) = await self._check((came,))
            if isinstance(checked, Exception):
                raise checked
            if checked.wrong is not None:
                raise checked.wrong
            return await self._write(lambda: self._publish(checked), weight(checked.rows, len(payload)))

    async def offer(self, items: Sequence[StoredEntry]) -> list[ItemOutcome]:
        """Takes in what a peer brings, in any order; returns once it is durable what became of each.

        Raises:
            StoreFailed: the database did not obey; some items may be stored.
        """
        async with self._capacity.taken(_weight_of_all(items)):
            checks = await asyncio.gather(*map(self._check, _together(items)))
            verdicts = [each for some in checks for each in some]
            found = [
                _unfit(item, each) if isinstance(each, Exception) else None
                for item, each in zip(items, verdicts, strict=True)
            ]
            fit = [each for each in verdicts if isinstance(each, Checked)]
            places = [number for number, each in enumerate(verdicts) if isinstance(each, Checked)]
            taking = peer.Peer(self._house, fit)
            order = peer.in_order(fit)
            for start in range(0, len(order), SLICE):
                some = order[start : start + SLICE]
                work = partial(self._take_in, taking, [fit[number] for number in some])
                heavy = sum(weight(fit[number].rows, len(fit[number].payload or b"")) for number in some)
                for number, outcome in zip(some, await self._write(work, heavy), strict=True):
                    found[places[number]] = outcome
        return [each for each in found if each is not None]

    async def finish(self) -> None:
        """Returns once nothing is under way."""
        await self._check.finish()
        await self._write.finish()

    async def _check_many(self, calls: Sequence[Sequence[StoredEntry]]) -> list[list[Checked | Exception]]:
        came = [each for call in calls for each in call]
        few = sum(len(one.entry) + len(one.payload or b"") for one in came) <= FEW_BYTES
        verdicts = iter(await (here if few else self._aside)(self._check_each(came)))
        return [list(islice(verdicts, len(call))) for call in calls]

    async def _check_each(self, came: Sequence[StoredEntry]) -> list[Checked | Exception]:
        verdicts = await log.verify_many([one.entry for one in came], self._verifier)
        return [self._check_one(signed, one.payload) for signed, one in zip(verdicts, came, strict=True)]

    def _check_one(self, signed: SignedEntry | log.Unsound, payload: bytes | None) -> Checked | Exception:
        if not isinstance(signed, SignedEntry):
            return signed
        try:
            return checking.check(signed, payload, self._registry)
        except Exception as error:  # noqa: BLE001 - a fault with one is not the others'
            return error

    def _publish(self, checked: Checked) -> Published:
        log_row = publish.take_in(self._house, checked)
        return Published(checked.signed.hash.hex(), next_arguments(self._store, log_row, checked.signed))

    def _take_in(self, taking: peer.Peer, items: Sequence[Checked]) -> list[ItemOutcome]:
        taking.begin()
        return [taking.take_in(each) for each in items]


def _together(items: Sequence[StoredEntry]) -> Iterator[list[StoredEntry]]:
    """The items in parts, in order, each of which is checked in one go."""
    part: list[StoredEntry] = []
    heavy = 0
    for each in items:
        heavy += _weight(each)
        if part and heavy > MOST_CHECKED:
            yield part
            part, heavy = [], _weight(each)
        part.append(each)
    if part:
        yield part


def _unfit(item: StoredEntry, error: Exception) -> ItemOutcome:
    """What became of an item that is none. Raises what is no verdict about it."""
    if not isinstance(error, PandaError) or isinstance(error, StoreFailed):
        raise error
    state: ItemState = "refused" if isinstance(error, RefusedByNode) else "invalid"
    return ItemOutcome(digest(item.entry).hex(), state, error.reason)


def next_arguments(store: Store, log_row: LogRow, held: SignedEntry | None = None) -> EntryArguments:
    """What the next entry of a log must contain.

    Args:
        store: what is asked.
        log_row: the log.
        held: an entry of it, which need not be looked up then.
    """
    seq_num = log_row.seq_num + 1
    if held is not None and held.entry.seq_num == log_row.seq_num:
        backlink: bytes | None = held.hash
    else:
        backlink = store.entries.first_at(log_row.key, log_row.seq_num)
    skiplink = _behind(store, log_row, backlink, lipmaa(seq_num)) if has_skiplink(seq_num) else None
    return EntryArguments(
        log_row.log_id,
        seq_num,
        backlink.hex() if backlink is not None else None,
        skiplink.hex() if skiplink is not None else None,
    )


def _behind(store: Store, log_row: LogRow, last: bytes | None, seq_num: int) -> bytes | None:
    """The hash at a seq num of the branch that a log's last entry is on; else of what came first there.

    Before the seq num from which on a log is condemned each slot has one entry. Behind it the shortest way
    is followed, where it is held.
    """
    found = last
    if seq_num >= log_row.condemned:
        for place in islice(path(log_row.seq_num, seq_num), 1, None):
            entry = store.entries.of_hash(found) if found is not None else None
            found = dict(claims(entry.entry, entry.hash)).get(place) if entry is not None else None
        if found is not None:
            return found
    return store.entries.first_at(log_row.key, seq_num)
