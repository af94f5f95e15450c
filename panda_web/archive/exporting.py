"""From a node: all that it holds, in an order in which each entry can be verified as it is read.

First the system logs, which say what the others mean: the definitions of schemas. Then the others; each group
by author and log id, each log ascending. What links an entry has a lower seq num, so it comes before it. The
same store gives the same bytes.

A log is exported as far as it went when it was listed, so an end comes, however much is published meanwhile.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

from panda_web.archive import lines
from panda_web.archive.errors import LogsNotListed, TooManyLogs
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import AnswerMalformed, ErrorFromNode, MethodNotFound
from panda_web.rpc.methods import Items
from panda_web.sync.listing import pages, stretches
from panda_web.sync.patient import Patient

Log = tuple[int, bytes, int]
"""Whether it is a user's, its author, and its id: in this order logs are exported."""

PIECE = 256 << 10
"""Bytes that are given at a time, and what the last line among them has beyond that."""

FEW = 256
"""Seq nums of a log that are asked for together: a node in a tab has others to answer. Where a log has gaps,
it is twice as many each time."""

MOST_LOGS = 1_000_000
"""Logs that are exported into one file: so many are kept in memory, in some 300 MB."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A piece of the file, and how far it goes.

    Attributes:
        data: the bytes that come next.
        entries: that were written up to there.
        payloads: of how many of these the payload was.
        logs: of which all is written.
        of_logs: there are.
    """

    data: bytes
    entries: int
    payloads: int
    logs: int
    of_logs: int


async def export(
    node: Connection, sleep: Callable[[float], Awaitable[object]]
) -> AsyncGenerator[Exported, None]:
    """All that a node holds, piece by piece; the last one is its end.

    Between two pieces the node answers others. Whoever has enough closes it.

    Args:
        node: it.
        sleep: waits for some seconds, as long as the node asks for.

    Raises:
        LogsNotListed: it is an earlier version, which cannot say what it holds.
        TooManyLogs: it names more than `MOST_LOGS`.
        CallFailed: it cannot be asked.
    """
    node = Patient(node, sleep)
    logs = await _logs(node)
    entries = payloads = done = 0
    piece, size = [lines.HEADER], len(lines.HEADER)
    for log in sorted(logs):
        async with aclosing(_items(node, log, logs[log])) as some:
            async for items in some:
                for item in items.entries:
                    piece.append(lines.written(item))
                    size += len(piece[-1])
                    entries += 1
                    payloads += item.payload is not None
                    if size >= PIECE:
                        yield Exported(b"".join(piece), entries, payloads, done, len(logs))
                        piece, size = [], 0
        done += 1
    yield Exported(b"".join((*piece, lines.end(entries))), entries, payloads, done, len(logs))


async def _logs(node: Connection) -> dict[Log, int]:
    """All logs, each with the seq num of its end."""
    found: dict[Log, int] = {}
    try:
        async with aclosing(pages(node, most=2 * MOST_LOGS)) as some:
            async for page in some:
                if page.reset:
                    raise AnswerMalformed("The node lost its place while it listed its logs. Export again.")
                found |= {(each.log_id % 2, each.author, each.log_id): each.seq_num for each in page.logs}
                if len(found) > MOST_LOGS:
                    raise TooManyLogs(f"The node names more than {MOST_LOGS:,} logs: too many for one file.")
    except ErrorFromNode as error:
        if error.node_code == MethodNotFound.code:
            raise _earlier() from error
        raise
    return found


async def _items(node: Connection, log: Log, last: int) -> AsyncGenerator[Items, None]:
    """The entries of a log up to a seq num."""
    start, stretch = 1, FEW
    while start <= last:
        end, count = min(start + stretch - 1, last), 0
        async with aclosing(stretches(node, log[1:], ((start, end),))) as some:
            async for items, _ in some:
                count += len(items.entries)
                yield items
        start, stretch = end + 1, FEW if count > FEW // 2 else 2 * stretch


def _earlier() -> LogsNotListed:
    return LogsNotListed(
        "This node is of an earlier version, which does not say what it holds. Export from its data folder, "
        "with this version: `panda export FILE --data DIR`."
    )
