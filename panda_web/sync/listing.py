"""Which logs a node names, page by page, to an end; and the entries of a log, answer by answer, likewise.

Nobody has to come to an end who answers. So a place that stands still is no answer, and one that moves for
ever is given up.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import AnswerMalformed
from panda_web.rpc.heads import Heads, LogHead
from panda_web.rpc.methods import GET_ITEMS, GET_LOGS, MAX_LIMIT, Items
from panda_web.rpc.types import Json
from panda_web.rpc.wish import Log, Range
from panda_web.sync.errors import SourceUnsound
from panda_web.sync.places import kept_cursor

MOST_PAGES = 10_000
"""Pages of one list. A node looks at 5,000 changes for one, so these are 50 million."""

MOST_LOGS = 1_000_000
"""Logs that a node names in one list."""

NO_CURSOR = ""
"""Asked with it, a node answers with the cursor of now, and names no logs."""


async def now(node: Connection) -> str:
    """The cursor behind all that happened at a node so far."""
    return kept_cursor((await node.call(GET_LOGS, since=NO_CURSOR)).cursor)


async def pages(
    node: Connection, since: str | None = None, most: int = MOST_LOGS, **named: Json
) -> AsyncGenerator[Heads, None]:
    """The logs in which something happened behind a cursor, page by page; with `reset` there is one page.

    Args:
        node: is asked.
        since: the cursor; None for all logs.
        most: logs that the node may name.
        named: which logs, as params of `panda_getLogs`.

    Raises:
        AnswerMalformed: the node does not go on.
        SourceUnsound: it comes to no end.
        CallFailed: it cannot be asked.
    """
    count = 0
    for _ in range(MOST_PAGES):
        page = await node.call(GET_LOGS, since=since, limit=MAX_LIMIT, **named)
        if page.more and kept_cursor(page.cursor) == since:
            raise AnswerMalformed("The node does not go on in its list of logs.")
        count += len(page.logs)
        if count > most:
            break
        yield page
        if page.reset or not page.more:
            return
        since = page.cursor
    raise SourceUnsound("The node's list of logs comes to no end. It is left alone for a while.")


async def listed(node: Connection, **named: Json) -> list[LogHead]:
    """All logs of a node, or those that are named, as `pages` does. Raises as that does."""
    found: list[LogHead] = []
    async with aclosing(pages(node, **named)) as some:
        async for page in some:
            found += page.logs
    return found


async def stretches(
    node: Connection, log: Log, ranges: Sequence[Range], **more: Json
) -> AsyncGenerator[tuple[Items, Sequence[Range]], None]:
    """The entries of a log in some ranges, as far as a node has them: answers, each with the ranges left.

    Args:
        node: is asked.
        log: whose entries.
        ranges: of seq nums, ascending, at least one.
        more: params of `panda_getItems`; with `distLow` the first answer has a path to the first entry.

    Raises:
        AnswerMalformed: the node does not go on.
        CallFailed: it cannot be asked.
    """
    while ranges:
        if len(ranges) > 1:
            more["only"] = [[*each] for each in ranges]
        items = await node.call(
            GET_ITEMS,
            author=log[0].hex(),
            logId=log[1],
            start=ranges[0][0],
            end=ranges[-1][1],
            gaps=True,
            **more,
        )
        yield items, ranges
        if items.next is None:
            return
        if not items.entries or items.next <= ranges[0][0]:
            raise AnswerMalformed("The node does not go on in a log.")
        ranges = [(max(each[0], items.next), each[1]) for each in ranges if each[1] >= items.next]
        more = {key: value for key, value in more.items() if key not in ("only", "distLow")}
