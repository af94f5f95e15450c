"""A peer's rules: what another node took in, or an author's client where this node refuses what it says.

What is verified is stored and passed on, whether it counts here or not: one message that does not would else
block a log for everybody behind this node. What does not count is marked, or passed over, and never shown.
What proves that an author broke a log is kept as the proof.
"""

from collections.abc import Sequence

from panda_web.bamboo import BacklinkMissing, path
from panda_web.errors import PandaError
from panda_web.log import SignedEntry, VerifiedEntry, attach
from panda_web.node.ingest import condemning, recording
from panda_web.node.ingest.checking import Checked
from panda_web.node.ingest.known import Known
from panda_web.node.ingest.limits import House
from panda_web.node.ingest.publish import against_instance
from panda_web.node.store.entries import NEVER, LogRow
from panda_web.rpc.errors import LogCondemned, RefusedByNode, SchemaNotRegistered
from panda_web.rpc.methods import ItemOutcome, ItemState, PayloadState
from panda_web.rpc.removed import PayloadDropped

MOST_IN_SLOT = 8
"""Entries that are kept of one slot. One that proves more than is known is kept beyond that. How many slots
have several, is bounded by what an author may take up: people may go on with either branch."""


def in_order(items: Sequence[Checked]) -> list[int]:
    """The places of some items in the order in which they can be taken in: each behind what it links to."""
    return sorted(range(len(items)), key=lambda number: _place(items[number].signed))


