"""From messages to views: what a create, an update and a delete do to instances.

One writer per instance: the id names an earlier create in the same log. Updates set the named fields, in
order of seq num. A delete ends the instance and drops the payloads of all its entries but its own, which
is what tells other nodes.

`apply` is for the untyped views, whose messages come in order. `update_view` is for typed ones,
and takes them as they come (`messages.instance`).
"""

from collections.abc import Callable, Iterable

from panda_web.log import VerifiedEntry
from panda_web.messages import Message, Placed, reduce
from panda_web.messages.instance import change
from panda_web.node.store import Store
from panda_web.node.store.entries import LogRow
from panda_web.node.store.typed import TypedView


def apply(store: Store, log_row: LogRow, verified: VerifiedEntry, message: Message) -> None:
    """Brings the untyped views up to date with a message that counts."""
    seq_num = verified.entry.seq_num
    if message.id is None:
        store.views.add(verified.hash, log_row.key, message.schema, seq_num, message.fields)
        return
    instance = store.views.get(bytes.fromhex(message.id))
    if instance is None or instance.log_key != log_row.key or instance.deleted:
        return
    if message.action == "update":
        store.views.change(instance.id, seq_num, verified.hash, message.fields)
    else:
        store.views.end(instance.id, seq_num, verified.hash)


def update_view(
    view: TypedView, log_key: int, instance: bytes, came: Placed, held: Callable[[], Iterable[Placed]]
) -> None:
    """Brings a typed view up to date with a message, whichever of the instance's others came before it.

    Args:
        view: of the message's schema.
        log_key: of the message's log: those of other logs change nothing.
        instance: that it is about.
        came: the message; valid under its schema.
        held: gives all that counts and is held of the instance in this log, the message included. Asked
            for creates only, whose updates may have come before them.
    """
    match came.message.action:
        case "create":
            whole = reduce(held())
            if whole is not None and not whole.deleted:
                view.put(instance, log_key, (whole.standing, whole.fields))
        case "update":
            standing = view.standing(instance, log_key)
            if standing is not None:
                view.change(log_key, change(standing, came))
        case "delete":
            view.end(instance, log_key)
