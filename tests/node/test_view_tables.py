"""The tables of views: the same whatever came first, made anew and swapped in."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import messages
from panda_web.bamboo import digest
from panda_web.messages import Field, Message, Placed, reduce
from panda_web.node.aside import in_a_thread
from panda_web.node.store.entries import LogRow
from panda_web.node.store.indexes import Lacking
from panda_web.node.store.view_tables import Column, ViewTable
from panda_web.node.views import changing
from panda_web.query import Compare, Cursor, Every, Key, Query
from tests.authors import OTHER_SCHEMA, SCHEMA, Author
from tests.examples import examples
from tests.node.test_erasing import found, mark
from tests.sqlite import Store

T = TypeVar("T")
COLUMNS = (Column("a", "str"), Column("b", "int"), Column("c", "float"))
AT_LOG = {1: Author(1).signer.author, 2: Author(2).signer.author}


def store_with_logs(path: Path | None = None) -> Store:
    store = Store(path)
    for key, author in AT_LOG.items():
        store.sqlite.execute(
            "INSERT INTO logs (id, author, log_id, schema, seq_num, ended) VALUES (?, ?, 1, ?, 1, 0)",
            (key, author, SCHEMA),
        )
    return store


def in_group(store: Store, work: Callable[[], T]) -> T:
    """Does the work in a transaction, and commits it."""

    async def run() -> T:
        await store.begin()
        with store.transaction():
            result = work()
        await store.durable()
        return result

    return asyncio.run(run())


def take_in(
    store: Store, view: ViewTable, log_key: int, instance: bytes, came: Placed, others: Iterable[Placed] = ()
) -> None:
    """Stores a message's entry and brings a view up to date with it, and with others that are held."""
    store.sqlite.execute(
        "INSERT OR IGNORE INTO entries (log, seq_num, hash, entry, instance) VALUES (?, ?, ?, x'', ?)",
        (log_key, came.seq_num, came.hash, instance),
    )
    changing.update(view, log_key, instance, came, lambda: (came, *others))


def rows(store: Store, view: ViewTable) -> list[tuple[object, ...]]:
    """Everything in the view's table."""
    return sorted(store.sqlite.execute(f"SELECT * FROM view_{view.number}"))


# --- the same whatever came first

Came = tuple[int, bytes, Placed]
"""A log's key, the instance, the message."""


FIELDS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 9), min_size=1).map(
    lambda fields: {
        name: {"a": Field("str", str(n)), "b": Field("int", n), "c": Field("float", n / 2)}[name]
        for name, n in fields.items()
    }
)


INSTANCES = [digest(b"%d" % n) for n in range(3)]
OWN = {1: (0, 0, 0, 1, 2), 2: (2, 2, 2, 2, 0)}
"""Which instances a log writes about: its own, mostly, and one of the other log."""
STEPS = st.tuples(st.sampled_from(["update"] * 6 + ["create", "create", "delete"]), st.integers(0, 4), FIELDS)


def written(log_key: int, steps: Sequence[tuple[str, int, dict[str, Field]]]) -> Iterator[Came]:
    """The messages of a log, as they stand in it; some are about what is not there, or not there yet."""
    created = set()
    for seq_num, (action, which, fields) in enumerate(steps, start=1):
        number = OWN[log_key][which]
        instance, own_hash = INSTANCES[number], digest(b"%d %d" % (log_key, seq_num))
        if action == "create" and number not in created and number != OWN[log_key][-1]:
            created.add(number)
            message, own_hash = messages.create(SCHEMA, fields), instance
        elif action == "delete":
            message = messages.delete(SCHEMA, instance.hex())
        else:
            message = messages.update(SCHEMA, instance.hex(), fields)
        yield log_key, instance, Placed(log_key, seq_num, own_hash, message)


@st.composite
def arrivals(draw: st.DrawFn) -> list[Came]:
    """What was written, in any order; some of it never comes."""
    came = [
        one
        for log_key in AT_LOG
        for one in written(log_key, [("create", 0, draw(FIELDS)), *draw(st.lists(STEPS, max_size=9))])
    ]
    draw(st.randoms(use_true_random=False)).shuffle(came)
    return came[draw(st.integers(0, 3)) :]


def model(came: Iterable[Came]) -> dict[bytes, tuple[int, bytes, bool, dict[str, object]]]:
    """What should be shown, told otherwise: everything in order, one message after the other."""
    shown: dict[bytes, tuple[int, tuple[int, bytes, bool, dict[str, object]]]] = {}
    ended = {(log_key, about) for log_key, about, held in came if held.message.action == "delete"}
    for log_key, about, held in sorted(came, key=lambda one: one[2].seq_num):
        values = {name: field.value for name, field in held.message.fields.items()}
        if (log_key, about) in ended:
            continue
        if held.message.action == "create":
            shown[about] = (log_key, (held.seq_num, held.hash, False, values))
        elif about in shown and shown[about][0] == log_key:
            shown[about] = (log_key, (held.seq_num, held.hash, True, {**shown[about][1][3], **values}))
    return {about: row for about, (_, row) in shown.items()}


