"""What an early node gave in this session: nothing that is the same is checked a second time.

`panda_queryEntries` gives all entries of a schema at once, and nobody can ask it what is new. So the first
page of a look fetches them, and only those are verified that were not there before; the pages that follow are
cut from what the first one brought. No new look is answered from an earlier one: it could be out of date.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from panda_web import log
from panda_web.client.check import Instance, Rejected
from panda_web.client.replay import replay
from panda_web.keys import Verifier
from panda_web.log import SignedEntry, Unsound
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import AnswerTooLong
from panda_web.rpc.methods import QUERY_ENTRIES, StoredEntry

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


class Looks:
    """The last looks at an early node.

    Args:
        connection: to the node.
        verifier: checks signatures.
    """

    def __init__(self, connection: Connection, verifier: Verifier) -> None:
        self._connection = connection
        self._verifier = verifier
        self._looks: dict[str, Look] = {}

    async def stored(self, schema: str) -> Sequence[StoredEntry]:
        """All entries that the node gives for a schema. Raises AnswerTooLong, CallFailed."""
        try:
            return await self._connection.call(QUERY_ENTRIES, schema=schema)
        except AnswerTooLong as error:
            raise AnswerTooLong(
                "This node is an early one, which gives all entries of a schema at once, and of this schema "
                f"it has too many: {error} Read it at a present-day node, which gives them page by page."
            ) from error

    async def at(self, schema: str, *, goes_on: bool) -> Look:
        """What the node holds of a schema; with `goes_on` what it held when that was last looked at."""
        last = self._looks.pop(schema, None)
        if last is None or not goes_on:
            stored = await self.stored(schema)
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
