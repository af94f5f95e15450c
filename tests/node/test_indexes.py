"""Indexes appear for what is asked: when they are worth it, one at a time, so many, and they stay."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from panda_web.bamboo import digest
from panda_web.messages import Field
from panda_web.node import indexing
from panda_web.node.aside import in_a_thread
from panda_web.node.store import indexes, reading
from panda_web.node.store.indexes import MOST_INDEXES, wanted
from panda_web.query import Among, By, Compare, Every, Exists, Filter, Key, Not, Some
from panda_web.rpc.errors import QueryTooExpensive
from tests.authors import Author
from tests.node.stored import TALK, fill
from tests.node.test_views import TALK_ID, Built, run
from tests.node.waiting import until

COUNT = 2200
ASKED: dict[str, Any] = {"filter": {"seats": 7}, "order_by": ["-start", "title"], "limit": 10}
FOR_ASKED = "c1_k2d_c0"


@pytest.fixture
def built(tmp_path: Path) -> Iterator[Built]:
    built = filled(tmp_path)
    yield built
    built.store.close()


def filled(folder: Path, count: int = COUNT) -> Built:
    built = Built(folder / "node.db", in_a_thread)
    fill(built.store, TALK_ID, count)
    run(built.node.views.add(TALK))
    return built


def made(built: Built) -> set[str]:
    """The indexes that the view did not begin with, by their columns."""
    (table,) = built.tables()
    sql = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL"
    names = {name.removeprefix(f"{table}_") for (name,) in built.store.sqlite.execute(sql, (table,))}
    assert names >= {"all", "log"}
    return names - {"all", "log"}


async def ask(built: Built, times: int, **asked: Any) -> None:
    """Asks so often, whatever is answered; returns once what this begins is done."""
    for _ in range(times):
        try:
            await built.query(**asked)
        except QueryTooExpensive:
            pass
        await built.node.finish()


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [each["id"] for each in found]


def test_an_index_appears_for_what_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for what was too much to answer; then it is little. It stays when the node begins anew."""
    built = filled(tmp_path)
    assert made(built) == set(), "what nobody asks costs nothing"
    answer = ids(run(built.query(**ASKED)))
    assert len(answer) == 10
    with monkeypatch.context() as narrow:
        narrow.setattr(reading, "MAX_STEPS", 4_000)
        with pytest.raises(QueryTooExpensive):
            run(built.query(**ASKED))
        run(ask(built, 30, **ASKED))
        assert made(built) == {FOR_ASKED}
        assert ids(run(built.query(**ASKED))) == answer
        built.store.close()
        again = Built(tmp_path / "node.db", in_a_thread)
        assert made(again) == {FOR_ASKED}
        assert ids(run(again.query(**ASKED))) == answer
        run(ask(again, 30, **ASKED))
        assert made(again) == {FOR_ASKED}
    again.store.close()


def test_what_is_published_goes_on_into_them(built: Built) -> None:
    author = Author()
    run(ask(built, 30, **ASKED))
    assert made(built) == {FOR_ASKED}
    signed, payload = author.create(TALK_ID, title="New", seats=7, start="2027-01-01T00:00:00+01:00")
    run(built.publish((signed, payload), author.update(signed.hash, TALK_ID, title="Newer")))
    assert run(built.query(**ASKED))[0]["title"] == "Newer"
    run(built.publish(author.delete(signed.hash, TALK_ID)))
    assert run(built.query(**ASKED))[0]["title"] != "Newer"


def test_one_query_is_no_reason(built: Built) -> None:
    """The index takes as much as some of them; nor are many queries that read no more than they give."""
    run(ask(built, 1, **ASKED))
    for asked in ({"limit": 1000}, {"filter": {"title": {"contains": "17"}}}, {"filter": {"abstract": "a"}}):
        run(ask(built, 30, **asked))
    assert made(built) == set()


def test_a_small_view_has_none(tmp_path: Path) -> None:
    """Each costs whoever publishes, and saves nobody anything."""
    built = filled(tmp_path, 50)
    run(ask(built, 200, **ASKED))
    assert made(built) == set()
    built.store.close()


def shapes() -> Iterator[dict[str, Any]]:
    """What needs an index each, as a hostile asker would ask it."""
    for first in ("title", "-title", "seats", "-seats", "start", "-start"):
        for second in ("title", "-title", "seats", "-seats", "start", "-start"):
            if first.strip("-") != second.strip("-"):
                yield {"order_by": [first, second], "limit": 1}


