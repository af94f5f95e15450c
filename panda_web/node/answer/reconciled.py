"""`panda_reconcile`: the ends of logs here, compared with those of another node by ranges (`negentropy`).

Nothing is kept for whoever asks. What is kept is the same for all: the ids of the ends, which are made anew
for the logs in which something happened since.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from panda_web.negentropy import Ids, respond
from panda_web.node.answer.heads import head
from panda_web.node.store import Store
from panda_web.node.store.changes import Cursor
from panda_web.node.store.ends import LogEnd
from panda_web.rpc.errors import InvalidParams
from panda_web.rpc.heads import MAX_RECONCILE, Reconciled, head_id

MOST_CHANGED = 1000
"""Logs whose ids are made anew; where there are more, all are."""


@dataclass(frozen=True)
class _Ends:
    """The ids of the ends of all logs, as of a point in what happened; by the log's row number."""

    cursor: Cursor
    ids: Mapping[int, bytes] = field(repr=False)

    @cached_property
    def all(self) -> Ids:
        """Of all logs."""
        return Ids(self.ids.values())

    @cached_property
    def keys(self) -> Mapping[bytes, int]:
        """The other way."""
        return {each: key for key, each in self.ids.items()}


class Reconciliations:
    """Answers them.

    Args:
        store: what is compared.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ends = _Ends(store.feed.start(), {})

    def answer(
        self,
        message: bytes,
        lacking: Collection[bytes],
        schemas: Sequence[str] | None,
        authors: Sequence[bytes] | None,
    ) -> Reconciled:
        """Answers a message, within a reading of the store.

        Args:
            message: of Negentropy.
            lacking: ids of ends, of which the logs are given.
            schemas: only logs with messages of these, and system logs; all without them.
            authors: only logs of these; of all without them.

        Raises:
            ReconcileMalformed: the message is none.
            InvalidParams: it is too long.
        """
        if len(message) > MAX_RECONCILE:
            raise InvalidParams(f"The message is longer than {MAX_RECONCILE:,} bytes.")
        ends = self._ends = self._now(self._ends)
        if schemas is None and authors is None:
            ids = ends.all
        else:
            ids = Ids(ends.ids[key] for key in self._store.ends.keys(schemas, authors))
        keys = {ends.keys[each] for each in lacking if each in ends.keys} if lacking else set[int]()
        return Reconciled(respond(ids, message), [head(each) for each in self._store.ends.of(keys)])

    def _now(self, kept: _Ends) -> _Ends:
        """As of the snapshot that is read in. Readings may overlap, so what is kept is replaced whole."""
        feed = self._store.feed
        changed = feed.logs_since(kept.cursor, MOST_CHANGED)
        if changed.reset or changed.more:
            return _Ends(feed.now(), {each.key: _id(each) for each in self._store.ends.of()})
        if not changed.keys:
            return kept
        return _Ends(
            changed.cursor,
            {**kept.ids, **{each.key: _id(each) for each in self._store.ends.of(changed.keys)}},
        )


def _id(end: LogEnd) -> bytes:
    return head_id(end.author, end.log_id, end.seq_num, end.entry_hash)
