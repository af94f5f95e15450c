"""What an instance is, given the messages about it: one pure function, for all who ask.

A node's views, the client that checks a node's answer, own logs, and what the client evaluates itself come to
the same instance, because they all ask here. It is a function of the messages held, not of the order in which
they came; some may be missing, and several logs may write:

- b is *after* a where both are in one log and b has the higher seq num, or where `previous` leads from b to
  a, through other messages that are held.
- A field is what its setter says that no other setter of it is after; of several such, the one with the
  greatest entry hash.
- A delete ends the instance, wherever it stands.
- What counts is decided by `counts`, and nowhere else.

A message has no word for "no value", so an empty list is that word, in a create as in an update: a field
whose setter says `[]` is missing. So a text or a number can be taken away again, and a list without items is
no other thing than no list. Why: docs/decisions/emptying.md.

`reduce` takes all messages at once. `change` takes one more, for who keeps how far an instance has come.
"""

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from panda_web.messages.fields import Field
from panda_web.messages.message import Message


@dataclass(frozen=True, slots=True)
class Placed:
    """A message in its place.

    Attributes:
        log: which log its entry is in; equal for the entries of one log only.
        seq_num: of its entry.
        hash: of its entry, 66 bytes.
        message: what it says.
    """

    log: Hashable
    seq_num: int
    hash: bytes
    message: Message


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an instance has come that one log alone writes: what `change` needs to go on.

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

    @property
    def rests_on(self) -> list[int]:
        """The seq nums of what proves the fields: the create, and the updates of which a setting stands.

        Were there several logs, it would be all that count: who is after whom may hang on any of them.
        """
        return sorted({self.created, *self.set_at.values()})


@dataclass(frozen=True, slots=True)
class Reduced:
    """An instance, as the messages about it make it.

    Attributes:
        create: the message that made it.
        fields: name to value, by name; those that were taken away are missing.
        setters: name to the message that has set the field or taken it away.
        last: the last message; of several that none is after, the one with the greatest entry hash.
        deleted: whether it is deleted. Its fields are as they were without that.
        passed_over: the messages that do not count.
    """

    create: Placed
    fields: Mapping[str, Field]
    setters: Mapping[str, Placed]
    last: Placed
    deleted: bool = False
    passed_over: Sequence[Placed] = ()

    @property
    def edited(self) -> bool:
        """Whether anything came after the create."""
        return self.last is not self.create

    @property
    def standing(self) -> Standing:
        """How far it has come, of an instance that one log writes."""
        set_at = {name: by.seq_num for name, by in self.setters.items() if by is not self.create}
        return Standing(self.create.seq_num, self.last.seq_num, self.last.hash, set_at)


def counts(message: Placed, create: Placed) -> bool:
    """Whether a message may say what an instance is: only those of its create's own log, behind it."""
    if message.log != create.log:
        return False
    return message.message.action == "delete" or message.seq_num > create.seq_num


def reduce(messages: Iterable[Placed], counts: Callable[[Placed, Placed], bool] = counts) -> Reduced | None:
    """What an instance is; None without its create.

    Args:
        messages: those about one instance that are held, in any order: each of them once, and of a log with a
            fork only those before it.
        counts: which messages count; beside the message it is given the create.
    """
    create: Placed | None = None
    others = []
    for each in messages:
        if each.message.action == "create":
            create = each
        else:
            others.append(each)
    if create is None:
        return None
    if not others:
        said = create.message.fields
        return Reduced(create, _with_values(said), dict.fromkeys(said, create), create)
    counting = [each for each in others if counts(each, create)]
    after = _order(counting)
    setters: dict[str, dict[Hashable, Placed]] = {}  # of each log the last one that sets the field
    last: dict[Hashable, Placed] = {}
    for each in sorted(counting, key=lambda one: (one.seq_num, one.hash)):
        last[each.log] = each
        for name in each.message.fields:
            setters.setdefault(name, {})[each.log] = each
    setter = dict.fromkeys(create.message.fields, create)
    setter |= {name: _last(by_log, after) for name, by_log in setters.items()}
    return Reduced(
        create,
        _with_values({name: by.message.fields[name] for name, by in setter.items()}),
        setter,
        _last(last, after) if last else create,
        any(each.message.action == "delete" for each in counting),
        [each for each in others if not counts(each, create)] if len(counting) < len(others) else (),
    )


def _with_values(said: Mapping[str, Field]) -> dict[str, Field]:
    """The fields that have a value, by name."""
    return {name: said[name] for name in sorted(said) if not is_emptying(said[name])}


def is_emptying(field: Field) -> bool:
    """Whether a field of a message takes the field's value away."""
    return field.type.endswith("[]") and not field.value


_Reach = Mapping[Hashable, int]
"""How far back a message reaches: of each log the highest seq num that is it, or that it is after."""


def _last(by_log: Mapping[Hashable, Placed], reach: Callable[[Placed], _Reach]) -> Placed:
    """Of messages of different logs, the one that none is after; of several such, by the entry's hash."""
    if len(by_log) == 1:
        (only,) = by_log.values()
        return only
    found = [
        one
        for one in by_log.values()
        if not any(
            other is not one and reach(other).get(one.log, 0) >= one.seq_num for other in by_log.values()
        )
    ]
    return max(found, key=lambda one: one.hash)


def _order(messages: Sequence[Placed]) -> Callable[[Placed], _Reach]:
    """Tells of each of these messages how far back it reaches among them."""
    by_hash: dict[str, Placed] = {}
    logs: dict[Hashable, list[Placed]] = {}
    known: dict[bytes, _Reach] = {}

    def reach(start: Placed) -> _Reach:
        if not by_hash:  # where one log writes, nobody ever asks
            for each in sorted(messages, key=_seq_num):
                by_hash[each.hash.hex()] = each
                logs.setdefault(each.log, []).append(each)
        if start.hash in known:
            return known[start.hash]
        reached: dict[Hashable, int] = {}
        passed: dict[Hashable, int] = {}  # how many of a log's messages that are: each is looked at once
        ahead = [start]
        while ahead:
            one = ahead.pop()
            if one.seq_num > reached.get(one.log, 0):
                reached[one.log] = one.seq_num
                first = passed.get(one.log, 0)
                passed[one.log] = behind = bisect_right(logs[one.log], one.seq_num, first, key=_seq_num)
                ahead += (
                    by_hash[entry]
                    for each in logs[one.log][first:behind]
                    for entry in each.message.previous
                    if entry in by_hash
                )
        return known.setdefault(start.hash, reached)

    return reach


def _seq_num(message: Placed) -> int:
    return message.seq_num


# -- one message after the other -----------------------------------------------------------------------

Change = tuple[Standing, Mapping[str, Field]]
"""How an instance stands now, and the fields that are new; empty lists among them take a value away."""


def change(standing: Standing, update: Placed) -> Change:
    """What one more update of the create's log does: nothing to fields that one behind it has set.

    Gives what `reduce` gives of all of them, whichever came first, and costs the same for each. It is for an
    instance that one log alone writes: a seq num says all about the order there.
    """
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
