"""Large logs, put into a store's tables as they are: no signature is made, so it is quick."""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from panda_web import messages
from panda_web.bamboo import digest
from panda_web.messages import infer_all
from panda_web.messages.schema import FieldDefinition, Schema
from tests.sqlite import Store

TALK = Schema(
    "talk",
    "What is said on a stage",
    (
        FieldDefinition("title", "varchar", validation="[^<>]{1,80}"),
        FieldDefinition("seats", "integer"),
        FieldDefinition("start", "timestamp", optional=True),
        FieldDefinition("abstract", "text", optional=True),
    ),
    digest(b"the definition of a talk").hex(),
)
AUTHORS = 10
MOST_CACHED = 1 << 20
"""KiB that filling may take: with less, a million messages have each page of an index written many times."""


def talk(number: int) -> dict[str, object]:
    """What the talk of a number says."""
    return {
        "title": f"Talk {number}",
        "seats": number % 100,
        "start": f"2026-11-{number % 28 + 1:02}T{number % 24:02}:00:00+01:00",
        "abstract": "What a log is, and who owns it. " * 4,
    }


def instance(number: int) -> bytes:
    """The id of the instance of a number."""
    return digest(b"instance %d" % number)


def fill(store: Store, schema: str, count: int, first: int = 0) -> None:
    """Stores so many messages: creates, each tenth followed by an update, of several authors who take turns.

    Entries are noise of the size of entries, so there are no proofs.
    """
    connection = store.sqlite
    (cache,) = connection.execute("PRAGMA cache_size").fetchone()
    connection.execute(f"PRAGMA cache_size=-{MOST_CACHED}")
    size = count // AUTHORS
    connection.execute("BEGIN")
    logs = []
    for author in range(AUTHORS):
        (key,) = connection.execute(
            "INSERT INTO logs (author, log_id, schema, seq_num, ended) VALUES (?, 1, ?, ?, 0) RETURNING id",
            (digest(b"author %d %d" % (first, author))[:32], schema, size),
        ).fetchone()
        logs.append(_rows(key, schema, size, first + author * size))
    connection.executemany(
        "INSERT INTO entries (log, seq_num, hash, entry, payload, instance) VALUES (?, ?, ?, ?, ?, ?)",
        chain.from_iterable(zip(*logs, strict=True)),
    )
    complete(connection)
    connection.execute("COMMIT")
    connection.execute(f"PRAGMA cache_size={cache}")


def complete(connection: sqlite3.Connection) -> None:
    """Notes what follows from logs that were put into their table as they are."""
    connection.execute("INSERT OR IGNORE INTO log_schemas SELECT schema, author, log_id, id FROM logs")
    connection.execute("UPDATE logs SET held = seq_num WHERE held = 0")


def _rows(key: int, schema: str, size: int, first: int) -> Iterator[Sequence[Any]]:
    made = b""
    for seq_num in range(1, size + 1):
        number = first + seq_num
        if seq_num % 11 == 0:
            message = messages.update(schema, made.hex(), infer_all({"seats": 1000 + number % 100}))
            entry_hash = digest(b"update %d" % number)
        else:
            message = messages.create(schema, infer_all(talk(number)))
            entry_hash = made = instance(number)
        yield key, seq_num, entry_hash, bytes(300), message.encode(), made
