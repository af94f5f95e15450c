"""What another node holds of a log that is forked, and is not here: the other branch, and what proves it.

Two nodes may hold a branch each, and neither knows; or their logs end alike, and one holds a second entry in
a slot before. The end of a log says nothing of that. So of an end that cannot be true here it is looked where
the branches part; and what a node holds against an author goes with the log's end, and is compared.

None of it is believed: all of it is entries, which are verified as they are taken in.
"""

from collections.abc import AsyncIterator
from itertools import groupby
from operator import itemgetter

from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import ErrorFromNode
from panda_web.rpc.forks import GET_FORK_PROOFS, ForkedLog
from panda_web.rpc.heads import Broken, LogHead
from panda_web.rpc.methods import MAX_LIMIT
from panda_web.rpc.types import Json
from panda_web.rpc.wish import MAX_RANGES, Log
from panda_web.sync.carrying import Part
from panda_web.sync.errors import SourceUnsound
from panda_web.sync.fitting import places_of
from panda_web.sync.lacks import Lacks, as_ranges
from panda_web.sync.source import MAX_PATH, Asking, is_early

MOST_FORKED = 10_000
"""Forked logs that a node names."""

MOST_STEPS = 128
"""Questions until it is found where two branches part. Of a log of 2^31 entries some 40 are enough."""

MOST_BRANCH = 10_000
"""Entries of another branch that are brought, from where it parts on."""


async def forked(node: Connection, **params: Json) -> dict[Log, ForkedLog]:
    """The forked logs of a node: all, or those that are asked for, as params of `panda_getForkProofs`.

    Raises:
        SourceUnsound: it names them without end.
        CallFailed: it cannot be asked.
    """
    found: dict[Log, ForkedLog] = {}
    after: str | None = None
    for _ in range(0, MOST_FORKED, MAX_LIMIT):
        try:
            page = await node.call(GET_FORK_PROOFS, after=after, limit=MAX_LIMIT, **params)
        except ErrorFromNode as error:
            if is_early(error):  # then it knows of none
                return {}
            raise
        for each in page:  # the least place of a log comes first
            found.setdefault(each.log, each)
        if len(page) < MAX_LIMIT:
            return found
        after = page[-1].place
    raise SourceUnsound("The node names forked logs without end. It is left alone for a while.")


def places(each: ForkedLog) -> set[int]:
    """Where the entries stand that prove a fork, and those of its branches."""
    proof = each.proof
    branches = range(proof.position, proof.position + MOST_BRANCH)
    return {proof.first.seq_num, proof.second.seq_num, *branches}


class Forks:
    """Finds it.

    Args:
        there: the other node.
        lacks: what is held here.

    Attributes:
        parted: where the branch that the other node holds of a log parts from what is held here, as far as
            that was found since this was last emptied.
    """

    def __init__(self, there: Connection, lacks: Lacks) -> None:
        self._there = there
        self._lacks = lacks
        self.parted: dict[Log, int] = {}

    async def proof(self, each: ForkedLog) -> Part | None:
        """What is brought of a log that is forked there, where less is held here against its author."""
        if not await self._is_less(each.log, each.broken):
            return None
        return Part(each.log, as_ranges(places(each))[:MAX_RANGES], apart=True, named=False)

    async def of(self, head: LogHead, before: int, broken: Broken | None) -> AsyncIterator[Part]:
        """What is brought of a log with such an end there, once what was lacking here is brought.

        Args:
            head: the other node's end of the log.
            before: where it ended here. What was brought since may go on with another branch than that.
            broken: what was held against its author then.

        Raises:
            CallFailed: the other node cannot be asked.
        """
        if head.broken is not None and await self._is_less(head.log, head.broken):
            found = await forked(self._there, author=head.author.hex(), logId=head.log_id)
            if head.log in found and (part := await self.proof(found[head.log])) is not None:
                yield part
        if 0 < before < head.seq_num:
            if (await self._lacks.held(head.log))[1] != broken:
                await self.look(head.log, before)
        elif await self._lacks.stands(head.log, head.seq_num, bytes.fromhex(head.entry_hash)) == "against":
            await self.look(head.log, head.seq_num)
        if head.log in self.parted:
            first = self.parted[head.log]
            yield Part(head.log, ((first, first + MOST_BRANCH - 1),), apart=True, named=False)

    async def _is_less(self, log: Log, broken: Broken) -> bool:
        """Whether a log is held here, and less against its author than at the other node."""
        end, here = await self._lacks.held(log)
        return end > 0 and broken.adds_to(here)

    async def look(self, log: Log, seq_num: int) -> None:
        """Finds where the branch of an entry that the other node has parts from what is held here.

        A path leads from the entry down to what both hold. Where it jumps over the place at which the
        branches part, the path from right before its lowest strange entry leads nearer to it.
        """
        shared, other = 0, seq_num + 1
        is_branch = False
        for _ in range(MOST_STEPS):
            if shared + 1 >= other:
                break
            held, strange, is_other = await self._path(log, other - 1)
            if strange == other and held <= shared:
                break  # it gives nothing that leads further
            shared, other, is_branch = max(shared, held), strange, is_branch or is_other
        if is_branch:
            self.parted[log] = shared + 1

    async def _path(self, log: Log, seq_num: int) -> tuple[int, int, bool]:
        """The path from an entry there: up to where it is one with what is held here, as far as it shows.

        Returns:
            The last place where both have the same, the first one where not, and whether that is of another
            branch.
        """
        shared = 0
        found = sorted(places_of(log, (await Asking(self._there).linked(log, seq_num))[:MAX_PATH]))
        for at, each in groupby(found, itemgetter(0)):
            stand = {await self._lacks.stands(log, *place) for place in each}
            if stand != {"alone"} and at <= seq_num:
                return shared, at, stand != {"new"}
            shared = min(at, seq_num)
        return shared, seq_num + 1, False
