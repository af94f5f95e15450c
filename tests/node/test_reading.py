"""Reading beside the event loop: what it may take, who has their turn, how it ends, what it sees."""

import asyncio
import gc
import sqlite3
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from panda_web.errors import StoreFailed
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.node import Node, Store
from panda_web.node.aside import in_a_thread
from panda_web.node.store import database, reading
from panda_web.node.store.database import Database
from panda_web.node.turns import Turns
from panda_web.rpc.caller import CALLER
from panda_web.rpc.errors import QueryTooExpensive, TooManyQueries
from tests.authors import SCHEMA, Author
from tests.node.waiting import until

T = TypeVar("T")
ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "node.db", in_a_thread)
    yield made
    made.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "node.db", in_a_thread)
    yield made
    made.close()


def read(opened: Database, sql: str = "SELECT count(*) FROM entries") -> Any:
    return list(opened.rows(sql))


async def publish(node: Node, author: Author, **fields: object) -> None:
    signed, payload = author.create(**fields)
    await node.publish_entry(signed.encoded, payload)


@pytest.fixture(autouse=True)
def nothing_at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reading takes longer than it may in the event loop."""
    if "at_once" not in request.node.name:
        monkeypatch.setattr(reading, "AT_ONCE_SECONDS", -1.0)


# -- beside the loop -----------------------------------------------------------------------------------


class Held:
    """Readings are held up until `open` is set; whatever else goes aside is not."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.held = 0

    async def __call__(self, work: Coroutine[Any, Any, T], /) -> T:
        if work.__name__ == "read":
            self.held += 1
            await self.open.wait()
        return await in_a_thread(work)


