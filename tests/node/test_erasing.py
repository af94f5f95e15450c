"""What was deleted is gone from the files: searched for in their bytes, as who steals the disk would."""

import asyncio
import functools
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from panda_web import log, messages
from panda_web.client import Answer, Client
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages import infer_all
from panda_web.node import Node
from panda_web.node.aside import Aside, here, in_a_thread
from panda_web.node.store import Settings, erasing
from panda_web.node.store.settings import SERVER
from panda_web.rpc.transport import InProcess
from tests.authors import SCHEMA, Author
from tests.defining import define
from tests.node.earlier import folder
from tests.node.test_groups import Verifier
from tests.node.test_publish import Harness
from tests.node.waiting import until
from tests.processes import ROOT
from tests.sqlite import Store

Entry = tuple[log.SignedEntry, bytes]
SIZES = (1, 2, 9, 40, 120, 300, 5_000)
"""Of values, in marks of 16 bytes: within a page, at its bounds, over many pages."""


@functools.cache
def mark(number: int) -> str:
    """16 characters that stand nowhere else."""
    return f"<{random.Random(number).getrandbits(56):014x}>"


def marked(author: Author, count: int, first: int = 0) -> list[Entry]:
    """Creates, each with a value that repeats its mark."""
    sizes = random.Random(first)
    return author.write_many(
        [
            messages.create(SCHEMA, infer_all({"text": mark(n) * sizes.choice(SIZES), "n": n}))
            for n in range(first, first + count)
        ]
    )


def found(path: Path, numbers: Iterable[int]) -> list[int]:
    """Which marks are anywhere in the database's files, even in part."""
    data = b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    begins = {found.decode() for found in re.findall(rb"<[0-9a-f]{11}", data)}
    ends = {f"{found.decode()}>" for found in re.findall(rb"(?<=([0-9a-f]{11}))>", data)}
    return [n for n in numbers if mark(n)[:12] in begins or mark(n)[4:] in ends]


def publish(node: Node, entries: Sequence[Entry]) -> None:
    """All at once; all are taken in."""

    async def work() -> None:
        await asyncio.gather(*(node.publish_entry(signed.encoded, payload) for signed, payload in entries))

    asyncio.run(work())


@pytest.fixture(params=[here, in_a_thread], ids=["here", "in a thread"])
def aside(request: pytest.FixtureRequest) -> Aside:
    return request.param  # type: ignore[no-any-return]


def open_node(
    path: Path,
    aside: Aside = in_a_thread,
    connection: type[sqlite3.Connection] = sqlite3.Connection,
    settings: Settings = SERVER,
) -> tuple[Store, Node]:
    store = Store(path, aside, settings, connection=connection)
    return store, Node(store, Verifier(), version="0")


def deletions(store: Store) -> int:
    """How many are recorded that may have left bytes in the files."""
    (count,) = store.sqlite.execute("SELECT deletions FROM erasing").fetchone()
    return int(count)


def evaluated(node: Node) -> Answer:
    """What a client makes of all that the node holds."""
    return asyncio.run(Client(InProcess(node.dispatcher()), verifier=Verifier()).query(SCHEMA).all())


def test_the_marks_can_be_found(tmp_path: Path) -> None:
    """The measure itself: what is not deleted is there, and so is what was deleted without care."""
    path = tmp_path / "node.db"
    store, node = open_node(path)
    author = Author()
    entries = marked(author, 60)
    publish(node, entries)
    assert found(path, range(60)) == list(range(60))
    store.sqlite.execute("PRAGMA secure_delete=OFF")
    publish(node, [author.delete(signed.hash) for signed, _ in entries[:30]])
    assert set(found(path, range(60))) > set(range(30, 60))
    store.close()
    assert found(path, range(60)) == list(range(30, 60)), "closing rewrites it"


def test_gone_with_the_acknowledgement(tmp_path: Path, aside: Aside) -> None:
    path = tmp_path / "node.db"
    store, node = open_node(path, aside)
    author = Author()
    entries = marked(author, 60)
    publish(node, entries)
    publish(node, [author.delete(signed.hash) for signed, _ in entries[:40]])
    assert found(path, range(60)) == list(range(40, 60))
    assert (tmp_path / "node.db-wal").stat().st_size == 0
    store.close()
    assert found(path, range(60)) == list(range(40, 60))


def test_values_that_updates_replaced_are_gone_too(tmp_path: Path, aside: Aside) -> None:
    path = tmp_path / "node.db"
    store, node = open_node(path, aside)
    author = Author()
    (created,) = marked(author, 1)
    updates = [author.update(created[0].hash, text=mark(n) * 30, **{mark(n): n}) for n in range(1, 20)]
    publish(node, [created, *updates])
    assert found(path, range(20)) == list(range(20))
    publish(node, [author.delete(created[0].hash)])
    assert found(path, range(20)) == []
    store.close()


