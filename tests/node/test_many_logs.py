"""An author with many logs, a node with many schemas: what others ask for costs no more for it."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.bamboo import digest
from panda_web.client.listed import ListedSchema
from panda_web.node.answer import listing
from panda_web.node.schemas import Registry, register
from panda_web.node.store.migrations import MIGRATIONS
from panda_web.rpc.methods import GET_ENTRY_ARGUMENTS, MAX_LIMIT, NO_SCHEMA, SCHEMAS
from tests.authors import SCHEMA, Author
from tests.client.test_publishing import Patched
from tests.client.test_schemas import client
from tests.examples import examples
from tests.node.stored import complete
from tests.node.test_publish import Harness
from tests.sqlite import Store

AUTHOR = Author().signer.author


def schema(number: int) -> str:
    return digest(b"junk %d" % number).hex()


@pytest.fixture
def node() -> Harness:
    return Harness()


def steps(node: Harness, work: Callable[[], object]) -> int:
    """Steps of SQLite's machine that the work takes."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    node.store.sqlite.set_progress_handler(step, 1)
    work()
    node.store.sqlite.set_progress_handler(None, 0)
    return count


# -- the next free log ---------------------------------------------------------------------------------


@examples(0.3)
@given(st.lists(st.integers(0, 12).map(lambda n: 2 * n + 1), unique=True, max_size=12))
def test_the_lowest_odd_log_id_is_offered(log_ids: list[int]) -> None:
    node = Harness()
    for at, log_id in enumerate(log_ids):
        author = Author(1, log_id)
        node.publish(*author.create(schema(at)))
        node.publish(*author.create(schema(at)))
        used = log_ids[: at + 1]
        lowest = next(each for each in range(1, 99, 2) if each not in used)
        offered = node.call(GET_ENTRY_ARGUMENTS, author=author.hex, schema=NO_SCHEMA)
        assert (offered.log_id, offered.seq_num) == (lowest, 1)
    node.store.close()


def fill(
    store: Store | sqlite3.Connection, count: int, *, ended: bool, schemas: Callable[[int], str]
) -> None:
    connection = store.sqlite if isinstance(store, Store) else store
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO logs (author, log_id, schema, seq_num, ended) VALUES (?, ?, ?, 1, ?)",
        ((AUTHOR, 2 * n + 1, schemas(n), ended) for n in range(count)),
    )
    connection.execute("INSERT INTO authors (author, bytes) VALUES (?, 300)", (AUTHOR,))
    if isinstance(store, Store):
        complete(connection)
    connection.execute("COMMIT")


@pytest.mark.parametrize("ended", [False, True])
def test_entry_arguments_cost_no_more_for_many_logs(ended: bool) -> None:
    """Logs of other schemas, and ended ones of the same: none of them is gone through."""
    counted = []
    for count in (20, 2000):
        node = Harness()
        fill(node.store, count, ended=ended, schemas=(lambda _: SCHEMA) if ended else schema)
        node.store.sqlite.execute("UPDATE authors SET free_log = ?", (2 * count + 1,))
        ask = lambda node=node: node.call(GET_ENTRY_ARGUMENTS, author=AUTHOR.hex(), schema=SCHEMA)  # noqa: E731
        assert ask().log_id == 2 * count + 1
        counted.append(steps(node, ask))
        node.store.close()
    assert 5 < counted[1] <= counted[0] * 1.2


def test_an_earlier_version_s_logs_are_known(tmp_path: Path) -> None:
    (before,) = (number for number, step in enumerate(MIGRATIONS) if "free_log" in step)
    old = sqlite3.connect(tmp_path / "node.db", isolation_level=None)
    old.executescript(f"{';'.join(MIGRATIONS[:before])}; PRAGMA user_version={before};")
    fill(old, 50, ended=False, schemas=schema)
    old.execute("DELETE FROM logs WHERE log_id = 41")
    old.execute("INSERT INTO authors VALUES (?, 1)", (b"o" * 32,))
    old.execute(
        "INSERT INTO logs (author, log_id, schema, seq_num, ended) VALUES (?, 3, 's', 1, 0)", (b"o" * 32,)
    )
    old.close()
    store = Store(tmp_path / "node.db")
    assert [store.entries.free_user_log(each) for each in (AUTHOR, b"o" * 32, b"n" * 32)] == [41, 1, 1]
    store.close()


# -- schemas in pages ----------------------------------------------------------------------------------


def test_schemas_without_a_definition_come_in_pages(node: Harness) -> None:
    fill(node.store, 25, ended=False, schemas=schema)
    registered = [schema(3), digest(b"to come").hex()]
    for each in registered:
        asyncio.run(register(node.store, each))
    junk = sorted(schema(n) for n in range(25) if n != 3)
    first = [each["id"] for each in node.call(SCHEMAS, limit=10)]
    assert first == registered + junk[:10]
    assert [each["id"] for each in node.call(SCHEMAS)] == registered + junk
    second = node.call(SCHEMAS, limit=10, after=first[-1])
    assert [(each["id"], each["state"]) for each in second] == [(each, "not-defined") for each in junk[10:20]]
    assert [each["id"] for each in node.call(SCHEMAS, limit=10, after=junk[19])] == junk[20:]
    assert node.call(SCHEMAS, after=junk[-1]) == []


def test_however_many_there_are_the_list_costs_its_page(node: Harness) -> None:
    registry = Registry(node.store)

    def ask() -> object:
        with node.store.snapshot():
            return listing.answer(node.store, registry, None, 10)

    fill(node.store, 100, ended=False, schemas=schema)
    few = steps(node, ask)
    connection = node.store.sqlite
    connection.executemany(
        "INSERT INTO logs (author, log_id, schema, seq_num, ended) VALUES (?, 1, ?, 1, 0)",
        ((digest(b"%d" % n)[:32], schema(n % 200)) for n in range(20_000)),
    )
    complete(connection)
    assert 50 < steps(node, ask) <= few * 1.2
    assert len(node.call(SCHEMAS, limit=MAX_LIMIT)) == 200


class Old(Patched):
    """A node of an earlier version, which lists everything at once and takes no params for it."""

    async def send(self, body: bytes) -> bytes:
        if b"panda_schemas" in body and b"after" in body:
            body = body.replace(b'"after"', b'"no_such_param"')
        return await super().send(body)


def test_a_client_goes_on_page_by_page(node: Harness) -> None:
    fill(node.store, 130, ended=False, schemas=schema)
    junk = sorted(schema(n) for n in range(130))
    panda = client(node)
    first = asyncio.run(panda.schemas())
    assert [each.id for each in first] == junk[:100]
    assert [each.id for each in asyncio.run(panda.schemas(first[-1].id))] == junk[100:]
    assert asyncio.run(panda.schemas(junk[-1])) == ()
    assert asyncio.run(client(Old(node)).schemas(first[-1].id)) == ()


def test_a_node_that_lists_without_end(node: Harness) -> None:
    """What is not behind the last id is not taken, so pages ascend."""
    junk = [ListedSchema(schema(n), None, "not-defined")._asdict() for n in range(10)]

    class Listing(Patched):
        def answer(self, method: str, result: object) -> object:
            return junk if method == "panda_schemas" else result

    last = sorted(each["id"] for each in junk)[6]
    found = asyncio.run(client(Listing(node)).schemas(last))
    assert [each.id for each in found] == sorted(each["id"] for each in junk)[7:]
