"""An author's rules: the slot is free, both link targets are held, the message is one that counts here.

Whoever publishes hears at once what is wrong, while it can be put right. So this is strict, and what it
refuses it forgets.
"""

from panda_web.bamboo import lipmaa
from panda_web.bamboo.errors import AfterEndOfLog
from panda_web.errors import PandaError
from panda_web.log import SignedEntry, VerifiedEntry, place
from panda_web.messages import Message
from panda_web.node.ingest import condemning, recording
from panda_web.node.ingest.checking import Checked
from panda_web.node.ingest.limits import House
from panda_web.node.schemas import Verdict
from panda_web.node.store import Store
from panda_web.node.store.entries import LogRow
from panda_web.rpc.errors import (
    InstanceDeleted,
    InstanceUnknown,
    LogCondemned,
    LogSchemaMismatch,
    RelationTargetForeign,
    SeqNumTaken,
)
from panda_web.rpc.removed import PayloadDropped


def take_in(house: House, checked: Checked) -> LogRow:
    """Stores an entry and its message, within a transaction that the caller holds.

    An entry that is there already is no error, whenever it comes. Gives the entry's log as it is then.

    Args:
        house: what the rules are held by.
        checked: an entry with a message in which nothing was found to be wrong by itself.

    Raises:
        InvalidLink, RefusedByNode, SchemaError: named after the broken rule.
        StoreFailed: the database did not obey.
    """
    signed, message, payload = checked.signed, checked.message, checked.payload
    if message is None or payload is None:
        raise ValueError("an entry is published with its message, in which nothing is wrong")
    entry, store = signed.entry, house.store
    log_row = store.entries.log(entry.author, entry.log_id)
    held = log_row is not None and _is_held(store, log_row, checked)
    if log_row is not None:
        if held and store.entries.state(signed.hash) != "never-held":
            return log_row
        _check_log(log_row, entry.seq_num, message)
    house.registry.admit(message.schema)
    house.admit(entry.author)
    house.charge(entry.author)
    # A definition may have come after the message was checked.
    check_schema(store, checked.verdict or house.registry.judge(message))
    if message.action != "delete":
        house.check_room(entry.author, len(payload))
    verified = _placed(store, checked, log_row)
    check_instance(store, log_row, message)
    if recording.is_dropped(house, log_row, checked):
        raise PayloadDropped("By a rule of whoever runs this node, what this message says is not kept here.")
    if log_row is not None and held:
        return recording.record_payload(house, log_row, verified, checked)
    if log_row is not None:
        _check_gap(store, log_row, signed)
    return recording.record(house, log_row, verified, checked, placed=True)


def _is_held(store: Store, log_row: LogRow, checked: Checked) -> bool:
    """Whether the entry is held. Raises SeqNumTaken where another one is in its place."""
    signed = checked.signed
    seq_num = signed.entry.seq_num
    if seq_num > log_row.seq_num:
        return False
    others = store.entries.verified(log_row.key, seq_num)
    if any(each.hash == signed.hash for each in others):
        return True
    if others:
        raise _taken(log_row, seq_num, others[0])
    return False


def _check_gap(store: Store, log_row: LogRow, signed: SignedEntry) -> None:
    """Raises unless an entry that comes before others is the one that these are linked to."""
    entry = signed.entry
    if entry.seq_num > log_row.seq_num:
        return
    other = condemning.linking_past(store, log_row, entry.seq_num, signed.hash)
    if other is not None:
        raise _taken(log_row, entry.seq_num, other)
    if entry.end_of_log:
        raise AfterEndOfLog(f"Log {log_row.log_id} has entries behind entry {entry.seq_num} already.")


def _taken(log_row: LogRow, seq_num: int, shown_by: SignedEntry) -> SeqNumTaken:
    """The error for a slot that another entry has, as an entry shows: that one, or one that links to it."""
    return SeqNumTaken(
        f"Log {log_row.log_id} has another entry {seq_num} already. Two programs that sign "
        "with one key at the same time do this; let one of them write.",
        logId=log_row.log_id,
        seqNum=seq_num,
        entryBytes=shown_by.encoded.hex(),
    )


def _check_log(log_row: LogRow, seq_num: int, message: Message) -> None:
    if log_row.schema not in ("", message.schema):
        raise LogSchemaMismatch(f"Log {log_row.log_id} holds messages of another schema.")
    if seq_num >= log_row.condemned and message.action != "delete":
        raise LogCondemned(
            f"From entry {log_row.condemned} on, nothing in log {log_row.log_id} counts but deletes: there "
            "its author's key has signed what cannot be in one log. Write into another log.",
            logId=log_row.log_id,
            seqNum=log_row.condemned,
        )


def _placed(store: Store, checked: Checked, log_row: LogRow | None) -> VerifiedEntry:
    """The entry, verified by both its link targets. Raises InvalidLink."""
    entry = checked.signed.entry
    backlink = skiplink = None
    if log_row is not None:
        if entry.backlink is not None:
            backlink = store.entries.linked(log_row, entry.seq_num - 1, entry.backlink)
        if entry.skiplink is not None:
            skiplink = store.entries.linked(log_row, lipmaa(entry.seq_num), entry.skiplink)
    return place(checked.signed, backlink, skiplink)


def check_schema(store: Store, verdict: Verdict | None) -> None:
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


def check_instance(store: Store, log_row: LogRow | None, message: Message) -> None:
    """Raises unless the message is about something that this log may change.

    Raises:
        InstanceUnknown: no create in this log made it.
        InstanceDeleted: it is deleted.
    """
    wrong = against_instance(store, log_row, message)
    if wrong is not None:
        raise wrong


def against_instance(store: Store, log_row: LogRow | None, message: Message) -> PandaError | None:
    """What speaks against a message by what it is about; None for nothing."""
    if message.id is None:
        return None
    instance = bytes.fromhex(message.id)
    if log_row is None or store.entries.log_of_create(instance) != log_row.key:
        return InstanceUnknown(f"The {message.action} is for an instance that was not created in this log.")
    if store.entries.is_deleted(instance, log_row.key):
        return InstanceDeleted(f"The {message.action} is for an instance that its author has deleted.")
    return None