def test_settings(tmp_path: Path) -> None:
    """Some builds of SQLite have these as defaults, where the other tests would not notice."""
    store, _ = open_node(tmp_path / "node.db")
    assert store.sqlite.execute("PRAGMA secure_delete").fetchone() == (1,)
    assert store.sqlite.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()


def test_a_reader_in_the_way(tmp_path: Path, aside: Aside) -> None:
    """While it reads, the journal has to stay; when it has finished, nobody needs to write for it to go."""
    path = tmp_path / "node.db"

    async def work() -> None:
        store, node = open_node(path, aside)
        author = Author()
        entries = marked(author, 20)
        await asyncio.gather(*(node.publish_entry(signed.encoded, payload) for signed, payload in entries))
        reader = sqlite3.connect(path, isolation_level=None)
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM entries").fetchone() == (20,)
        for signed, _ in entries[:10]:
            delete, payload = author.delete(signed.hash)
            await node.publish_entry(delete.encoded, payload)
        assert found(path, range(10)), "the reader still may ask for it"
        assert reader.execute("SELECT count(*) FROM entries WHERE payload IS NULL").fetchone() == (0,)
        reader.execute("ROLLBACK")
        reader.close()
        await until(lambda: not found(path, range(10)))
        assert found(path, range(20)) == list(range(10, 20))
        store.close()

    asyncio.run(work())


