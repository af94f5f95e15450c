"""How much room the database takes, and who takes it.

What all take is what the files take, counted in pages: indexes and views too. What an author takes cannot be
counted like that, so each entry is charged `ENTRY_ROOM` and `PAYLOAD_ROOM` times its payload. Measured, the
file grows by 0.34 to 0.52 times that, by the form of the message; the rest is for the indexes that queries
bring later (`store.indexes`).

Deletes need room, and must have it however full a node is. So whoever creates an instance is charged for its
delete as well, and of what all may take so much is left free as the deletes of all that is shown will need.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from panda_web.node.store.database import Database

ENTRY_ROOM = 2048
"""Bytes that a small entry takes with its rows and their indexes, of a create: with those of its delete."""

PAYLOAD_ROOM = 4
"""How many times a payload is there: with the entry, in the views, and in their pages' empty ends."""

DELETE_ROOM = 1536
"""Bytes that the database grows by for a delete, at most."""


def room_for(payload_size: int) -> int:
    """What an author is charged for an entry, in bytes, unless it is a delete for which room was kept."""
    return ENTRY_ROOM + PAYLOAD_ROOM * payload_size


class Room:
    """The room that is taken. Reading it sees the transaction that it is read in.

    What the works of a group take is summed up and written once, as the group ends.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
        self._in_group = False
        # Of the group under way: what was read of authors, and of the instances shown; what comes on top; and
        # of that what the work under way adds.
        self._bytes: dict[bytes, int] = {}
        self._shown: int | None = None
        self._added: Counter[bytes] = Counter()
        self._more_shown = 0
        self._work: list[tuple[bytes, int, int]] = []

    def of_author(self, author: bytes) -> int:
        """What an author is charged for all that is held, in bytes."""
        held = self._bytes.get(author) if self._in_group else None
        if held is None:
            row = self._db.one("SELECT bytes FROM authors WHERE author = ?", (author,))
            held = int(row[0]) if row else 0
            if self._in_group:
                self._bytes[author] = held
        return held + self._added[author]

    def shown(self) -> int:
        """How many instances can be deleted."""
        if self._shown is None or not self._in_group:
            (self._shown,) = self._db.one("SELECT shown FROM everybody")
        return int(self._shown or 0) + self._more_shown

    def of_all(self) -> int:
        """What the database takes, and what deletes of all that is shown will take, in bytes."""
        return int(self._db.size() + self.shown() * DELETE_ROOM)

    def take(self, author: bytes, size: int, shown: int = 0) -> None:
        """Charges an author for what is stored, within a work.

        Args:
            author: whose it is.
            size: bytes; less than nothing where something went.
            shown: how many instances more there are that can be deleted; less than nothing for fewer.
        """
        self._add(author, size, shown)
        self._work.append((author, size, shown))
        if size > 0:
            self._db.grow(size)

    def begin(self) -> None:
        """Begins a group."""
        self._bytes.clear()
        self._added.clear()
        self._work.clear()
        self._shown, self._more_shown = None, 0
        self._in_group = True

    @contextmanager
    def work(self) -> Iterator[None]:
        """A work of the group: when anything is raised in the block, nothing was taken in it."""
        self._work.clear()
        try:
            yield
        except BaseException:
            for author, size, shown in self._work:
                self._add(author, -size, -shown)
            raise

    def end(self) -> None:
        """Ends the group: what it took is written, last of all."""
        for author, size in self._added.items():
            if size:
                self._db.execute_later(_CHARGE, (author, size))
        if self._more_shown:
            self._db.execute_later("UPDATE everybody SET shown = shown + ?", (self._more_shown,))
        self._in_group = False
        self._added.clear()
        self._shown, self._more_shown = None, 0

    def _add(self, author: bytes, size: int, shown: int) -> None:
        self._added[author] += size
        self._more_shown += shown


_CHARGE = (
    "INSERT INTO authors (author, bytes) VALUES (?, ?)"
    " ON CONFLICT (author) DO UPDATE SET bytes = bytes + excluded.bytes"
)
