"""What an instance is, as a function of the messages held of it: not of the order in which they came.

A log may come in pieces: updates before their create, a late one between others, a delete before everything.
So it is remembered of each field which update set it, and an update sets only those fields that none behind
it has set. That gives the same whatever comes first, and costs the same for each message.

Pure: `rebuild` takes what is held, `change` what stands and one more message.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from panda_web.messages import Field, Message, set_fields


@dataclass(frozen=True, slots=True)
class Held:
    """A message that is held and counts: valid under its schema, and before any fork of its log.

    Attributes:
        seq_num: of its entry; no two messages of a log have the same.
        hash: of its entry.
        message: what it says.
    """

    seq_num: int
    hash: bytes
    message: Message


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an instance has come.

    Attributes:
        created: the seq num of its create.
        seq_num: of the last entry about it.
        last_entry: that entry's hash.
        set_at: field name to the seq num of the update that set it; the others are as the create made them.
    """

    created: int
    seq_num: int
    last_entry: bytes
    set_at: Mapping[str, int]


Change = tuple[Standing, Mapping[str, Field]]
"""How an instance stands now, and the fields that are new; empty lists among them take a value away."""


def rebuild(held: Iterable[Held]) -> Change | None:
    """The instance, whole; None where it has no create yet, or a delete has ended it.

    Args:
        held: everything about one instance that its log, and no other one, holds; in any order.
    """
    create: Held | None = None
    updates = []
    for one in held:
        match one.message.action:
            case "create":
                create = one
            case "update":
                updates.append(one)
            case "delete":
                return None
    if create is None:
        return None
    standing, fields = begin(create)
    for update in updates:
        standing, new = change(standing, update)
        fields = set_fields(fields, new)
    return standing, fields


def begin(create: Held) -> Change:
    """The instance as its create makes it."""
    return Standing(create.seq_num, create.seq_num, create.hash, {}), set_fields({}, create.message.fields)


def change(standing: Standing, update: Held) -> Change:
    """What one more update does: nothing to fields that one behind it has set, nor before the create."""
    if update.seq_num <= standing.created:
        return standing, {}
    new = {
        name: field
        for name, field in update.message.fields.items()
        if standing.set_at.get(name, 0) < update.seq_num
    }
    is_last = update.seq_num > standing.seq_num
    return Standing(
        standing.created,
        update.seq_num if is_last else standing.seq_num,
        update.hash if is_last else standing.last_entry,
        {**standing.set_at, **dict.fromkeys(new, update.seq_num)},
    ), new
