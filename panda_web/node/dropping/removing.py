"""One instance out of a log and the views, and back; in the transaction under way."""

from panda_web.errors import PandaError
from panda_web.messages import FORK_VOTE_LOG
from panda_web.node import views
from panda_web.node.forks.following import vote_went
from panda_web.node.store import Store
from panda_web.node.store.dropped import Removed
from panda_web.node.store.entries import LogRow
from panda_web.node.store.room import PAYLOAD_ROOM


class SchemaInUse(PandaError):
    """A registered schema is defined by it: what others wrote rests on it. End the registration first."""

    reason = "schema-in-use"


def drop(store: Store, log_row: LogRow, subject: bytes, words: str | None = None) -> Removed:
    """Removes the payloads about a subject from a log, but for deletes; they do not come back by themselves.

    Args:
        store: where they are.
        log_row: the log.
        subject: an instance; or the hash of an entry whose payload is no message.
        words: why, for readers.
    """
    views.remember(store, log_row, subject, subject, ends=True)
    removed = store.dropped.drop(subject, log_row.key, words)
    store.room.take(log_row.author, -PAYLOAD_ROOM * removed.size)
    views.gone(store, log_row, subject)
    if log_row.log_id == FORK_VOTE_LOG:
        vote_went(store, subject)
    return removed


def keep(store: Store, log_row: LogRow, subject: bytes) -> int:
    """Takes that back: the payloads are as if they had never come, and may come. Gives how many they are."""
    payloads, creates = store.dropped.keep(subject, log_row.key)
    store.room.take(log_row.author, 0, -creates)
    return payloads


def check_unused(store: Store, subject: bytes) -> None:
    """Raises SchemaInUse where a registered schema is defined by what is to be dropped."""
    if subject.hex() in store.registrations.all():
        raise SchemaInUse(
            f"The schema {subject.hex()[:16]}… is registered here, so its definition stays: what others "
            "wrote rests on it. End the registration first: panda schema drop."
        )