@examples(2)
@given(arrivals())
def test_a_view_does_not_depend_on_what_came_first(came: list[Came]) -> None:
    store = store_with_logs()
    view = store.views.begin(SCHEMA, COLUMNS)

    def held(log_key: int, instance: bytes, until: int | None = None) -> list[Placed]:
        return [one for key, about, one in came[:until] if (key, about) == (log_key, instance)]

    for number, (log_key, instance, one) in enumerate(came):
        take_in(store, view, log_key, instance, one, held(log_key, instance, number))
    anew = store.views.begin(SCHEMA, COLUMNS)
    for log_key, instance in {(log_key, instance) for log_key, instance, _ in came}:
        whole = reduce(held(log_key, instance))
        if whole is not None and not whole.deleted:
            anew.put(instance, log_key, (whole.standing, whole.fields))
    assert rows(store, view) == rows(store, anew)
    shown = {
        row.id: (row.seq_num, row.last_entry, row.edited, view.fields(row.id))
        for row in view.select(Query(SCHEMA))
    }
    assert shown == model(came)
    store.close()


# --- how they are kept


def query(
    order: Sequence[tuple[str, bool]] = (),
    equal: Mapping[str, Field] = MappingProxyType({}),
    *,
    after: Cursor | None = None,
    limit: int = 10,
    **of_instance: bytes | None,
) -> Query:
    """A query for some values of fields, and for an `id` or an `author`."""
    compared = [Compare(name, value) for name, value in equal.items()]
    compared += [Compare(name, Field("str", value.hex())) for name, value in of_instance.items() if value]
    keys = [Key(name, descending) for name, descending in order]
    return Query(SCHEMA, Every(tuple(compared)), keys, limit, after)


def filled(store: Store, contents: Sequence[dict[str, Field]], columns: Sequence[Column]) -> ViewTable:
    view = store.views.begin(SCHEMA, columns)
    for _, statement in view.indexes():
        store.sqlite.execute(statement)
    for number, fields in enumerate(contents):
        held = Placed(1, number + 1, digest(b"%d" % number), Message("create", SCHEMA, None, fields))
        take_in(store, view, 1, held.hash, held)
    return view


@pytest.mark.parametrize(
    ("asked", "terms", "index"),
    [
        (query(), "", "all"),
        (query(after=Cursor((), digest(b"x").hex())), "", "all"),
        (query(equal={"a": Field("str", "x")}), "c0", "c0"),
        (query([("b", False)]), "c1", "c1"),
        (query([("b", False)], after=Cursor((5,), digest(b"x").hex())), "c1", "c1 (c1>?)"),
        (query([("b", True)]), "c1d", "c1d"),
        (query([("b", True)], after=Cursor((5,), digest(b"x").hex())), "c1d", "c1d"),
        (query([("when", False)]), "k3", "k3"),
        (query([("when", False)], equal={"a": Field("str", "x")}), "c0 k3", "c0_k3 (c0=?)"),
        (query([("when", True), ("b", False)], equal={"a": Field("str", "x")}), "c0 k3d c1", "c0_k3d_c1"),
        (query([("a", True), ("b", False)], equal={"a": Field("str", "x")}), "c0 c1", "c0_c1 (c0=?)"),
    ],
)
def test_indexes_are_used(asked: Query, terms: str, index: str) -> None:
    """Beside those for each field, which folders of an earlier version have."""
    store = store_with_logs()
    view = filled(store, [{"a": Field("str", "x")}], [*COLUMNS, Column("when", "str", key=str.lower)])
    for names in {"c0", "c1", "k3", terms} - {""}:
        columns = tuple((name.removesuffix("d"), name.endswith("d")) for name in names.split())
        store.sqlite.execute(Lacking(view.table, columns).statement())
    statements: list[str] = []
    connection = store.sqlite
    connection.set_trace_callback(statements.append)
    view.select(asked)
    connection.set_trace_callback(None)
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statements[-1]}")]
    assert f"view_{view.number}_{index}" in plan[0], plan
    assert not [step for step in plan if "TEMP B-TREE" in step], plan
    store.close()


def test_what_is_compared_by_its_key() -> None:
    """As timestamps are: given as they were written, ordered and equal as what they mean."""
    store = store_with_logs()
    texts = ["B", "a", "C", "b"]
    view = filled(store, [{"t": Field("str", text)} for text in texts], [Column("t", "str", key=str.lower)])
    assert [view.fields(row.id)["t"] for row in view.select(query([("t", False)]))][0::3] == ["a", "C"]
    same = view.select(query(equal={"t": Field("str", "b")}))
    assert {view.fields(row.id)["t"] for row in same} == {"B", "b"}
    first = view.select(query([("t", False)], limit=2))
    assert first[-1].order == ("b",)
    rest = view.select(query([("t", False)], after=Cursor(first[-1].order, first[-1].id.hex())))
    assert {row.id for row in (*first, *rest)} == {digest(b"%d" % n) for n in range(4)}
    store.close()


