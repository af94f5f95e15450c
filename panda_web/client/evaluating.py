"""Queries that a node has no view for, evaluated here: from all the entries that it holds of a schema.

An early node knows no other way, and a present-day one has no view of a schema without a definition. Each
entry is checked, as `client.replay` says: nothing is believed.

`panda_queryEntries` gives all entries of a schema at once, and nobody can ask it what is new. So the first
page of a look fetches them, and only those are verified that were not there before; the pages that follow are
cut from what the first one brought. No new look is answered from an earlier one: it could be out of date.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from panda_web import log
from panda_web.client.check import Answer, Instance, Rejected
from panda_web.client.replay import replay
from panda_web.keys import Verifier
from panda_web.log import SignedEntry, Unsound
from panda_web.query import Query, matcher, page, write_cursor
from panda_web.rpc.methods import StoredEntry

MAX_KEPT = 64 << 20
"""Bytes of entries and payloads that are kept of looks, the newest ones; the last one in any case."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a node held of a schema.

    Attributes:
        stored: the entries as they came.
        verdicts: by an entry's bytes, whether it is signed.
        instances: what they make.
        rejected: what is no part of one, and why.
    """

    stored: Sequence[StoredEntry]
    verdicts: dict[bytes, SignedEntry | Unsound]
    instances: Sequence[Instance]
    rejected: Sequence[Rejected]

    @property
    def size(self) -> int:
        """Bytes of entries and payloads."""
        return sum(len(each.entry) + len(each.payload or b"") for each in self.stored)


class Evaluator:
    """Answers queries from the entries of their schemas, and keeps the last looks at a node.

    Args:
        stored: gives all entries that the node holds of a schema.
        verifier: checks signatures.
    """

    def __init__(self, stored: Callable[[str], Awaitable[Sequence[StoredEntry]]], verifier: Verifier) -> None:
        self._stored = stored
        self._verifier = verifier
        self._looks: dict[str, Look] = {}

    def has_looked_at(self, schema: str) -> bool:
        """Whether a page of a schema was evaluated here: the next one can be cut from the same look."""
        return schema in self._looks

    async def query(self, query: Query) -> Answer:
        """The instances that a query asks for. Raises what `stored` raises."""
        look = await self._look_at(query.schema, goes_on=query.after is not None)
        found = [
            replace(instance, cursor=write_cursor(cursor)).chosen(query.select)
            for instance, cursor in page(look.instances, query)
        ]
        # What is wrong with the entries is said once, with the first page.
        rejected = look.rejected if query.after is None else ()
        return Answer(tuple(found), tuple(rejected), found[-1].cursor if found else None)

    async def count(self, query: Query) -> int:
        """How many instances a query's filter lets pass. Raises what `stored` raises."""
        passes = matcher(query.filter)
        return sum(map(passes, (await self._look_at(query.schema, goes_on=False)).instances))

    async def _look_at(self, schema: str, *, goes_on: bool) -> Look:
        """What the node holds of a schema; with `goes_on` what it held when that was last looked at."""
        last = self._looks.pop(schema, None)
        if last is None or not goes_on:
            stored = await self._stored(schema)
            if last is None or last.stored != stored:
                last = await self._look(schema, stored, last.verdicts if last is not None else {})
        self._looks[schema] = last
        while len(self._looks) > 1 and sum(look.size for look in self._looks.values()) > MAX_KEPT:
            del self._looks[next(iter(self._looks))]
        return last

    async def _look(
        self, schema: str, stored: Sequence[StoredEntry], known: dict[bytes, SignedEntry | Unsound]
    ) -> Look:
        encoded = dict.fromkeys(each.entry for each in stored)
        new = [entry for entry in encoded if entry not in known]
        found = dict(zip(new, await log.verify_many(new, self._verifier), strict=True))
        verdicts = {entry: found.get(entry) or known[entry] for entry in encoded}
        instances, rejected = replay(schema, stored, verdicts)
        return Look(stored, verdicts, instances, rejected)
