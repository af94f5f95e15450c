"""A data folder of every earlier format opens, and the node answers out of it as one that took in the same today."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from panda_web.log import SignedEntry
from panda_web.messages import Field
from panda_web.messages.schema import FieldDefinition, Schema, write_definition
from panda_web.node.schemas import register
from panda_web.node.store import Store
from panda_web.node.store.migrations import MIGRATIONS
from panda_web.rpc.errors import ErrorFromNode
from panda_web.rpc.methods import GET_ENTRY_ARGUMENTS, QUERY, QUERY_ENTRIES
from tests.authors import OTHER_SCHEMA, SCHEMA, Author
from tests.node import earlier
from tests.node.test_publish import Harness

UNPUBLISHED = Schema(
    "talk", "", (FieldDefinition("title", "varchar"), FieldDefinition("tags", "varchar[]", optional=True))
)
DEFINED = Author(9, log_id=0).write(write_definition(UNPUBLISHED))
TALK = replace(UNPUBLISHED, id=DEFINED[0].hash.hex())
TALKS = DEFINED[0].hash.hex()

Written = list[tuple[SignedEntry, bytes]]


def logs() -> tuple[Written, list[Author]]:
    """What was written, and the authors as they are then: creates, updates, deletes, in several logs."""
    one, two, other = Author(1), Author(2), Author(1, log_id=3)
    kept = one.create(TALKS, title="kept", tags=["a", "b"])
    gone = one.create(TALKS, title="gone")
    theirs = two.create(TALKS, title="theirs", tags=["c"])
    written = [
        DEFINED,
        kept,
        gone,
        one.update(kept[0].hash, TALKS, title="kept, changed"),
        theirs,
        two.update(theirs[0].hash, TALKS, tags=Field("str[]", ())),
        one.update(gone[0].hash, TALKS, title="gone, changed"),
        one.delete(gone[0].hash, TALKS),
        other.create(OTHER_SCHEMA, n=1),
        *(two.create(TALKS, title=f"talk {n}") for n in range(12)),
    ]
    return written, [one, two, other]


def answers(node: Harness) -> dict[str, Any]:
    """All that the node says, but for what it makes anew each time."""
    asyncio.run(node.node.views.add(TALK))
    found: dict[str, Any] = {
        "talks": node.call(QUERY, schema=TALKS, orderBy=["title"], proof=True),
        "entries": [node.call(QUERY_ENTRIES, schema=each) for each in (TALKS, OTHER_SCHEMA)],
    }
    for author in (1, 2, 3):
        found[f"arguments {author}"] = [
            node.call(GET_ENTRY_ARGUMENTS, author=Author(author).hex, schema=each)
            for each in (TALKS, OTHER_SCHEMA, SCHEMA)
        ]
        found[f"items {author}"] = [
            asyncio.run(node.node.get_items(Author(author).signer.author, log_id, 1, 100, 0, 0, True))
            for log_id in (1, 3)
        ]
    return found


@pytest.mark.parametrize("number", earlier.FORMATS)
def test_what_was_taken_in_is_answered_and_gone_on_with(tmp_path: Path, number: int) -> None:
    written, (one, two, other) = logs()
    earlier.folder(tmp_path / "old.db", number, written, TALKS)
    today, old = Harness(), Harness(tmp_path / "old.db")
    for each in written:
        today.publish(*each)
    for node in (today, old):
        asyncio.run(register(node.store, TALKS))
    assert answers(old) == answers(today)
    for author in (one, two):  # what is charged counts for what may be written
        hexed = author.signer.author
        assert old.store.room.of_author(hexed) == today.store.room.of_author(hexed)

    kept, gone = written[1][0], written[2][0]
    more = [
        one.update(kept.hash, TALKS, title="changed again"),
        one.delete(kept.hash, TALKS),
        two.create(TALKS, title="new"),
        other.create(OTHER_SCHEMA, n=2),
        written[3],  # again
    ]
    after_the_end = one.update(gone.hash, TALKS, title="back")
    not_theirs = two.update(gone.hash, TALKS, title="mine")
    for node in (today, old):
        for each in more:
            node.publish(*each)
        for each, reason in ((after_the_end, "instance-deleted"), (not_theirs, "instance-unknown")):
            with pytest.raises(ErrorFromNode) as refused:
                node.publish(*each)
            assert refused.value.reason == reason
    assert answers(old) == answers(today)
    assert len(answers(old)["talks"]) == 14
    old.store.close()
    again = Harness(tmp_path / "old.db")
    assert answers(again) == answers(today)
    again.store.close()


@pytest.mark.parametrize("number", [0, 1])
def test_programs_that_open_a_folder_at_the_same_time(tmp_path: Path, number: int) -> None:
    """A node that starts, and a command about it: one makes the tables, and the others find them made."""

    def opened(path: Path) -> bytes:
        together.wait()
        with closing(Store(path)) as store:
            return store.feed.store

    together = Barrier(3)
    for n in range(10):
        path = tmp_path / f"{n}.db"
        with closing(sqlite3.connect(path)) as old:
            old.executescript(f"{';'.join(MIGRATIONS[:number])}; PRAGMA user_version={number};")
        with ThreadPoolExecutor(together.parties) as pool:
            assert len({*pool.map(opened, [path] * together.parties)}) == 1
