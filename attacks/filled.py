"""What an attacker has filled a node with beforehand: written into its tables, since that is quicker."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from panda_web import messages
from panda_web.bamboo import digest
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.log import SignedEntry
from panda_web.messages import infer_all
from panda_web.messages.schema import MAX_FIELDS, FieldDefinition, Schema, write_definition
from panda_web.node import Node, views
from panda_web.node.schemas.registry import MOST_OF_AUTHOR
from tests.authors import SCHEMA, Author
from tests.defining import define, definition, loose
from tests.node.stored import complete
from tests.sqlite import Store

NAME = Author(9).signer.author
"""Of the author of what is noise."""
NOTE = loose(text="text", n="integer")
NOTES, _ = definition(NOTE)


def long_texts(data: Path, share: float) -> None:
    """372 texts of 1 MiB, to be ordered by."""
    count = max(2, round(372 * share))
    into = _tables(data)
    view = into.view()
    with into:
        into("logs (id, author, log_id, schema, seq_num, ended)", [(100, NAME, 1, NOTES, count, 0)])
        ids = [digest(b"text %d" % number) for number in range(count)]
        into(
            "entries (log, seq_num, hash, entry, payload, instance)",
            ((100, number, each, bytes(300), b"", each) for number, each in enumerate(ids, 1)),
        )
        into(
            f"{view} (log, created, id, seq_num, last_entry, hidden, c0)",
            (
                (100, number, each, number, each, 0, "x" * (1 << 20) + each.hex())
                for number, each in enumerate(ids, 1)
            ),
        )


def not_replayable(data: Path, share: float) -> None:
    """25,000 entries of which none can be replayed: all are changes of what is gone.

    They are as large as can be looked through for one answer.
    """
    gone = digest(b"gone")
    one, payload = Author(9).update(gone, SCHEMA, text="x" * 300)
    with _tables(data) as into:
        count = max(2, round(25_000 * share))
        into("logs (id, author, log_id, schema, seq_num, ended)", [(1, NAME, 1, SCHEMA, count, 0)])
        into(
            "entries (log, seq_num, hash, entry, payload, instance)",
            ((1, n, digest(b"lost %d" % n), one.encoded, payload, gone) for n in range(1, count + 1)),
        )


def updates(data: Path, share: float) -> None:
    """An instance with 20,000 updates, all signed: each of its proofs is about them."""
    author = Author()
    made = [author.create(NOTES, n=0)]
    of = made[0][0].hash
    count = max(2, round(20_000 * share))
    made += author.write_many([messages.update(NOTES, of.hex(), infer_all({"n": n})) for n in range(count)])
    into = _tables(data)
    view = into.view()
    with into:
        into(
            "logs (id, author, log_id, schema, seq_num, ended)",
            [(100, author.signer.author, 1, NOTES, count + 1, 0)],
        )
        into(
            "entries (log, seq_num, hash, entry, payload, instance)",
            ((100, n, one.hash, one.encoded, payload, of) for n, (one, payload) in enumerate(made, 1)),
        )
        into(
            f"{view} (log, created, id, seq_num, last_entry, set_at, hidden, c1)",
            [(100, 1, of, count + 1, made[-1][0].hash, json.dumps({"n": count + 1}), 0, count - 1)],
        )


def notes(data: Path, share: float) -> None:
    """1,000 notes of some 2 KiB, by their author."""
    author = Author(3)
    count = max(2, round(1000 * share))
    store = Store(data / "node.db")
    node = Node(store, CryptographyVerifier(), version="0")
    define(node, NOTE)
    made = author.write_many(
        [messages.create(NOTES, infer_all({"text": "x" * 2000, "n": n})) for n in range(count)]
    )

    async def publish() -> None:
        await asyncio.gather(*(node.publish_entry(one.encoded, payload) for one, payload in made))

    asyncio.run(publish())
    store.close()


def many_logs(data: Path, share: float) -> None:
    """An author with 20,000 logs."""
    count = max(2, round(20_000 * share))
    with _tables(data) as into:
        into("authors (author, bytes, free_log)", [(NAME, 0, 2 * count + 1)])
        into("logs (author, log_id, schema, seq_num, ended)", _junk(count))


def junk_schemas(data: Path, share: float) -> None:
    """330,000 schemas that nobody registered."""
    with _tables(data) as into:
        into("logs (author, log_id, schema, seq_num, ended)", _junk(max(2, round(330_000 * share))))


def definitions(data: Path, share: float) -> None:
    """1,000 schemas of 256 fields, registered by themselves: of 50 authors, as many as there can be."""
    store = Store(data / "node.db")
    node = Node(store, CryptographyVerifier(), version="0")

    async def define_all() -> None:
        for number in range(max(1, round(50 * share))):
            for signed, payload in wide_definitions(number):
                await node.publish_entry(signed.encoded, payload)

    asyncio.run(define_all())
    store.close()


def wide_definitions(number: int) -> list[tuple[SignedEntry, bytes]]:
    """20 definitions of an author, of schemas whose 255 relations lead to nothing that is there."""
    author, made = Author(100 + number, log_id=0), []
    for n in range(MOST_OF_AUTHOR):
        relations = (
            FieldDefinition(
                f"f{at}", "relation", schema=digest(b"%d %d %d" % (number, n, at)).hex(), optional=True
            )
            for at in range(MAX_FIELDS - 1)
        )
        fields = (FieldDefinition("text", "text"), *(relations if n % 2 else ()))
        fields += tuple(FieldDefinition(f"n{at}", "integer") for at in range(MAX_FIELDS - len(fields)))
        made.append(author.write(write_definition(Schema(f"s{number} {n}", "", fields))))
    return made


def _junk(count: int) -> Iterator[Sequence[Any]]:
    return ((NAME, 2 * n + 1, digest(b"junk %d" % n).hex(), 1, 0) for n in range(count))


class _tables:  # noqa: N801 - reads like a function
    """A transaction on the node's database, in which rows are put into tables."""

    def __init__(self, data: Path) -> None:
        self._store = Store(data / "node.db")
        self._connection = self._store.sqlite

    def view(self) -> str:
        """The table of the view of `NOTES`, which is defined here."""
        node = Node(self._store, CryptographyVerifier(), version="0")
        define(node, NOTE)
        made = views.in_place(self._store, NOTES)
        return made.table.table if made is not None else ""

    def __enter__(self) -> "_tables":
        self._connection.execute("PRAGMA cache_size=-262144")
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.execute("BEGIN")
        return self

    def __call__(self, table: str, rows: Any) -> None:
        """Puts rows into a table that is named with its columns."""
        marks = ", ".join("?" * (table.count(",") + 1))
        self._connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - our own

    def __exit__(self, *_: object) -> None:
        complete(self._connection)
        self._connection.execute("COMMIT")
        self._store.close()