def test_hidden_ones_come_back() -> None:
    store = store_with_logs()
    view = filled(store, [{"a": Field("str", "x")}, {"a": Field("str", "y")}], COLUMNS)
    view.hide(digest(b"0"), hidden=True)
    assert [row.id for row in view.select(query())] == [digest(b"1")]
    update = Placed(1, 9, digest(b"u"), messages.update(SCHEMA, digest(b"0").hex(), {"b": Field("int", 1)}))
    take_in(store, view, 1, digest(b"0"), update)
    assert [row.id for row in view.select(query())] == [digest(b"1")], "a change does not show it"
    view.hide(digest(b"0"), hidden=False)
    assert view.fields(digest(b"0")) == {"a": "x", "b": 1}
    assert len(view.select(query())) == 2
    store.close()


def test_no_names_in_sql() -> None:
    """Whatever fields are called, their names are values."""
    store = store_with_logs()
    hostile = ['a"; DROP TABLE logs; --', "c0", "i.id", "hidden", "", "ü", "select"]
    columns = [Column(name, "int") for name in hostile]
    view = filled(store, [{name: Field("int", n) for n, name in enumerate(hostile)}], columns)
    statements: list[str] = []
    store.sqlite.set_trace_callback(statements.append)
    for name in hostile:
        (row,) = view.select(query([(name, True)], equal={name: Field("int", hostile.index(name))}))
        assert view.fields(row.id)[name] == hostile.index(name)
    assert not [sql for sql in statements if "DROP" in sql]
    store.close()


def test_a_view_is_swapped_in(tmp_path: Path) -> None:
    """Others are answered from the old one until the new one is committed; then the old one is gone."""
    store = store_with_logs(tmp_path / "node.db")
    store.close()
    store = Store(tmp_path / "node.db", in_a_thread)
    group = partial(in_group, store)
    wider = (*COLUMNS, Column("d", "bool"))
    assert in_place(store, COLUMNS) is None
    old = group(lambda: filled(store, [{"a": Field("str", "old")}], COLUMNS))
    assert in_place(store, COLUMNS) is None, "it is not in place yet"
    group(lambda: store.views.put_in_place(old))
    new = group(lambda: filled(store, [{"a": Field("str", "new")}] * 2, wider))
    before = in_place(store, COLUMNS)
    assert before is not None and before.number == old.number
    assert in_place(store, wider) is None, "made for other columns"
    with store.snapshot():
        assert len(before.select(query())) == 1
        group(lambda: store.views.put_in_place(new))
        assert in_place(store, COLUMNS) is not None
        assert len(before.select(query())) == 1, "who is reading goes on"
    assert in_place(store, COLUMNS) is None
    after = in_place(store, wider)
    assert after is not None and len(after.select(query())) == 2
    unfinished, other = group(lambda: (filled(store, [], COLUMNS), store.views.begin(OTHER_SCHEMA, COLUMNS)))
    group(lambda: store.views.put_in_place(other))
    assert tables(store) == {f"view_{view.number}" for view in (new, unfinished, other)}
    group(lambda: store.views.drop(SCHEMA))
    assert tables(store) == {f"view_{other.number}"}
    store.close()


def in_place(store: Store, columns: Sequence[Column]) -> ViewTable | None:
    """The view that is in place, if it was made for these columns."""
    (kept,) = [kept for kept in store.views.of_schema(SCHEMA) if kept.current] or [None]
    return store.views.open(kept, columns) if kept is not None else None


def tables(store: Store) -> set[str]:
    sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'view#_%' ESCAPE '#'"
    return {name for (name,) in store.sqlite.execute(sql)}


def test_deleted_values_leave_the_files(tmp_path: Path) -> None:
    """Values stand in indexes too, which are what SQLite leaves most copies of."""
    path = tmp_path / "node.db"
    store = store_with_logs(path)
    view = in_group(
        store, lambda: store.views.begin(SCHEMA, [Column("a", "str"), Column("b", "str", str.upper)])
    )
    created = {}
    for n in range(600):
        fields = {"a": Field("str", mark(n) * (1, 8, 40, 300)[n % 4]), "b": Field("str", mark(n))}
        created[n] = Placed(1, n + 1, digest(b"%d" % n), Message("create", SCHEMA, None, fields))
    deleted = [n for n in range(600) if n % 5]

    def create() -> None:
        for one in created.values():
            take_in(store, view, 1, one.hash, one)

    def delete() -> None:
        for n in deleted:
            view.end(created[n].hash, 1)
            store.writing.delete_payloads(created[n].hash, LogRow(1, b"", 1, SCHEMA, 0, 0))

    in_group(store, create)
    assert found(path, range(600)) == list(range(600))
    in_group(store, delete)
    store.close()
    assert found(path, range(600)) == [n for n in range(600) if n % 5 == 0]
