"""How much a node takes in: what the files take, what an author is charged, and that deletes always pass."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import messages
from panda_web.bamboo import Head, digest
from panda_web.log import SignedEntry
from panda_web.messages import infer_all
from panda_web.node.store.room import DELETE_ROOM, ENTRY_ROOM, PAYLOAD_ROOM, room_for
from panda_web.rpc.errors import ErrorFromNode
from tests.authors import SCHEMA, Author
from tests.defining import define, loose
from tests.examples import examples
from tests.node import earlier
from tests.node.test_publish import Harness

Written = list[tuple[SignedEntry, bytes]]


def creates(author: Author, count: int, **fields: object) -> Written:
    return author.write_many([messages.create(SCHEMA, infer_all(fields or {"n": 1})) for _ in range(count)])


def until_full(node: Harness, written: Written) -> tuple[int, str]:
    """How many were taken, and why the next one was not."""
    for number, one in enumerate(written):
        try:
            node.publish(*one)
        except ErrorFromNode as error:
            return number, str(error.reason)
    return len(written), ""


def files(path: Path) -> int:
    return sum(each.stat().st_size for each in path.parent.glob("node.db*") if not each.name.endswith("-shm"))


def test_a_full_author_deletes_and_writes_again() -> None:
    node, author = Harness(author_bytes=20_000), Author()
    written = creates(author, 12, text="x" * 400)
    taken, why = until_full(node, written)
    assert 0 < taken < len(written)
    assert why == "author-quota-reached"
    assert node.store.room.of_author(author.signer.author) <= 20_000
    node.publish(*Author(2).create())  # it is nobody else's
    author.head = Head()
    again = creates(author, taken, text="x" * 400)
    assert again == written[:taken]
    for signed, _ in again:
        node.publish(*author.delete(signed.hash))
    node.publish(*author.create(text="y" * 400))


def test_who_is_full_of_nothing_can_delete_all_of_it() -> None:
    """A delete of a small instance frees less than it takes; it passes all the same."""
    node, author = Harness(author_bytes=30 * room_for(200)), Author()
    written = creates(author, 30)
    assert until_full(node, written)[0] == 30
    for signed, _ in written:
        node.publish(*author.delete(signed.hash))
    assert node.store.room.of_author(author.signer.author) == 30 * ENTRY_ROOM


def test_a_delete_makes_no_room_for_what_is_no_delete() -> None:
    """Only the delete of an instance that is there and shown is taken beyond the limit."""
    node, author = Harness(author_bytes=3 * room_for(200)), Author()
    (signed, payload), *_ = creates(author, 3)
    node.publish(signed, payload)
    author.head = Head().advance(signed.hash)
    head = author.head
    node.refuses(*author.delete(digest(b"nothing")), "instance-unknown")
    author.head = head
    node.publish(*author.delete(signed.hash))
    head = author.head
    node.refuses(*author.delete(signed.hash), "instance-deleted")
    author.head = head
    left = 3 * room_for(200) - node.store.room.of_author(author.signer.author)
    taken, why = until_full(node, creates(author, 4, text="z" * 100))
    assert taken == left // room_for(len(author.create(text="z" * 100)[1]))
    assert why == "author-quota-reached"


FORMS = {
    "nothing": {"n": 1},
    "a talk": {"title": "A talk", "room": "A", "seats": 100, "start": "2026-11-28T10:00", "text": "x" * 600},
    "many fields": {f"f{number}": number for number in range(60)},
    "most fields": {f"f{number}": number for number in range(256)},
    "a page": {"text": "x" * 1100},
    "a long text": {"text": "x" * 30_000},
}


def used(node: Harness) -> int:
    """Bytes of the pages that are in use."""
    pages, free, size = (
        node.store.sqlite.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_charged_is_what_the_file_takes(form: str, tmp_path: Path) -> None:
    """An author's limit is about the disk, by a factor that docs/running-a-node.md says."""
    node, author = Harness(tmp_path / "node.db"), Author()
    kinds = {name: "integer" if isinstance(value, int) else "text" for name, value in FORMS[form].items()}
    schema = define(node, loose(**kinds))
    before = used(node)
    count = 300 if form != "a long text" else 40
    fields = dict(FORMS[form])
    batch = author.write_many([messages.create(schema, infer_all(fields)) for _ in range(count)])

    async def publish() -> None:
        await asyncio.gather(*(node.node.publish_entry(one.encoded, payload) for one, payload in batch))

    asyncio.run(publish())
    grown = used(node) - before
    charged = node.store.room.of_author(author.signer.author)
    assert charged == count * (ENTRY_ROOM + PAYLOAD_ROOM * len(batch[0][1]))
    assert 0.3 < grown / charged < 0.6, (grown / charged, form)


