"""Taking in an entry with its message: the rules that need the node's store.

Order of the rules: the entry alone and its signature (`log.verify_many`, before this), the payload and the
message alone, then, inside the transaction that stores it, its slot, its log and its links, and what the
message is about. Whatever is raised, nothing was stored.
"""

from dataclasses import dataclass

from panda_web import bamboo, messages
from panda_web.bamboo import lipmaa
from panda_web.log import SignedEntry, place
from panda_web.messages import Message
from panda_web.node import materialise, views
from panda_web.node.rates import Rates
from panda_web.node.schemas import Registry, Verdict
from panda_web.node.store import Store
from panda_web.node.store.entries import LogRow
from panda_web.node.store.room import room_for
from panda_web.rpc.errors import (
    AuthorQuotaReached,
    DiskBudgetReached,
    LogSchemaMismatch,
    NumberTooLarge,
    RelationTargetForeign,
    SeqNumTaken,
)
from panda_web.rpc.types import WIRE_LIMIT


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a node takes in. Deletes are taken all the same: room is kept for them (`node.store.room`).

    Attributes:
        author_bytes: of the database, which one author is charged for.
        all_bytes: of the database's files, views and indexes too.
    """

    author_bytes: int = 128 << 20
    all_bytes: int = 16 << 30


@dataclass(frozen=True, slots=True)
class Checked:
    """An entry and its message, of which all is checked that needs no store.

    Attributes:
        signed: the entry.
        message: what its payload says.
        payload: the message's bytes.
        verdict: its schema's, if one was known when it was asked. It counts only for what is not there
            already.
    """

    signed: SignedEntry
    message: Message
    payload: bytes
    verdict: Verdict | None

    @property
    def rows(self) -> int:
        """How many rows are written for it, or looked up."""
        return len(self.message.fields) + (len(self.verdict.relations) if self.verdict is not None else 0)


def check(signed: SignedEntry, payload: bytes, registry: Registry) -> Checked:
    """Holds an entry to the rules that need no store.

    Raises:
        NumberTooLarge, InvalidPayload, InvalidMessage: named after the broken rule.
    """
    entry = signed.entry
    if entry.log_id >= WIRE_LIMIT or entry.seq_num >= WIRE_LIMIT:
        raise NumberTooLarge("Log ids and seq nums of 2^31 and more are not carried by JSON-RPC.")
    bamboo.check_payload(entry, payload)
    message = messages.decode(payload)
    messages.check_log(entry.log_id, message)
    return Checked(signed, message, payload, registry.judge(message))


def take_in(
    store: Store, checked: Checked, limits: Limits, registry: Registry, rates: Rates | None = None
) -> LogRow:
    """Stores an entry and its message, and materialises it, within a transaction that the caller holds.

    An entry that is there already is no error, whenever it comes. Gives the entry's log as it is then.

    Raises:
        InvalidLink, RefusedByNode, SchemaError: named after the broken rule.
        StoreFailed: the database did not obey.
    """
    signed, message = checked.signed, checked.message
    entry = signed.entry
    log_row = store.entries.log(entry.author, entry.log_id)
    if log_row is not None:
        held = store.entries.hash_at(log_row.key, entry.seq_num)
        if held is not None:
            if held == signed.hash:
                return log_row
            other = store.entries.verified(log_row.key, entry.seq_num)
            raise SeqNumTaken(
                f"Log {entry.log_id} has another entry {entry.seq_num} already. Two programs that sign "
                "with one key at the same time do this; let one of them write.",
                logId=entry.log_id,
                seqNum=entry.seq_num,
                entryBytes=other.encoded.hex() if other is not None else None,
            )
        if log_row.schema != message.schema:
            raise LogSchemaMismatch(f"Log {entry.log_id} holds messages of another schema.")
    registry.admit(message.schema)
    if rates is not None:  # only what its author has signed, and is new: nobody else can use up their rate
        rates.charge(entry.author, 1)
    # A definition may have come after the message was checked.
    _check_schema(store, checked.verdict or registry.judge(message))
    if message.action != "delete":
        _check_room(store, entry.author, len(checked.payload), limits)
    return _append(store, signed, log_row, message, checked.payload)


def _check_schema(store: Store, verdict: Verdict | None) -> None:
    """Raises what its schema, and what its relations lead to, say against a message."""
    if verdict is None:
        return
    if verdict.wrong is not None:
        raise verdict.wrong
    foreign = store.entries.first_foreign(verdict.relations)
    if foreign is not None:
        instance, schema = foreign
        raise RelationTargetForeign(
            f"A relation leads to {instance[:16]}…, which is no instance of the schema {schema[:16]}….",
            instance=instance,
            schema=schema,
        )


def _check_room(store: Store, author: bytes, size: int, limits: Limits) -> None:
    if store.room.of_author(author) + room_for(size) > limits.author_bytes:
        raise AuthorQuotaReached(
            f"This node keeps {limits.author_bytes >> 20} MiB for each author, and yours are used up. "
            "You can still delete, which makes room."
        )
    if store.room.of_all() + room_for(size) > limits.all_bytes:
        raise DiskBudgetReached("This node has no room left. What it holds can still be deleted.")


def _append(
    store: Store, signed: SignedEntry, log_row: LogRow | None, message: Message, payload: bytes
) -> LogRow:
    entry = signed.entry
    backlink = skiplink = None
    if log_row is not None:
        backlink = store.entries.verified(log_row.key, entry.seq_num - 1)
        skiplink = store.entries.verified(log_row.key, lipmaa(entry.seq_num))
    verified = place(signed, backlink, skiplink)
    materialise.check(store, log_row, message)
    instance = bytes.fromhex(message.id) if message.id is not None else verified.hash
    store.room.take(entry.author, message.action, len(payload))
    log_row = store.entries.add(log_row, verified, payload, message.schema, instance)
    materialise.apply(store, log_row, verified, message)
    views.take_in(store, log_row, verified, message)
    return log_row
