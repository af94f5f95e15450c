"""How much room the database takes, and who takes it.

What all take is what the files take, counted in pages: indexes and views too. What an author takes cannot be
counted like that, so each entry is charged `ENTRY_ROOM` and `PAYLOAD_ROOM` times its payload. Measured, the
file grows by 0.5 to 1.2 times that, by the form of the message.

Deletes need room, and must have it however full a node is. So whoever creates an instance is charged for its
delete as well, and of what all may take so much is left free as the deletes of all that is shown will need.
"""

from typing import Literal

from panda_web.node.store.database import Database

ENTRY_ROOM = 2048
"""Bytes that a small entry takes with its rows and their indexes, of a create: with those of its delete."""

PAYLOAD_ROOM = 4
"""How many times a payload is there: with the entry, in the views, and in their pages' empty ends."""

DELETE_ROOM = 1536
"""Bytes that the database grows by for a delete, at most."""


def room_for(payload_size: int) -> int:
    """What an author is charged for an entry that is no delete, in bytes."""
    return ENTRY_ROOM + PAYLOAD_ROOM * payload_size


class Room:
    """The room that is taken. Reading it sees the transaction that it is read in."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def of_author(self, author: bytes) -> int:
        """What an author is charged for all that is held, in bytes."""
        row = self._db.one("SELECT bytes FROM authors WHERE author = ?", (author,))
        return row[0] if row else 0

    def of_all(self) -> int:
        """What the database takes, and what deletes of all that is shown will take, in bytes."""
        (shown,) = self._db.one("SELECT shown FROM everybody")
        return int(self._db.size() + shown * DELETE_ROOM)

    def take(self, author: bytes, action: Literal["create", "update", "delete"], payload_size: int) -> None:
        """Charges an author for an entry."""
        if action == "delete":
            self._db.execute("UPDATE everybody SET shown = shown - 1")
            return
        self._charge(author, room_for(payload_size))
        self._db.grow(room_for(payload_size))
        if action == "create":
            self._db.execute("UPDATE everybody SET shown = shown + 1")

    def free(self, author: bytes, payload_bytes: int) -> None:
        """Gives an author back what so many bytes of payloads took."""
        self._charge(author, -PAYLOAD_ROOM * payload_bytes)

    def _charge(self, author: bytes, size: int) -> None:
        self._db.execute(
            "INSERT INTO authors (author, bytes) VALUES (?, ?)"
            " ON CONFLICT (author) DO UPDATE SET bytes = bytes + excluded.bytes",
            (author, size),
        )