def test_a_full_disk_budget_holds_for_the_files(tmp_path: Path) -> None:
    """Whoever fills a node takes away nobody's deletion, and when all is deleted the files are within it."""
    limit = 600_000
    node = Harness(tmp_path / "node.db", all_bytes=limit)
    node.store.sqlite.execute("PRAGMA wal_autocheckpoint=8")  # the journal stays small
    victim, filler = Author(1), Author(2)
    mine = creates(victim, 20)
    assert until_full(node, mine)[0] == 20
    taken, why = until_full(node, creates(filler, 2000))
    assert why == "disk-budget-reached"
    assert taken > 50
    assert files(tmp_path / "node.db") <= limit
    head = victim.head
    node.refuses(*victim.create(), "disk-budget-reached")
    victim.head = head
    for signed, _ in mine:
        node.publish(*victim.delete(signed.hash))
    filler.head = Head()
    for signed, _ in creates(filler, taken):
        node.publish(*filler.delete(signed.hash))
    assert files(tmp_path / "node.db") <= limit


def test_a_group_stays_within_the_budget(tmp_path: Path) -> None:
    """What the files take is counted once in a group, and what the group adds is added."""
    limit = 1_000_000
    node = Harness(tmp_path / "node.db", all_bytes=limit)
    came = [Author(number + 1).create(text="x" * 20_000) for number in range(64)]
    counted = []
    node.store.sqlite.set_trace_callback(lambda sql: counted.append("page_count" in sql))

    async def publish() -> list[object]:
        work = (node.node.publish_entry(one.encoded, payload) for one, payload in came)
        return await asyncio.gather(*work, return_exceptions=True)

    answers = asyncio.run(publish())
    assert sum(counted) < 8
    assert 5 < sum(isinstance(answer, BaseException) for answer in answers) < 64
    assert files(tmp_path / "node.db") <= 2 * limit  # the journal holds the group a second time


def test_a_delete_takes_no_more_than_is_kept_for_it(tmp_path: Path) -> None:
    node, author = Harness(tmp_path / "node.db"), Author()
    written = creates(author, 400)
    assert until_full(node, written)[0] == 400
    pages = "PRAGMA page_count"
    connection = node.store.sqlite
    before = connection.execute(pages).fetchone()[0]
    deletes = author.write_many([messages.delete(SCHEMA, signed.hash.hex()) for signed, _ in written])

    async def publish() -> None:
        await asyncio.gather(*(node.node.publish_entry(one.encoded, payload) for one, payload in deletes))

    asyncio.run(publish())
    grown = (connection.execute(pages).fetchone()[0] - before) * 4096
    assert grown <= 400 * DELETE_ROOM
    assert connection.execute("SELECT shown FROM everybody").fetchone() == (0,)


@given(st.lists(st.sampled_from(["create", "update", "delete", "again"]), max_size=25))
@examples(1)
def test_what_is_charged_adds_up(actions: list[str]) -> None:
    """Whatever is written, the sums are those of what is held: no one gains room by a way of writing."""
    node, author = Harness(), Author()
    shown: list[bytes] = []
    last = None
    for action in actions:
        if action == "create" or (not shown and action != "again"):
            last = author.create(text="x" * len(shown))
            shown.append(last[0].hash)
        elif action == "update":
            last = author.update(shown[-1], text="y" * 50)
        elif action == "delete":
            last = author.delete(shown.pop())
        if last is not None:
            node.publish(*last)
    store = node.store
    held = store.sqlite.execute(
        "SELECT length(payload) FROM entries e WHERE NOT EXISTS"
        " (SELECT 1 FROM deletes d WHERE d.entry = e.number)"
    )
    assert store.room.of_author(author.signer.author) == sum(room_for(size or 0) for (size,) in held)
    assert store.sqlite.execute("SELECT shown FROM everybody").fetchone() == (len(shown),)


@pytest.mark.parametrize("number", earlier.FORMATS)
def test_an_earlier_folder_is_charged_alike(tmp_path: Path, number: int) -> None:
    """What was accounted as bytes of entries becomes what the database takes."""
    node, author = Harness(), Author()
    written = creates(author, 5)
    written += [author.update(written[1][0].hash, text="more"), author.delete(written[0][0].hash)]
    for one in written:
        node.publish(*one)
    earlier.folder(tmp_path / "node.db", number, written)
    opened = Harness(tmp_path / "node.db")
    assert opened.store.room.of_author(author.signer.author) == node.store.room.of_author(
        author.signer.author
    )
    assert opened.store.sqlite.execute("SELECT shown FROM everybody").fetchone() == (4,)
    opened.store.close()


def test_a_real_full_disk(tmp_path: Path) -> None:
    """What the disk has no room for is refused by name, all of its group; what is there stays and is answered."""
    node, author = Harness(tmp_path / "node.db"), Author()
    held = author.create()
    node.publish(*held)
    connection = node.store.sqlite
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count={pages + 2}")
    head = author.head
    with pytest.raises(ErrorFromNode) as refused:
        node.publish(*author.create(text="x" * 100_000))
    assert refused.value.reason == "disk-full"
    author.head = head
    assert node.store.entries.payload_of(held[0].hash) is not None
    node.publish(*author.delete(held[0].hash))  # which fits into the pages that there are
    connection.execute(f"PRAGMA max_page_count={pages + 1000}")
    node.publish(*author.create(text="x" * 100_000))
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