def test_closing_waits_for_what_is_erased_aside(tmp_path: Path) -> None:
    """A connection that is closed while another thread uses it ends the process."""
    inside: list[int] = []
    most = 0
    begun, go = threading.Event(), threading.Event()

    class Slow(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            nonlocal most
            if "wal_checkpoint" not in sql or not slow:
                return super().execute(sql, *values)
            inside.append(1)
            most = max(most, len(inside))
            begun.set()
            go.wait(10)
            try:
                return super().execute(sql, *values)
            finally:
                inside.pop()

    slow = False
    connection = sqlite3.connect(
        tmp_path / "x.db", isolation_level=None, check_same_thread=False, factory=Slow
    )
    connection.executescript("CREATE TABLE erasing (only INTEGER, deletions INTEGER)")
    connection.execute("INSERT INTO erasing VALUES (1, 0)")
    eraser = erasing.Eraser(connection, in_files=True)
    slow = True
    eraser.begin_journal_anew()
    aside = threading.Thread(target=lambda: asyncio.run(eraser.work()))
    aside.start()
    assert begun.wait(10)
    closing = threading.Thread(target=eraser.close)
    closing.start()
    closing.join(0.2)
    assert closing.is_alive(), "it waits"
    go.set()
    aside.join()
    closing.join()
    assert most == 1
    assert eraser.pause() is None


def delete_until_copies_are_left(node: Node, path: Path) -> list[int]:
    """Gives the marks of which SQLite left copies where it moved rows from."""
    schema, author = define(node, text="varchar", n="integer"), Author()
    deleted: list[int] = []
    for first in range(0, 6_000, 200):
        # In an index of values rows move most.
        created = [
            author.create(schema, text=(mark(n) * 50)[: 20 + n % 235], n=n) for n in range(first, first + 200)
        ]
        publish(node, created)
        chosen = random.Random(first).sample(range(200), 150)
        publish(node, [author.delete(created[at][0].hash, schema) for at in chosen])
        deleted += [first + at for at in chosen]
        if left := found(path, deleted):
            return left
    pytest.skip("this SQLite leaves no copies")


def test_copies_that_moved_rows_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They go while the node runs, and where it was killed before, when it starts again."""
    path, killed = tmp_path / "node.db", tmp_path / "killed"
    monkeypatch.setattr(erasing, "CALM", 1e9)
    store, node = open_node(path)
    left = delete_until_copies_are_left(node, path)
    shutil.copytree(tmp_path, killed, ignore=lambda *_: ["killed"])
    assert found(killed / "node.db", left) == left
    later = SimpleNamespace(monotonic=lambda: time.monotonic() + 2e9)
    monkeypatch.setattr(erasing, "time", later)

    async def work() -> None:
        author = Author(2)
        created, deleted = author.create(), author.delete(author.head.hashes[1])
        await asyncio.gather(
            *(node.publish_entry(one.encoded, payload) for one, payload in (created, deleted))
        )
        await until(lambda: not found(path, left))
        # Others are answered, and taken in.
        signed, payload = author.create()
        await node.publish_entry(signed.encoded, payload)

    asyncio.run(work())
    store.close()
    store, _ = open_node(killed / "node.db")
    assert found(killed / "node.db", left) == []
    store.close()


def test_deletes_do_not_put_the_rewriting_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "CALM", 1e6)
    store, _ = open_node(tmp_path / "node.db")
    eraser = erasing.Eraser(store.sqlite, in_files=True)
    pauses = []
    for _ in range(3):
        eraser.note()
        eraser.committed()
        pauses.append(eraser.pause() or 0)
    assert 0 < pauses[2] < pauses[1] < pauses[0] <= 1e6
    store.close()


def test_everything_at_once(tmp_path: Path, aside: Aside, monkeypatch: pytest.MonkeyPatch) -> None:
    """Publishing, deleting, asking, and rewriting as often as can be: nothing is lost, nothing is left."""
    path = tmp_path / "node.db"
    monkeypatch.setattr(erasing, "CALM", 0.0)
    monkeypatch.setattr(erasing, "REST", 0.0)
    store, node = open_node(path, aside)

    async def one(number: int) -> None:
        author = Author(number)
        for first in range(1000 * number, 1000 * number + 20, 10):
            entries = marked(author, 10, first)
            for signed, payload in entries:
                await node.publish_entry(signed.encoded, payload)
            for signed, _ in entries[:9]:
                delete, payload = author.delete(signed.hash)
                await node.publish_entry(delete.encoded, payload)
            await node.query_entries(SCHEMA)

    async def work() -> None:
        await asyncio.gather(*(one(number) for number in range(1, 5)))
        await until(lambda: deletions(store) == 0 and (tmp_path / "node.db-wal").stat().st_size == 0)

    asyncio.run(work())
    everything = [1000 * number + n for number in range(1, 5) for n in range(20)]
    assert found(path, everything) == [n for n in everything if n % 10 == 9]
    assert list(store.sqlite.execute("PRAGMA integrity_check")) == [("ok",)]
    store.close()


KILLED = """
import sqlite3, sys
from pathlib import Path
from tests.node.test_erasing import marked, open_node, publish
from tests.authors import Author
path = Path(sys.argv[1])
store, node = open_node(path)
author = Author()
entries = marked(author, 20)
publish(node, entries)
reader = sqlite3.connect(path, isolation_level=None)
reader.execute("BEGIN")
reader.execute("SELECT * FROM entries").fetchone()
publish(node, [author.delete(signed.hash) for signed, _ in entries[:10]])
print("acknowledged", flush=True)
sys.stdin.read()
"""


def test_killed_between(tmp_path: Path) -> None:
    """Acknowledged, and killed before the journal could be emptied: the next start does it."""
    path = tmp_path / "node.db"
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "acknowledged\n"
        process.send_signal(signal.SIGKILL)
    assert found(path, range(20)) == list(range(20))
    store, node = open_node(path)
    assert found(path, range(20)) == list(range(10, 20))
    assert sorted(instance["n"] for instance in evaluated(node)) == list(range(10, 20))
    store.close()


def earlier(path: Path) -> None:
    """A data folder in the first format: deleted without care, nothing recorded of it."""
    folder(path, 1, marked(Author(), 60))
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA secure_delete=OFF")
    deleted = "SELECT instance FROM fields WHERE name = 'n' AND value < 40"
    connection.execute(f"UPDATE entries SET payload = NULL WHERE instance IN ({deleted})")
    connection.execute(f"UPDATE instances SET deleted = 1 WHERE id IN ({deleted})")
    connection.execute("DELETE FROM fields WHERE instance IN (SELECT id FROM instances WHERE deleted)")
    connection.close()


@pytest.mark.parametrize("most", [0, erasing.MAX_REWRITTEN])
def test_what_an_earlier_version_left(tmp_path: Path, most: int) -> None:
    """It is erased once, however much there is."""
    path = tmp_path / "node.db"
    earlier(path)
    assert set(found(path, range(60))) > set(range(40, 60))
    store, node = open_node(path, settings=Settings(max_rewritten=most))
    assert found(path, range(60)) == list(range(40, 60))
    assert sorted(instance["n"] for instance in evaluated(node)) == list(range(40, 60))
    assert deletions(store) == 0
    store.close()


def test_a_large_database_is_not_rewritten_while_it_is_in_use(tmp_path: Path) -> None:
    """But what is known of is gone from it at once, and it stays recorded that more may be there.

    A tab calls much less large than a server does.
    """
    small = Settings(max_rewritten=1)
    path = tmp_path / "node.db"
    store, node = open_node(path)
    author = Author()
    entries = marked(author, 60)
    publish(node, entries)
    store.close()
    store, node = open_node(path, settings=small)
    publish(node, [author.delete(signed.hash) for signed, _ in entries[:40]])
    assert found(path, range(60)) == list(range(40, 60))
    store.close()
    store, _ = open_node(path, settings=small)
    assert deletions(store) == 40
    eraser = erasing.Eraser(store.sqlite, in_files=True, most=small.max_rewritten)
    eraser.finish()
    assert eraser.pause() is None
    assert deletions(store) == 40
    store.close()
    store, _ = open_node(path)
    assert deletions(store) == 0
    store.close()


def test_another_program_writes_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "node.db"
    monkeypatch.setattr(erasing, "FAILED", 0.0)
    store, node = open_node(path, here)
    author = Author()
    entries = marked(author, 20)
    publish(node, entries)
    publish(node, [author.delete(signed.hash) for signed, _ in entries])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    eraser = erasing.Eraser(store.sqlite, in_files=True)
    eraser.finish()
    assert "could not be rewritten" in caplog.text
    assert deletions(store) == 20
    other.execute("ROLLBACK")
    other.close()
    asyncio.run(eraser.work())
    assert deletions(store) == 0
    assert eraser.pause() is None
    store.close()


class BrokenJournal(sqlite3.Connection):
    """A connection that cannot empty its journal, while it is broken."""

    broken = False

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:  # type: ignore[override]
        if self.broken and "wal_checkpoint" in sql:
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(sql, *values)


def test_a_failure_of_erasing_undoes_no_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It stays due: whoever writes next has the journal emptied."""
    monkeypatch.setattr(erasing, "RETRY", 0.0)
    store, node = open_node(tmp_path / "node.db", connection=BrokenJournal)
    assert isinstance(store.sqlite, BrokenJournal)
    author = Author()
    created = author.create()
    publish(node, [created])
    store.sqlite.broken = True
    publish(node, [author.delete(created[0].hash)])
    assert "journal could not be emptied" in caplog.text
    store.sqlite.broken = False
    statements: list[str] = []
    store.sqlite.set_trace_callback(statements.append)
    publish(node, [author.create()])
    assert [sql for sql in statements if "wal_checkpoint" in sql]
    assert len(evaluated(node)) == 1
    store.close()


def test_nothing_is_done_for_publishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal is emptied, and the file rewritten, for deletes only."""
    store, node = open_node(tmp_path / "node.db")
    statements: list[str] = []
    store.sqlite.set_trace_callback(statements.append)
    author = Author()
    created = author.create()
    publish(node, [created, author.update(created[0].hash, n=2)])
    assert not [sql for sql in statements if "wal_checkpoint" in sql or sql == "VACUUM"]
    publish(node, [author.delete(created[0].hash)])
    assert [sql for sql in statements if "wal_checkpoint" in sql]
    store.close()


def test_the_log_still_verifies(tmp_path: Path) -> None:
    """Entries stay, in the file too: their links, others' proofs, and that nothing comes back."""
    node = Harness(tmp_path / "node.db")
    author = Author()
    entries = marked(author, 30)
    for one in entries:
        node.publish(*one)
    deletes = [author.delete(signed.hash) for signed, _ in entries[:20]]
    for one in deletes:
        node.publish(*one)
    for signed, payload in entries[:20]:
        node.publish(signed, payload)  # it is there already; its payload stays away
    node.store.close()
    assert found(tmp_path / "node.db", range(20)) == []
    node = Harness(tmp_path / "node.db")
    rows = list(node.store.sqlite.execute("SELECT entry, payload FROM entries ORDER BY seq_num"))
    assert [row[0] for row in rows] == [signed.encoded for signed, _ in (*entries, *deletes)]
    assert [row[1] for row in rows] == [None] * 20 + [payload for _, payload in (*entries[20:], *deletes)]
    verdicts = asyncio.run(log.verify_many([row[0] for row in rows], CryptographyVerifier()))
    signed = [verdict for verdict in verdicts if isinstance(verdict, log.SignedEntry)]
    assert len(signed) == 50
    assert all(isinstance(one, log.VerifiedEntry) for one in log.verify_paths(signed).values())
    reader = Client(InProcess(node.node.dispatcher()), verifier=CryptographyVerifier())
    answer = asyncio.run(reader.query(SCHEMA, order_by=["n"]))
    assert not answer.rejected
    assert [instance["n"] for instance in answer] == list(range(20, 30))
    assert all(instance.verified for instance in answer)
    node.store.close()
