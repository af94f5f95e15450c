"""Where a filling goes on, kept through cuts, crashes and closed tabs.

Places belong to what the sink holds: whoever loses the sink's store must lose them too, so they lie in the
same store, or under its id.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Protocol

from panda_web.rpc import types
from panda_web.rpc.errors import AnswerMalformed
from panda_web.rpc.wish import Wish

MAX_CURSOR = 1000
"""Characters of a cursor that a source gives, since it is kept: ours have 200 at most."""


def kept_cursor(text: str) -> str:
    """A cursor that a source gives, as one that may be kept. Raises AnswerMalformed."""
    if len(text) > MAX_CURSOR:
        raise AnswerMalformed(f"The node's cursor has more than {MAX_CURSOR} characters.")
    return text


def kept_for(what: str, wish: Wish) -> str:
    """Under which name the place of something is kept, as far as it is wished.

    Whoever wishes for something else for a while, as a tab does, goes on with the first wish then.
    """
    return f"{what} {blake2b(wish.key.encode(), digest_size=16).hexdigest()}" if wish.key else what


@dataclass(frozen=True, slots=True)
class Place:
    """How far a schema was brought from a source.

    Attributes:
        cursor: the point in what happened at the source from which changes are asked for; None where it
            tells of none, or the point is lost.
        after: while pages are fetched, the id of the last instance that was; empty before the first one.
            None where no page is left.
        comparing: whether the pages say only which instances there are, to compare with what is held.
        done: instances that were looked at in these pages.
        since: when all pages had been there for the first time, in seconds since 1970; None before that.
        as_of: when the source had last nothing more; None likewise.
    """

    cursor: str | None
    after: str | None = ""
    comparing: bool = False
    done: int = 0
    since: float | None = None
    as_of: float | None = None

    def to_text(self) -> str:
        """In JSON, to be kept."""
        return json.dumps(
            {
                "cursor": self.cursor,
                "after": self.after,
                "comparing": self.comparing,
                "done": self.done,
                "since": self.since,
                "asOf": self.as_of,
            }
        )

    @staticmethod
    def from_text(text: str | None) -> "Place | None":
        """The other way; None where it is none: then it begins anew, and what is held is no loss."""
        try:
            value = json.loads(text or "")
            after = types.member(value, "after", types.nullable(types.TEXT))
            return Place(
                types.member(value, "cursor", types.nullable(types.TEXT)),
                types.HASH.read(after) if after else after,
                types.member(value, "comparing", types.BOOL),
                types.member(value, "done", types.integer(0, types.WIRE_LIMIT)),
                types.member(value, "since", _MOMENT),
                types.member(value, "asOf", _MOMENT),
            )
        except ValueError:
            return None


def _read_moment(value: types.Json) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise ValueError("must be a number")


_MOMENT = types.nullable(types.Type({"type": "number"}, _read_moment))


def compared_anew(text: str) -> str:
    """The place of a schema from which all that there is is compared with what is held."""
    place = Place.from_text(text)
    return replace(place, cursor=None, after="", comparing=True, done=0).to_text() if place else ""


class Places(Protocol):
    """Where places are kept, as texts.

    They need not be durable at once: an older one costs a page that comes again, and one that was dropped
    costs all pages, of which nothing is news.
    """

    async def get(self, source: str, schema: str) -> str | None:
        """The place of a schema; None where there is none. Raises StoreFailed."""

    async def put(self, source: str, schema: str, place: str) -> None:
        """Keeps another one. What it stands for is durable before. Raises StoreFailed."""

    async def change(self, schemas: Collection[str], change: Callable[[str], str]) -> None:
        """Changes the places of some schemas, of all sources and whatever is wished. Raises StoreFailed."""


class MemoryPlaces:
    """Places in memory: for a sink in memory, and for tests."""

    def __init__(self) -> None:
        self.texts: dict[tuple[str, str], str] = {}

    async def get(self, source: str, schema: str) -> str | None:
        """See `Places`."""
        return self.texts.get((source, schema))

    async def put(self, source: str, schema: str, place: str) -> None:
        """See `Places`."""
        self.texts[source, schema] = place

    async def change(self, schemas: Collection[str], change: Callable[[str], str]) -> None:
        """See `Places`."""
        self.texts |= {key: change(text) for key, text in self.texts.items() if key[1].split()[0] in schemas}