class Peer:
    """Takes in what one call brings.

    Args:
        house: what the rules are held by.
        items: all of the call, so that it is known what is not missing.
    """

    def __init__(self, house: House, items: Sequence[Checked]) -> None:
        self._house = house
        self._store = house.store
        self._known = Known(house)
        self._places = {_place(item.signed) for item in items}
        self._offered: dict[bytes | None, SignedEntry] = {item.signed.hash: item.signed for item in items}
        # Where only registered schemas are taken in: logs that are of one, as a message in this call says.
        self._admitted = {_place(item.signed)[:2] for item in items if self._is_admitted(item)}

    def begin(self) -> None:
        """Begins a transaction: since the one before, others may have written."""
        self._known = Known(self._house)

    def take_in(self, checked: Checked) -> ItemOutcome:
        """Takes in one item, within a transaction that the caller holds, and which it has begun.

        Raises:
            StoreFailed: the database did not obey.
        """
        outcome = self._take_in(checked)
        if outcome.state in ("refused", "invalid"):  # then it is as if it had not come with the others
            self._places.discard(_place(checked.signed))
            self._offered.pop(checked.signed.hash, None)
        return outcome

    def _take_in(self, checked: Checked) -> ItemOutcome:
        entry = checked.signed.entry
        log_row = self._known.log(entry.author, entry.log_id)
        state = self._known.state(log_row, checked.signed)
        if state is not None and (state != "never-held" or checked.payload is None):
            return self._outcome(checked, "held", self._why_held(checked, state))
        try:
            self._known.admit(entry.author)
        except RefusedByNode as error:  # before all else: what it lacks need not be sought
            return self._outcome(checked, "refused", error.reason)
        try:
            verified = attach(checked.signed, self._known.held)
        except BacklinkMissing as error:
            return self._outcome(
                checked, "path-missing", error.reason, self._missing(log_row, checked.signed)
            )
        except PandaError as error:
            return self._outcome(checked, "invalid", error.reason)
        try:
            self._check(log_row, verified, checked, late=state is not None)
        except RefusedByNode as error:
            return self._outcome(checked, "refused", error.reason)
        against = self._against(log_row, checked)
        dropped = recording.is_dropped(self._house, log_row, checked)
        if dropped:
            against = against or PayloadDropped.reason
        if log_row is not None and state is not None:
            after = recording.record_payload(self._house, log_row, verified, checked, dropped=dropped)
        else:
            placed = (log_row is None or not log_row.ended) and self._known.has_its_links(entry)
            after = recording.record(self._house, log_row, verified, checked, placed=placed, dropped=dropped)
        self._known.note(after, verified)
        if against == LogCondemned.reason and self._store.forks.is_followed(after.key, verified.hash):
            against = None
        return self._outcome(checked, "stored", against)

    def _why_held(self, checked: Checked, state: PayloadState) -> str | None:
        if state == "dropped" and checked.payload is not None:
            return PayloadDropped.reason
        return self._store.entries.mark(checked.signed.hash)

    def _outcome(
        self, checked: Checked, state: ItemState, reason: str | None = None, missing: Sequence[int] = ()
    ) -> ItemOutcome:
        return ItemOutcome(checked.signed.hash.hex(), state, reason, list(missing))

    def _check(
        self, log_row: LogRow | None, verified: VerifiedEntry, checked: Checked, *, late: bool
    ) -> None:
        """Holds an item to what this node takes in at all. Raises RefusedByNode."""
        entry = verified.entry
        self._admit(log_row, checked)
        if log_row is not None and not late:
            self._check_second(log_row, verified)
        self._house.charge(entry.author)
        if not recording.ends_instance(self._store, log_row, checked):
            self._house.check_room(entry.author, len(checked.payload or b""))

    def _admit(self, log_row: LogRow | None, checked: Checked) -> None:
        if checked.message is not None:
            self._house.registry.admit(checked.message.schema)
            return
        known = log_row is not None and log_row.schema
        if not known and _place(checked.signed)[:2] not in self._admitted:
            raise SchemaNotRegistered(
                "This node takes registered schemas only, and nothing says that this log is of one."
            )

    def _is_admitted(self, checked: Checked) -> bool:
        registry = self._house.registry
        if checked.signed.entry.log_id % 2 == 0 or registry.takes_any:
            return True
        if checked.message is None:
            return False
        try:
            registry.admit(checked.message.schema)
        except RefusedByNode:
            return False
        return True

    def _check_second(self, log_row: LogRow, verified: VerifiedEntry) -> None:
        """Bounds how many entries are kept of one slot."""
        if log_row.second < MOST_IN_SLOT - 1:
            return
        there = self._store.entries.hashes_at(log_row.key, verified.entry.seq_num)
        if len(there) < MOST_IN_SLOT:
            return
        if condemning.by_entry(self._store, log_row, verified) >= log_row.condemned:
            raise LogCondemned(
                f"This node keeps {MOST_IN_SLOT} entries for one place of a log, and has them.",
                logId=log_row.log_id,
                seqNum=log_row.condemned,
            )

    def _against(self, log_row: LogRow | None, checked: Checked) -> str | None:
        """The word for why an item counts for nothing here, as far as is known now; None where it counts."""
        if checked.payload is None:
            return None
        if checked.wrong is not None or checked.message is None:
            return checked.wrong.reason if checked.wrong is not None else None
        condemned = log_row.condemned if log_row is not None else NEVER
        if checked.signed.entry.seq_num >= condemned and checked.message.action != "delete":
            return LogCondemned.reason
        verdict = checked.verdict or self._house.registry.judge(checked.message)
        if verdict is not None and verdict.wrong is not None:
            return verdict.wrong.reason
        error = against_instance(self._store, log_row, checked.message)
        return error.reason if error is not None else None

    def _missing(self, log_row: LogRow | None, signed: SignedEntry) -> list[int]:
        """The entries on the shortest path from one to entry 1 that neither are held nor come with it."""
        last = signed
        while (link := last.entry.skiplink or last.entry.backlink) in self._offered:
            last = self._offered[link]  # of what came it is known which entry it leads to
        if link is None or self._known.held(link) is not None:
            return []
        hops = path(last.entry.seq_num, 1)
        next(hops)
        found = [next(hops)]
        for seq_num in hops:
            if log_row is not None and self._store.entries.hashes_at(log_row.key, seq_num):
                break  # what is held is verified
            if (*_place(signed)[:2], seq_num) not in self._places:
                found.append(seq_num)
        return sorted(found)


def _place(signed: SignedEntry) -> tuple[bytes, int, int]:
    entry = signed.entry
    return entry.author, entry.log_id, entry.seq_num
