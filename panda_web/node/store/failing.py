"""What SQLite says has gone wrong, as errors of this package."""

import sqlite3
from collections.abc import Callable

from panda_web.errors import DiskFull, StoreFailed

Why = Callable[[], StoreFailed | None]
"""What the platform has just refused to SQLite, in its own words; None where that is not known."""

_OF_FILES = frozenset(
    (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
)


def failure(words: str, error: sqlite3.Error, why: Why | None) -> StoreFailed:
    """The error that stands for one of SQLite's.

    Args:
        words: what did not succeed, without a full stop.
        error: what SQLite says.
        why: what the platform says; None where it says nothing.
    """
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the rest says of what kind
    refused = why() if why is not None and code in _OF_FILES else None
    if refused is not None:
        return refused
    if code == sqlite3.SQLITE_FULL:
        return DiskFull("The disk of this node is full; nothing was stored. Try again later.")
    return StoreFailed(f"{words}: {error}.")


class Doing:
    """A context in which whatever SQLite does not do is raised as a StoreFailed.

    Args:
        words: what did not succeed then, without a full stop.
        why: what the platform says of it.
    """

    __slots__ = ("_why", "_words")

    def __init__(self, words: str, why: Why | None) -> None:
        self._words = words
        self._why = why

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise failure(self._words, error, self._why) from error
