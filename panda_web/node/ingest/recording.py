"""Recording what the rules let pass: the one way into the store.

It takes verified entries only, and decides nothing but what follows from what is held: whether a payload is
dropped because a delete came first, what an entry proves, and what is to be shown. So it does not matter in
which order things come.
"""

from panda_web.bamboo import Entry
from panda_web.log import VerifiedEntry
from panda_web.messages import FORK_VOTE, FORK_VOTE_LOG
from panda_web.messages.schema import DEFINITION
from panda_web.node import views
from panda_web.node.dropping.removing import drop
from panda_web.node.ingest import condemning
from panda_web.node.ingest.checking import Checked
from panda_web.node.ingest.limits import House
from panda_web.node.store import Store
from panda_web.node.store.entries import Content, LogRow
from panda_web.node.store.room import PAYLOAD_ROOM, room_for
from panda_web.node.views import building


def record(
    house: House,
    known: LogRow | None,
    verified: VerifiedEntry,
    checked: Checked,
    *,
    placed: bool,
    dropped: bool = False,
) -> LogRow:
    """Stores an entry that is not held, with what came of its payload; gives its log as it is then.

    Args:
        house: whose store it goes to.
        known: the log, where anything of it is held.
        verified: the entry.
        checked: the same entry, with its payload.
        placed: whether all that it links to is held, in its place, and none of it ends the log: then it can
            contradict only what is behind it.
        dropped: whether its payload is not kept, as `is_dropped` says.
    """
    store = house.store
    last = known is None or verified.entry.seq_num > known.seq_num
    content = _content(house, known, checked, dropped=dropped)
    ends = ends_instance(store, known, checked)
    condemned = condemning.by_payload(checked)
    if not (placed and last):
        condemned = min(condemned, condemning.by_entry(store, known, verified))
    log_row = store.writing.add(known, verified, content, condemned)
    if not ends:
        shown = 1 if _can_be_deleted(content) and content.instance == verified.hash else 0
        store.room.take(log_row.author, room_for(len(content.payload or b"")), shown)
    if content.instance != verified.hash:  # nobody knows of what is created
        _remember(store, log_row, verified, content)
    _show(house, known, log_row, verified, checked, content, ends=ends)
    if not _rests_on_all(known, verified.entry) and store.entries.is_deleted(verified.hash, log_row.key):
        views.ended(store, log_row, verified.hash)
    return log_row


def record_payload(
    house: House, known: LogRow, verified: VerifiedEntry, checked: Checked, *, dropped: bool = False
) -> LogRow:
    """Stores the payload of an entry that is held without; gives its log as it is then."""
    store = house.store
    content = _content(house, known, checked, dropped=dropped)
    ends = ends_instance(store, known, checked)
    log_row = store.writing.add_payload(known, verified, content, condemning.by_payload(checked))
    if not ends:
        shown = 1 if _can_be_deleted(content) and content.instance == verified.hash else 0
        store.room.take(log_row.author, PAYLOAD_ROOM * len(content.payload or b""), shown)
    _remember(store, log_row, verified, content)
    _show(house, known, log_row, verified, checked, content, ends=ends)
    return log_row


def _remember(store: Store, log_row: LogRow, verified: VerifiedEntry, content: Content) -> None:
    if content.instance:
        views.remember(store, log_row, verified.hash, content.instance, ends=content.deletes)


def ends_instance(store: Store, log_row: LogRow | None, checked: Checked) -> bool:
    """Whether a message is the delete of an instance that is held: room was kept for it."""
    message, instance = checked.message, checked.instance
    if log_row is None or message is None or message.action != "delete":
        return False
    return store.entries.log_of_create(instance) == log_row.key and not store.entries.is_deleted(
        instance, log_row.key
    )


def _can_be_deleted(content: Content) -> bool:
    """Whether its author may still delete what came, so that room is kept for it."""
    return content.state in ("held", "dropped")


def is_dropped(house: House, known: LogRow | None, checked: Checked) -> bool:
    """Whether a payload that comes is not kept, by a rule of this node."""
    entry, message = checked.signed.entry, checked.message
    if checked.payload is None or (message is not None and message.action == "delete"):
        return False
    subject = checked.instance or checked.signed.hash
    if known is not None and house.store.dropped.has(subject, known.key):
        return True
    schema = message.schema if message is not None else None
    return entry.log_id % 2 == 1 and any(
        each.is_for_what_comes(entry.author, subject, schema, len(checked.payload)) for each in house.drops
    )


def _content(house: House, known: LogRow | None, checked: Checked, *, dropped: bool) -> Content:
    message, store = checked.message, house.store
    if checked.payload is None:
        return Content(None, "never-held")
    if message is None:
        mark = checked.wrong.reason if checked.wrong else None
        if dropped:
            return Content(None, "dropped", mark=mark)
        return Content(checked.payload, "held", mark=mark)
    instance = checked.instance
    deletes = message.action == "delete"
    deleted = (
        not deletes
        and known is not None
        and not (message.id is None and _rests_on_all(known, checked.signed.entry))
        and store.entries.is_deleted(instance, known.key)
    )
    if deleted:
        return Content(None, "deleted", message.schema, instance)
    if dropped:
        return Content(None, "dropped", message.schema, instance)
    return Content(checked.payload, "held", message.schema, instance, deletes)


def _show(
    house: House,
    known: LogRow | None,
    log_row: LogRow,
    verified: VerifiedEntry,
    checked: Checked,
    content: Content,
    *,
    ends: bool,
) -> None:
    """Brings the views up to date: with a message that counts, and with what counts no more."""
    store = house.store
    house.following.came(known, log_row, verified)
    subject = content.instance or verified.hash
    if content.state == "dropped" and not store.dropped.has(subject, log_row.key):
        drop(store, log_row, subject)  # of what is dropped, all is
    elif content.deletes:
        store.room.take(
            log_row.author,
            -PAYLOAD_ROOM * store.writing.delete_payloads(content.instance, log_row),
            -1 if ends else 0,
        )
        if store.entries.log_of(content.instance) == log_row.key:  # nobody ends what is in another log
            views.ended(store, log_row, content.instance)
        if log_row.log_id == FORK_VOTE_LOG:
            house.following.vote_went(log_row.author, content.instance)
    elif content.payload is not None and checked.message:
        if verified.entry.seq_num < log_row.condemned or store.forks.is_followed(log_row.key, verified.hash):
            alone = checked.message.action == "create" and _rests_on_all(known, verified.entry)
            views.take_in(store, log_row, verified, checked.message, alone=alone, accepted=checked.accepted)
        if checked.message.schema == DEFINITION.id:
            building.definition_came(store, house.registry, verified)
        elif checked.message.schema == FORK_VOTE:
            house.following.voted(log_row, verified, checked.message)


def _rests_on_all(known: LogRow | None, entry: Entry) -> bool:
    """Whether an entry's author signed all that is held of its log before it: none of that names it."""
    return known is None or (known.whole and entry.seq_num > known.seq_num)
