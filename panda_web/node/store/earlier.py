"""What instances of followed schemas were, before what was just done to them: in memory, and for a moment.

Who follows is told what is gone only where they may have known it. A view holds what an instance is now, and
a delete erases what it was. So the transaction that changes a followed instance keeps here what it was until
then. It is no truth: what is missing, since another program wrote or there was too much, is told to all.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from panda_web.messages import Field

MAX_EARLIER = 8 << 20
"""Bytes of what instances were that are kept; the oldest go."""

MAX_OF_ONE = 64 << 10
"""Characters of an instance's long texts and lists; one that has more is not kept."""

OVERHEAD = 1_000
"""Bytes that a state takes besides its values, about."""


@dataclass(frozen=True, slots=True)
class Was:
    """An instance as it was: see `query.matching.Queried`."""

    id: str
    author: str
    fields: Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class Cause:
    """An entry by which something became of an instance.

    Attributes:
        entry: its hash.
        payload: whether it is its payload that came late, or went: with the instance, then.
    """

    entry: bytes
    payload: bool = False


@dataclass(slots=True)
class _Past:
    states: list[Was] = field(default_factory=list)
    entries: set[bytes] = field(default_factory=set)
    ended: bool = False
    size: int = 0

    def explains(self, cause: Cause) -> bool:
        return cause.entry in self.entries or (cause.payload and self.ended)


class Earlier:
    """Keeps what instances were.

    Attributes:
        followed: the schemas of those that somebody follows, each as often as it is.
    """

    def __init__(self) -> None:
        self.followed: Counter[str] = Counter()
        self._pasts: OrderedDict[tuple[str, bytes], _Past] = OrderedDict()
        self._size = 0

    def follow(self, schema: str) -> None:
        """Somebody follows the instances of a schema."""
        self.followed[schema] += 1

    def unfollow(self, schema: str) -> None:
        """They follow them no more."""
        self.followed -= Counter((schema,))
        if not self.followed:
            self._pasts.clear()
            self._size = 0

    def keep(self, schema: str, instance: bytes, entry: bytes, was: Was | None, *, ends: bool) -> None:
        """An entry changes what an instance is, or does nothing to it.

        Args:
            schema: a followed one.
            instance: its id.
            entry: the entry's hash.
            was: the instance until then; None where it had no place in the view.
            ends: whether the payloads of its other entries go with this.
        """
        past = self._pasts.setdefault((schema, instance), _Past())
        self._pasts.move_to_end((schema, instance))
        past.entries.add(entry)
        past.ended |= ends
        size = len(entry)
        if was is not None and was not in past.states[-1:]:
            past.states.append(was)
            size += OVERHEAD + sum(len(str(each.value)) for each in was.fields.values())
        past.size += size
        self._size += size
        while self._size > MAX_EARLIER:
            self._size -= self._pasts.popitem(last=False)[1].size

    def states(self, schema: str, instance: bytes, causes: Iterable[Cause]) -> list[Was] | None:
        """All that an instance was before any of these entries; None where that is not known for sure."""
        past = self._pasts.get((schema, instance))
        if past is None:
            return [] if not [*causes] else None
        return [*past.states] if all(map(past.explains, causes)) else None

    def forget(self, schema: str, instance: bytes, causes: Iterable[Cause]) -> None:
        """These entries are told to all. What others did meanwhile is kept, with all that it was."""
        past = self._pasts.get((schema, instance))
        if past is not None and past.entries <= {each.entry for each in causes}:
            self._size -= self._pasts.pop((schema, instance)).size
