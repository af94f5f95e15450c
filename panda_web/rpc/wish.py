"""What a node wishes to hold of all that others do: which authors, which schemas, how much of each log.

A wish bounds what is asked for. It decides nothing about what is valid: whatever comes is verified to entry 1
by the entries that link it, so of a log with a wish for its newest entries some older ones are held too.

System logs say what the others mean, so of them all is wished, whatever is wished of the others.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final, Literal

from panda_web.errors import PandaError
from panda_web.rpc import types
from panda_web.rpc.heads import MAX_NAMED, LogHead
from panda_web.rpc.types import Json

Log = tuple[bytes, int]
"""An author, and the id of a log."""

Range = tuple[int, int]
"""Seq nums from one to another, both included."""

MAX_RANGES = 500
"""Stretches of a log that are asked for in one question."""


def _read_ranges(value: Json) -> list[Range]:
    if not isinstance(value, list) or len(value) > MAX_RANGES:
        raise ValueError(f"must be an array of at most {MAX_RANGES} stretches")
    found: list[Range] = []
    for each in value:
        first, last = _PAIR.read(each) if isinstance(each, list) and len(each) == 2 else (0, 0)
        if not (found[-1][1] if found else 0) < first <= last:
            raise ValueError("must have stretches of two seq nums that ascend")
        found.append((first, last))
    return found


_PAIR = types.array(types.SEQ_NUM)
RANGES: Final[types.Type[list[Range]]] = types.Type(
    {
        "type": "array",
        "items": {**_PAIR.schema, "minItems": 2, "maxItems": 2},
        "maxItems": MAX_RANGES,
    },
    _read_ranges,
)
"""Stretches of a log, each as its first and its last seq num; ascending, and apart."""


class WishTooLarge(PandaError):
    """A node wishes for more authors, or schemas, than one question to another node may name."""

    reason = "wish-too-large"


@dataclass(frozen=True)
class Wish:
    """What is wished. Without anything said, all that there is.

    Attributes:
        authors: only logs of these; None for all.
        schemas: only logs with messages of these; None for all.
        newest: only so many entries at the end of each log, 1 or more; None for all.
        payloads: whether payloads are wished at all.
        max_payload: only payloads of so many bytes at most; None for all.

    Raises:
        WishTooLarge: it names more than `MAX_NAMED` authors, or schemas.
    """

    authors: frozenset[bytes] | None = None
    schemas: frozenset[str] | None = None
    newest: int | None = None
    payloads: bool = True
    max_payload: int | None = None

    def __post_init__(self) -> None:
        for what, named in (("authors", self.authors), ("schemas", self.schemas)):
            if named is not None and len(named) > MAX_NAMED:
                raise WishTooLarge(
                    f"Of {what} no more than {MAX_NAMED} can be named; leave them out for all."
                )
        if self.newest is not None and self.newest < 1:
            raise ValueError("of a log the newest entry is wished at least")

    @cached_property
    def key(self) -> str:
        """The wish as a text: the same for the same wish, and empty where all is wished."""
        if self == EVERYTHING:
            return ""
        authors = sorted(each.hex() for each in self.authors) if self.authors is not None else None
        schemas = sorted(self.schemas) if self.schemas is not None else None
        return json.dumps([authors, schemas, self.newest, self.payloads, self.max_payload])

    @cached_property
    def named(self) -> Mapping[str, Json]:
        """Which logs, as params of `panda_getLogs` and `panda_reconcile`."""
        found: dict[str, Json] = {}
        if self.authors is not None:
            found["authors"] = sorted(each.hex() for each in self.authors)
        if self.schemas is not None:
            found["schemas"] = sorted(self.schemas)
        return found

    @property
    def filter(self) -> Mapping[str, Json]:
        """Whose instances, as a filter of a query; empty for everybody's."""
        return (
            {"author": {"in": sorted(each.hex() for each in self.authors)}}
            if self.authors is not None
            else {}
        )

    def names(self, head: LogHead) -> bool:
        """Whether a log is one of them, as far as what is said of it goes."""
        return (self.authors is None or head.author in self.authors) and (
            self.schemas is None or head.log_id % 2 == 0 or head.schema in self.schemas
        )

    def payloads_of(self, log_id: int) -> Mapping[str, Json]:
        """Which payloads, as params of `panda_getItems`."""
        if log_id % 2 == 0 or (self.payloads and self.max_payload is None):
            return {}
        return {"maxPayload": self.max_payload} if self.payloads else {"payloads": False}

    def wants_payload(self, log_id: int, size: int) -> bool:
        """Whether a payload of so many bytes is wished."""
        return log_id % 2 == 0 or (self.payloads and (self.max_payload is None or size <= self.max_payload))

    def first(self, log_id: int, end: int) -> int:
        """The seq num from which on entries are wished of a log that ends at another one."""
        return 1 if log_id % 2 == 0 or self.newest is None else max(1, end - self.newest + 1)


EVERYTHING: Final = Wish()

MAX_WISHED = 50
"""Authors that a page wishes by name: there is room beside them for those that it writes as."""


def _read_wish(value: Json, most: int = MAX_WISHED) -> Wish:
    if not isinstance(value, dict) or (value.keys() - {"authors", "maxPayload"}):
        raise ValueError("must be an object of `authors` and `maxPayload`, or one of them")
    authors = types.member(value, "authors", types.nullable(types.array(types.AUTHOR, most)))
    size = types.member(value, "maxPayload", types.nullable(types.integer(0, types.WIRE_LIMIT - 1)))
    return Wish(frozenset(authors) if authors is not None else None, max_payload=size)


WISH: Final[types.Type[Wish]] = types.Type({"type": "object", "title": "Wish"}, _read_wish)
"""What a page wishes of what it reads: `authors`, 50 at most, and `maxPayload`, in bytes."""

WISH_AND_OWN: Final[types.Type[Wish]] = types.Type(WISH.schema, partial(_read_wish, most=MAX_NAMED))
"""The same with those that it writes as."""


def write_wish(wish: Wish) -> Json:
    """The other way."""
    authors = sorted(each.hex() for each in wish.authors) if wish.authors is not None else None
    return {"authors": authors, "maxPayload": wish.max_payload}


Stands = Literal["alone", "beside", "against", "new"]
"""How an entry stands to what is held of its log: held, alone in its slot, or beside another one; not held,
and what is held excludes it, or not."""


@dataclass(frozen=True, slots=True)
class Lack:
    """What is wished of a log, and lacking: entries, or payloads of entries that are held.

    Attributes:
        end: the seq num of the log's last entry that is held; 0 where none is.
        ranges: where something is lacking, ascending, at most `MAX_RANGES`.
        next: the seq num from which on to ask further; None where that is all.
    """

    end: int
    ranges: tuple[Range, ...]
    next: int | None
