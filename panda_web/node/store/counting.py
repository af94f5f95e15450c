"""Numbering what happens to a store, in order of commit, in the transaction that it happens in.

What a transaction does is noted as it goes. Just before COMMIT all notes of a group get their numbers, so
none is spent on what was rolled back, and a group costs one statement and one row of `commits` more. That row
holds the last number, and a hash that chains all that was counted up to there: two histories that agree in it
are the same. Why so, and what is kept how long: docs/decisions/changes.md.
"""

import sqlite3
from collections.abc import Sequence
from hashlib import blake2b
from typing import Literal, NamedTuple, get_args

ChangeKind = Literal["entry", "proof", "payload", "shown", "hidden", "counted"]
"""An entry was taken in; with it, more is proven against its author; its payload came later, or went; an
instance is shown again, or no longer, for what it leads to; an entry counts again, or no longer, for what is
proven and voted."""

KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)
"""They stand in the database by their places."""

LAST_COMMIT = "SELECT last, hash FROM commits WHERE last = (SELECT max(last) FROM commits)"

HASH_SIZE = 16
"""Bytes of a hash of what was counted. Nobody has to fear a forged one: it tells copies of a store apart."""


class Note(NamedTuple):
    """Something that a transaction did, of which others are told once it is committed.

    Attributes:
        kind: of a change, which is numbered; or another word, which is told and not kept.
        number: of the entry's row; for `shown` and `hidden` the entry that creates the instance.
        hash: of that entry.
    """

    kind: ChangeKind | Literal["schemas", "views", "recounts"]
    number: int = 0
    hash: bytes = b""


EVERYTHING = frozenset({*KINDS, "schemas", "views", "recounts"})
"""What is told where it cannot be said what changed."""


def count(connection: sqlite3.Connection, notes: Sequence[Note]) -> None:
    """Numbers what was noted, in the transaction under way. Raises sqlite3.Error."""
    counted = [(KINDS.index(note.kind), note.number, note.hash) for note in notes if note.kind in KINDS]
    if not counted:
        return
    # Asked each time: another program may have counted since.
    found = connection.execute(LAST_COMMIT).fetchone()
    last, before = found or (0, b"")
    connection.executemany(
        "INSERT OR REPLACE INTO changes (number, kind, entry) VALUES (?, ?, ?)",
        [(number, kind, entry) for number, (kind, entry, _) in enumerate(counted, last + 1)],
    )
    chained = before + b"".join([bytes((kind,)) + entry_hash for kind, _, entry_hash in counted])
    connection.execute(
        "INSERT INTO commits (last, hash) VALUES (?, ?)",
        (last + len(counted), blake2b(chained, digest_size=HASH_SIZE).digest()),
    )
