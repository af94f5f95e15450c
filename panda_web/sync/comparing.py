"""What two nodes hold, compared by ranges of where their logs end (`negentropy`).

At first contact, and when a point in what happened at one of them is lost.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from panda_web.negentropy import NOTHING, Ids, Reconciling
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import AnswerMalformed
from panda_web.rpc.heads import LogHead
from panda_web.rpc.methods import GET_LOGS, MAX_LIMIT, RECONCILE
from panda_web.sync.errors import SourceUnsound
from panda_web.sync.places import kept_cursor

MOST_MESSAGES = 200
"""Messages of one reconciliation. A million logs that all differ take fewer."""

MOST_LACKING = 1_000_000
"""Logs that another node says it has and this one lacks."""

NO_CURSOR = ""
"""Asked with it, a node answers with the cursor of now, and names no logs."""


@dataclass(frozen=True, slots=True)
class Differing:
    """Where two nodes differ.

    Attributes:
        theirs: the ends of logs that the other node has, and that are not so here.
        ours: the other way round.
    """

    theirs: list[LogHead]
    ours: list[LogHead]


async def now(node: Connection) -> str:
    """The cursor behind all that happened at a node so far."""
    return kept_cursor((await node.call(GET_LOGS, since=NO_CURSOR)).cursor)


async def compare(here: Connection, there: Connection) -> Differing:
    """Finds where the logs of two nodes do not end alike.

    Raises:
        SourceUnsound: the other node comes to no end.
        CallFailed: one of them cannot be asked.
    """
    ours = {each.id: each async for each in _all(here)}
    reconciling = Reconciling(Ids(ours))
    message: bytes | None = reconciling.begin()
    messages = 0
    theirs: dict[bytes, LogHead | None] = {}
    lacking: list[bytes] = []
    while message is not None or lacking:
        some, lacking = lacking[:MAX_LIMIT], lacking[MAX_LIMIT:]
        answer = await there.call(
            RECONCILE, message=(message or NOTHING).hex(), lacking=[each.hex() for each in some]
        )
        for head in answer.heads:
            if head.id not in some:
                raise AnswerMalformed("The node names logs that were not asked for.")
            theirs[head.id] = head
        if message is not None:
            message = reconciling.go_on(answer.message)
            found = reconciling.need - theirs.keys()
            theirs |= dict.fromkeys(found)
            lacking += sorted(found)
            messages += 1
        if messages > MOST_MESSAGES or len(reconciling.need) > MOST_LACKING:
            raise SourceUnsound("The node's list of logs comes to no end. It is left alone for a while.")
    return Differing(
        [each for each in theirs.values() if each is not None],
        [each for key, each in ours.items() if key in reconciling.have],
    )


def apart(logs: Iterable[LogHead]) -> tuple[list[LogHead], list[LogHead]]:
    """System logs, on which what is in the others rests; and the others."""
    logs = list(logs)
    return [each for each in logs if each.log_id % 2 == 0], [each for each in logs if each.log_id % 2]


async def _all(node: Connection) -> AsyncIterator[LogHead]:
    """The ends of all logs of a node."""
    since = None
    more = True
    while more:
        found = await node.call(GET_LOGS, since=since, limit=MAX_LIMIT)
        since, more = found.cursor, found.more
        for each in found.logs:
            yield each
