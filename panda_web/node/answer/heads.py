"""`panda_getLogs`: the logs in which something happened behind a cursor, each with its end.

Whoever asks without a cursor, and then with that of each answer, hears of all that is held; whoever keeps the
last one hears the next time of what changed since.
"""

from collections.abc import Sequence

from panda_web.node.store import Store
from panda_web.node.store.changes import Cursor
from panda_web.node.store.ends import LogEnd
from panda_web.node.store.entries import broken
from panda_web.rpc.heads import Heads, LogHead


def answer(
    store: Store,
    since: str | None,
    schemas: Sequence[str] | None,
    authors: Sequence[bytes] | None,
    limit: int,
) -> Heads:
    """Some logs, in the order in which something last happened in them.

    Args:
        store: what is asked.
        since: the cursor of an answer before; None begins.
        schemas: only logs with messages of these, and system logs; all without them.
        authors: only logs of these; of all without them.
        limit: how many changed logs are looked at, at most.
    """
    feed = store.feed
    cursor = feed.start() if since is None else Cursor.read(since)
    if cursor is None:
        return Heads([], str(feed.now()), more=False, reset=True)
    found = feed.logs_since(cursor, limit)
    ends = {each.key: each for each in store.ends.of(found.keys)}
    asked = store.ends.keys(schemas, authors, among=found.keys)
    heads = [head(ends[key]) for key in found.keys if key in asked]
    return Heads(heads, str(found.cursor), more=found.more, reset=found.reset)


def head(end: LogEnd) -> LogHead:
    """The end of a log, as it is told."""
    against = broken(end.condemned, end.second)
    return LogHead(end.author, end.log_id, end.schema or None, end.seq_num, end.entry_hash.hex(), against)
