"""What two nodes hold, compared by ranges of where their logs end (`negentropy`).

At first contact, and when a point in what happened at one of them is lost.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from panda_web.negentropy import NOTHING, Ids, Reconciling
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import AnswerMalformed
from panda_web.rpc.heads import LogHead
from panda_web.rpc.methods import MAX_LIMIT, RECONCILE
from panda_web.rpc.types import Json
from panda_web.sync.errors import SourceUnsound

MOST_MESSAGES = 200
"""Messages of one reconciliation. A million logs that all differ take fewer."""

MOST_LACKING = 1_000_000
"""Logs that another node says it has and this one lacks."""


@dataclass(frozen=True, slots=True)
class Differing:
    """Where two nodes differ, of the logs that were compared.

    Attributes:
        theirs: the ends of logs that the other node has, and that are not so here.
        ours: the other way round.
    """

    theirs: list[LogHead]
    ours: list[LogHead]


async def compare(
    here: Iterable[LogHead], there: Connection, named: Mapping[str, Json], *, take: bool = True
) -> Differing:
    """Finds where the logs of two nodes do not end alike.

    Args:
        here: those of one of them.
        there: the other one.
        named: which logs of it are compared, as params of `panda_reconcile`.
        take: whether it is asked for those that it has.

    Raises:
        SourceUnsound: the other node comes to no end.
        CallFailed: it cannot be asked.
    """
    ours = {each.id: each for each in here}
    reconciling = Reconciling(Ids(ours))
    message: bytes | None = reconciling.begin()
    messages = 0
    theirs: dict[bytes, LogHead | None] = {}
    lacking: list[bytes] = []
    while message is not None or lacking:
        some, lacking = lacking[:MAX_LIMIT], lacking[MAX_LIMIT:]
        answer = await there.call(
            RECONCILE, message=(message or NOTHING).hex(), lacking=[each.hex() for each in some], **named
        )
        for head in answer.heads:
            if head.id not in some:
                raise AnswerMalformed("The node names logs that were not asked for.")
            theirs[head.id] = head
        if message is not None:
            message = reconciling.go_on(answer.message)
            found = reconciling.need - theirs.keys()
            theirs |= dict.fromkeys(found)
            lacking += sorted(found) if take else ()
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