def test_so_many_and_the_least_used_one_goes(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where each shape is worth one at once: else a few serve all of these."""
    monkeypatch.setattr(indexing, "PAUSE", 0)
    monkeypatch.setattr(indexes, "STEPS_AT_LEAST", -(10**6))

    async def hostile() -> None:
        for asked in shapes():
            await ask(built, 1, **asked)
            await ask(built, 3, **ASKED)
            assert len(made(built)) <= MOST_INDEXES

    run(hostile())
    assert len(made(built)) == MOST_INDEXES
    assert FOR_ASKED in made(built)
    assert "k2d_c1d" in made(built), "the last one"
    assert "c0_c1" not in made(built)


def test_whatever_is_asked_publishes_have_their_time(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making one is followed by a pause, so many times as long."""
    monkeypatch.setattr(indexing, "PAUSE", 1e9)

    async def hostile() -> None:
        for asked in shapes():
            await ask(built, 6, **asked)

    run(hostile())
    assert len(made(built)) == 1


def test_so_many_of_all_views_together(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks every schema for everything: other connections read all of it anew whenever one comes."""
    monkeypatch.setattr(indexing, "PAUSE", 0)
    monkeypatch.setattr(indexes, "STEPS_AT_LEAST", -(10**6))
    monkeypatch.setattr(indexes, "MOST_OF_ALL", 3)
    other = replace(TALK, id=digest(b"another definition").hex())
    run(built.node.views.add(other))

    def caused() -> list[str]:
        sql = "SELECT name FROM sqlite_master WHERE type = 'index' AND name GLOB 'view_*_[ck]*'"
        return [name for (name,) in built.store.sqlite.execute(sql)]

    async def hostile() -> None:
        for asked in list(shapes())[:6]:
            await ask(built, 1, **asked)
            await ask(built, 3, **ASKED)
            await built.node.query(str(other.id), {}, asked["order_by"], 1, None, False)
            await built.node.finish()
            assert len(caused()) <= 3

    run(hostile())
    assert len(caused()) == 3
    assert any(name.endswith(f"_{FOR_ASKED}") for name in caused())


@pytest.mark.parametrize(
    ("where", "name", "most"), [(indexes, "MOST_ROWS", COUNT // 2), (indexing, "SHARE_OF_ROOM", 0.0)]
)
def test_none_where_it_would_take_too_much(
    built: Built, monkeypatch: pytest.MonkeyPatch, where: object, name: str, most: float
) -> None:
    """Of others' time, or of the room that others publish into."""
    monkeypatch.setattr(where, name, most)
    run(ask(built, 60, **ASKED))
    assert made(built) == set()
    assert len(run(built.query(**ASKED))) == 10


def test_never_two_at_once(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "PAUSE", 0)
    monkeypatch.setattr(indexes, "STEPS_AT_LEAST", -(10**6))
    statements: list[str] = []
    built.store.sqlite.set_trace_callback(statements.append)

    async def together() -> None:
        for _ in range(500):  # one is made while others are asked for: how often, the machine's speed says
            await asyncio.gather(*(built.query(**asked) for asked in list(shapes())[:4]))
            # The list says it: to ask the database here, while another thread commits and calls back, has
            # each wait for the other for ever.
            if sum(sql.startswith("CREATE INDEX") for sql in statements) > 1:
                break
        await built.node.finish()

    run(together())
    built.store.sqlite.set_trace_callback(None)
    did = [sql.split()[0] for sql in statements if sql.startswith(("CREATE INDEX", "COMMIT"))]
    assert did.count("CREATE") == len(made(built)) > 1
    assert "CREATE CREATE" not in " ".join(did)


def test_a_disk_that_is_full(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no index then; answers come, and it is not tried again and again."""
    (pages,) = built.store.sqlite.execute("PRAGMA page_count").fetchone()
    monkeypatch.setattr(indexes, "STEPS_A_ROW", 1)
    built.store.sqlite.execute(f"PRAGMA max_page_count={pages}")
    statements: list[str] = []
    built.store.sqlite.set_trace_callback(statements.append)
    run(ask(built, 30, **ASKED))
    assert made(built) == set()
    assert len([sql for sql in statements if sql.startswith("CREATE INDEX")]) == 1
    assert len(run(built.query(**ASKED))) == 10


def test_a_view_that_is_gone_needs_none(built: Built) -> None:
    async def dropped() -> None:
        while built.in_place() is not None:
            await built.query(**ASKED)
            dropping = asyncio.create_task(built.node.views.drop(TALK_ID))
            await until(dropping.done)
        await built.node.finish()

    run(dropped())
    assert built.tables() == []
    run(built.node.views.add(TALK))
    assert len(run(built.query(**ASKED))) == 10


ONE = Field("int", 1)


@pytest.mark.parametrize(
    ("filter", "order", "expected"),
    [
        (Every(), "", []),
        (Every(), "a", ["a"]),
        (Every(), "-a b", ["a- b"]),
        (Compare("b", ONE), "", ["b"]),
        (Every((Compare("b", ONE), Every((Compare("a", ONE),)))), "-c a", ["a b c-"]),
        (Every((Compare("a", ONE), Compare("a", ONE))), "a -a", ["a"]),
        (Every((Compare("a", ONE), Compare("b", ONE, operator="lt"))), "c", ["a c", "a b"]),
        (Among("a", (ONE,)), "b", ["b", "a"]),
        (Compare("a", ONE, operator="startsWith"), "", ["a"]),
        (Some((Compare("a", ONE), Every((Compare("b", ONE), Compare("c", ONE))))), "", ["a", "b", "c"]),
        (Some((Compare("a", ONE),)), "b", ["a b"]),
        (Every((Not(Compare("a", ONE)), Exists("b"), Compare("c", ONE, operator="contains"))), "", []),
        (Every((Compare("long", ONE), Compare("id", ONE), Compare("author", ONE))), "a long b", ["a"]),
        (Every(tuple(Compare("abcdefghijk"[n], ONE) for n in range(11))), "l", ["a b c d e f g h"]),
    ],
)
def test_which_indexes_a_query_can_use(filter: Filter, order: str, expected: list[str]) -> None:
    keys = [Key(name.strip("-"), name.startswith("-"), By.WHOLE) for name in order.split()]
    found = wanted(filter, keys, lambda name: name if len(name) == 1 else None)
    assert [" ".join(name + "-" * down for name, down in terms) for terms in found] == expected