def test_what_is_short_is_read_at_once(opened: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the event loop, and of what is not nothing stays behind there."""
    monkeypatch.setattr(reading, "MAX_SECONDS", 0.05)
    threads = []

    def work() -> Any:
        threads.append(threading.current_thread())
        return read(opened)

    async def both() -> None:
        assert await opened.readings(work) == [(0,)]
        assert threads == [threading.main_thread()]
        with pytest.raises(QueryTooExpensive):
            await opened.readings(lambda: read(opened, ENDLESS))
        assert await opened.readings(work) == [(0,)]
        assert threads == [threading.main_thread()] * 2

    asyncio.run(both())


def test_a_query_holds_nobody_up(tmp_path: Path) -> None:
    """While the heaviest queries of one caller are under way, others publish, and ask; each in their turn."""

    async def work() -> None:
        held = Held()
        store = Store(tmp_path / "node.db", held)
        node = Node(store, CryptographyVerifier(), version="0")
        author = Author()
        await publish(node, author, n=1)

        async def ask(caller: str) -> Any:
            CALLER.set(caller)
            answer: Any = await node.query_entries(SCHEMA)
            return answer["entries"]

        heavy = [asyncio.create_task(ask("one")) for _ in range(10)]
        heavy.append(asyncio.create_task(ask("one")))
        await until(lambda: held.held == 1)
        await publish(node, author, n=2)
        arguments: Any = await node.get_entry_arguments(author.signer.author, SCHEMA)
        assert arguments["seqNum"] == 3
        other = asyncio.create_task(ask("other"))
        await until(lambda: held.held == 2)
        assert not any(task.done() for task in heavy)
        held.open.set()
        assert len(await other) == 2
        assert {len(answer) for answer in await asyncio.gather(*heavy)} == {2}
        store.close()

    asyncio.run(work())


def test_readings_are_done_in_threads_of_their_own(store: Store) -> None:
    found = asyncio.run(store.read(lambda: (threading.get_ident(), store.entries.count(SCHEMA))))
    assert found[0] != threading.get_ident()
    assert found[1] == 0
    in_memory = Store(None, in_a_thread)
    assert asyncio.run(in_memory.read(threading.get_ident)) == threading.get_ident()
    in_memory.close()


def test_a_reading_sees_one_state(store: Store) -> None:
    node = Node(store, CryptographyVerifier(), version="0")
    read_once, committed = threading.Event(), threading.Event()

    def count() -> int:
        return store.entries.count(SCHEMA)

    def twice() -> list[int]:
        before = count()
        read_once.set()
        assert committed.wait(30)
        return [before, count()]

    async def work() -> None:
        await publish(node, Author(), n=1)
        found = asyncio.create_task(store.read(twice))
        await asyncio.to_thread(read_once.wait, 30)
        await publish(node, Author(2), n=1)
        with store.snapshot():
            assert count() == 2, "what is read in the loop is not of that state"
        committed.set()
        assert await found == [1, 1]
        assert await store.read(count) == 2

    asyncio.run(work())


# -- what one may take ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("bound", "value"), [("MAX_STEPS", 100_000), ("MAX_SECONDS", 0.0)])
@pytest.mark.parametrize("where", ["file", "memory"])
def test_a_reading_has_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, bound: str, value: float
) -> None:
    made = Database(tmp_path / "node.db" if where == "file" else None, in_a_thread)
    monkeypatch.setattr(reading, bound, value)
    with pytest.raises(QueryTooExpensive):
        asyncio.run(made.readings(lambda: read(made, ENDLESS)))
    monkeypatch.undo()
    assert asyncio.run(made.readings(lambda: read(made))) == [(0,)]
    made.close()


def test_one_that_reads_much_by_little_statements_has_an_end_too(
    opened: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_SECONDS", 0.05)

    def work() -> None:
        while True:
            opened.one("SELECT 1")

    with pytest.raises(QueryTooExpensive):
        asyncio.run(opened.readings(work))


def test_whoever_has_left_is_not_read_for(opened: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    began = threading.Event()
    connections: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def counted(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connections.append(connect(*arguments, **options))
        return connections[-1]

    monkeypatch.setattr(sqlite3, "connect", counted)

    def work() -> Any:
        began.set()
        return read(opened, ENDLESS)

    async def ask() -> None:
        for _ in range(3):
            asked = asyncio.create_task(opened.readings(work))
            await asyncio.to_thread(began.wait, 30)
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
            began.clear()
        assert await opened.readings(lambda: read(opened)) == [(0,)]

    asyncio.run(ask())
    assert len(connections) == 1, "the connection was free again"


def test_who_leaves_twice_holds_the_connection_until_it_is_free_and_nobody_is_told(opened: Database) -> None:
    """Each left reading a traceback in the log else, whenever somebody hung up."""
    began, told = threading.Event(), []

    def work() -> Any:
        began.set()
        return read(opened, ENDLESS)

    async def ask() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, said: told.append(said))
        asked = asyncio.create_task(opened.readings(work))
        await asyncio.to_thread(began.wait, 30)
        for _ in range(3):
            asked.cancel()
            await asyncio.sleep(0)
        async with opened.readings.pause():
            assert asked.done()
            del asked
        await opened.readings(lambda: read(opened))
        gc.collect()

    asyncio.run(ask())
    assert told == []


def test_what_is_read_at_once_waits_for_no_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not waits, and is tried ahead of it so often and no more."""
    monkeypatch.setattr(reading, "TRIED", 2)
    monkeypatch.setattr(reading, "TRIED_A_SECOND", 0)
    began: list[str] = []

    async def ask() -> None:
        aside = Held()
        opened, turns = Database(tmp_path / "node.db", aside), Turns(1)

        def short() -> Any:
            return read(opened)

        def long(name: str) -> Any:
            began.append(name)
            return read(opened, ENDLESS)

        async with turns.taken("other"):
            assert await opened.readings(short, turns.taken("me")) == [(0,)]
            asked = [
                asyncio.create_task(opened.readings(partial(long, name), turns.taken(name))) for name in "abc"
            ]
            await until(lambda: turns.has("c"))
            assert (began, aside.held) == (["a", "b"], 0)
            for each in asked:
                each.cancel()
            await asyncio.wait(asked)
        opened.close()

    asyncio.run(ask())


def test_closing_ends_what_is_read(tmp_path: Path) -> None:
    opened = Database(tmp_path / "node.db", in_a_thread)
    began = threading.Event()

    def work() -> Any:
        began.set()
        return read(opened, ENDLESS)

    async def close() -> None:
        asked = asyncio.create_task(opened.readings(work))
        await asyncio.to_thread(began.wait, 30)
        opened.close()
        with pytest.raises(StoreFailed):
            await asked
        with pytest.raises(StoreFailed):
            await opened.readings(lambda: read(opened))

    asyncio.run(close())
    assert not (tmp_path / "node.db-wal").exists(), "closed in order"


def test_the_journal_begins_anew_though_somebody_always_reads(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(database, "MAX_JOURNAL", 1)
    monkeypatch.setattr(database, "PAUSE", 0.001)
    node = Node(store, CryptographyVerifier(), version="0")
    began, ended = threading.Event(), threading.Event()
    pauses: list[reading.Readings] = []
    pause = reading.Readings.pause

    def noted(readings: reading.Readings) -> AbstractAsyncContextManager[None]:
        pauses.append(readings)
        return pause(readings)

    monkeypatch.setattr(reading.Readings, "pause", noted)
    counted: list[int] = []

    def count() -> None:
        counted.append(store.entries.count(SCHEMA))

    def first() -> None:
        store.entries.count(SCHEMA)
        began.set()
        assert ended.wait(30)

    async def work() -> None:
        reads = asyncio.create_task(store.read(first))
        await asyncio.to_thread(began.wait, 30)
        await publish(node, Author(), n=1)
        await until(lambda: pauses)
        second = asyncio.create_task(store.read(count))
        await publish(node, Author(2), n=1)  # who writes does not wait
        await asyncio.sleep(0)
        assert counted == [], "what is to be read waits for the journal"
        ended.set()
        await reads
        await second
        assert counted == [2]
        await until(lambda: (tmp_path / "node.db-wal").stat().st_size == 0)
        await node.finish()

    asyncio.run(work())


# -- turns ---------------------------------------------------------------------------------------------


def let_in(callers: str, most: int = 2, waiting: int = 100) -> list[str]:
    """Who is let in, in order, where each is inside for a while."""
    order: list[str] = []

    async def work() -> None:
        turns = Turns(most, waiting)
        inside: set[str] = set()

        async def one(caller: str) -> None:
            async with turns.taken(caller):
                assert caller not in inside
                inside.add(caller)
                assert len(inside) <= most
                order.append(caller)
                for _ in range(3):
                    await asyncio.sleep(0)
                inside.remove(caller)

        async with asyncio.TaskGroup() as tasks:
            for caller in callers:
                tasks.create_task(one(caller))
        await all_are_free(turns, most)

    asyncio.run(work())
    return order


async def all_are_free(turns: Turns, most: int) -> None:
    """So many others are let in at once."""
    async with AsyncExitStack() as inside:
        for number in range(most):
            other = asyncio.ensure_future(inside.enter_async_context(turns.taken(f"other {number}")))
            await asyncio.sleep(0)
            assert other.done(), "somebody who has left has a turn still"


def test_each_caller_has_a_turn() -> None:
    assert "".join(let_in("aaaaaaaab", most=2))[:2] == "ab"
    assert "".join(let_in("aaaabbbbc", most=2)).index("c") <= 4
    assert set(let_in("aaaabbbbcd", most=1)[:5]) == set("abcd")
    assert sorted(let_in("abcabcabc")) == sorted("abcabcabc")


def test_too_many_of_one_caller() -> None:
    with pytest.raises(ExceptionGroup) as group:
        let_in("aaaab", waiting=2)
    (error,) = group.value.exceptions
    assert isinstance(error, TooManyQueries)
    assert len(let_in("aaabbb", waiting=2)) == 6


def test_whoever_leaves_while_waiting_takes_no_turn() -> None:
    async def work() -> None:
        turns = Turns(1)

        async def one(caller: str) -> None:
            async with turns.taken(caller):
                await asyncio.sleep(0)

        for after in range(6):  # cancelled before, while, and after its turn comes
            tasks = [asyncio.create_task(one(caller)) for caller in "abac"]
            for _ in range(after):
                await asyncio.sleep(0)
            tasks[1].cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            assert [task.cancelled() for task in tasks if task is not tasks[1]] == [False] * 3
            await all_are_free(turns, 1)

    asyncio.run(work())
