"""Data folders as earlier versions left them: each format's tables, filled the way that version filled them.

Entries are real ones, signed and linked. What a format has of tables and columns says the database; what an
earlier version put into them is said here, once for all formats, since no one ever changed it for old rows.
"""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from panda_web.log import SignedEntry
from panda_web.messages import Message, decode
from panda_web.messages.instance import is_emptying
from panda_web.node.store.migrations import MIGRATIONS

FORMATS = range(1, 9)
"""Those before entries were kept apart from what is made of them."""

CHARGED_BY_ROOM = 8
"""The format from which on authors are charged for what the database takes, instances shown are counted."""


def folder(path: Path, number: int, written: Iterable[tuple[SignedEntry, bytes]], *registered: str) -> None:
    """Makes the database of a node that took in these entries, in order.

    Args:
        path: the file, which is new.
        number: of its format.
        written: entries with their payloads; each stands at the end of its log.
        registered: ids of schemas, where the format has registrations.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.execute("PRAGMA journal_mode=WAL")
        old.executescript(f"{';'.join(MIGRATIONS[:number])}; PRAGMA user_version={number};")
        old.execute("BEGIN")
        for signed, payload in written:
            _take_in(old, number, signed, payload)
        if number >= 4:
            old.executemany("INSERT INTO schemas (schema) VALUES (?)", ((each,) for each in registered))
        old.execute("COMMIT")


def _take_in(old: sqlite3.Connection, number: int, signed: SignedEntry, payload: bytes) -> None:
    entry, message = signed.entry, decode(payload)
    old.execute("INSERT OR IGNORE INTO authors (author, bytes) VALUES (?, 0)", (entry.author,))
    _charge(old, number, signed, payload, message)
    old.execute(
        "INSERT INTO logs (author, log_id, schema, seq_num, ended) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO"
        " UPDATE SET seq_num = excluded.seq_num, ended = excluded.ended",
        (entry.author, entry.log_id, message.schema, entry.seq_num, entry.end_of_log),
    )
    (log,) = old.execute(
        "SELECT id FROM logs WHERE author = ? AND log_id = ?", (entry.author, entry.log_id)
    ).fetchone()
    instance = bytes.fromhex(message.id) if message.id is not None else signed.hash
    old.execute(
        "INSERT INTO entries (log, seq_num, hash, entry, payload, instance) VALUES (?, ?, ?, ?, ?, ?)",
        (log, entry.seq_num, signed.hash, signed.encoded, payload, instance),
    )
    old.execute(
        "INSERT INTO instances VALUES (?, ?, ?, ?, ?, 0, 0) ON CONFLICT DO UPDATE SET"
        " seq_num = excluded.seq_num, last_entry = excluded.last_entry, edited = edited OR ?, deleted = ?",
        (
            instance,
            log,
            message.schema,
            entry.seq_num,
            signed.hash,
            message.action == "update",
            message.action == "delete",
        ),
    )
    for name, field in message.fields.items():
        value = json.dumps(field.value) if field.type.endswith("[]") else field.value
        row = (instance, name, field.type, value)
        old.execute("INSERT OR REPLACE INTO fields (instance, name, type, value) VALUES (?, ?, ?, ?)", row)
        if is_emptying(field) and number >= 6:  # before, a list without items was kept as one
            old.execute("DELETE FROM fields WHERE instance = ? AND name = ?", (instance, name))
    if message.action == "delete":
        old.execute("DELETE FROM fields WHERE instance = ?", (instance,))
        old.execute(
            "UPDATE entries SET payload = NULL WHERE instance = ? AND hash <> ?", (instance, signed.hash)
        )
    if number >= 7 and entry.seq_num == 1 and entry.log_id % 2:
        old.execute(
            "UPDATE authors SET free_log = ? WHERE author = ? AND free_log = ?",
            (entry.log_id + 2, entry.author, entry.log_id),
        )


def _charge(
    old: sqlite3.Connection, number: int, signed: SignedEntry, payload: bytes, message: Message
) -> None:
    author = signed.entry.author
    if number < CHARGED_BY_ROOM:
        size = len(signed.encoded) + len(payload)
        old.execute("UPDATE authors SET bytes = bytes + ? WHERE author = ?", (size, author))
        old.execute("UPDATE everybody SET bytes = bytes + ?", (size,))
        return
    shown = {"create": 1, "update": 0, "delete": -1}[message.action]
    old.execute("UPDATE everybody SET shown = shown + ?", (shown,))
    if message.action != "delete":
        size = 2048 + 4 * len(payload)
        old.execute("UPDATE authors SET bytes = bytes + ? WHERE author = ?", (size, author))
        return
    (freed,) = old.execute(
        "SELECT total(4 * length(payload)) FROM entries WHERE instance = ?", (bytes.fromhex(str(message.id)),)
    ).fetchone()
    old.execute("UPDATE authors SET bytes = bytes - ? WHERE author = ?", (int(freed), author))
