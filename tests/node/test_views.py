"""Views of schemas in a node: built beside everything else, the same whatever came first, never half seen."""

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.bamboo import digest
from panda_web.client import Client
from panda_web.errors import StoreFailed
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages import Field, Relation
from panda_web.messages.schema import DEFINITION, FieldDefinition, Schema
from panda_web.messages.schema.errors import FieldUnknown, TimestampMalformed, ValueTypeMismatch
from panda_web.node import Node, views
from panda_web.node.aside import Aside, here, in_a_thread
from panda_web.node.views import building
from panda_web.node.views.building import ViewDropped
from panda_web.node.views.view import columns_of, unfinished
from panda_web.query import Query
from panda_web.rpc.errors import SchemaNotDefined
from panda_web.rpc.transport import InProcess
from tests.authors import SCHEMA, Author
from tests.examples import examples
from tests.node.stored import AUTHORS, TALK, fill, instance, talk
from tests.node.waiting import until
from tests.sqlite import Store

TALK_ID = TALK.id or ""
ROOT = Path(__file__).resolve().parent.parent.parent


class Built:
    """A node on a file, or in memory, and what tests need of it."""

    def __init__(self, path: Path | None = None, aside: Aside = here) -> None:
        self.store = Store(path, aside)
        self.node = Node(self.store, CryptographyVerifier(), version="0", aside=aside)

    async def publish(self, *entries: tuple[Any, bytes]) -> None:
        for signed, payload in entries:
            await self.node.publish_entry(signed.encoded, payload)

    async def query(self, schema: str = TALK_ID, **params: Any) -> Any:
        wanted = {"filter": {}, "order_by": [], "limit": 1000, "after": None, "proof": False, **params}
        return await self.node.query(schema, **wanted)

    async def titles(self, **params: Any) -> list[Any]:
        return [found["title"] for found in await self.query(**{"order_by": ["title"], **params})]

    def in_place(self, schema: str = TALK_ID) -> views.View | None:
        return views.in_place(self.store, schema)

    def reached(self, schema: str = TALK_ID) -> int | None:
        """How many entries an unfinished view is made of."""
        view = unfinished(self.store, schema)
        return self.store.views.reached(view.table).done if view is not None else None

    def rows(self, schema: str = TALK_ID) -> list[tuple[Any, ...]]:
        """Everything in the table of the view in place."""
        view = self.in_place(schema)
        assert view is not None
        return sorted(self.store.sqlite.execute(f"SELECT * FROM {view.table.table}"))

    def tables(self) -> list[str]:
        """Those of views, but for the one of definitions, which is always there."""
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'view#_%' ESCAPE '#'"
        definitions = self.in_place(str(DEFINITION.id))
        assert definitions is not None
        tables = [name for (name,) in self.store.sqlite.execute(sql)]
        return [name for name in tables if name != definitions.table.table]


@contextmanager
def slices_of(count: int) -> Iterator[None]:
    """Makes slices small, so that much can happen between them."""
    before, building.MOST_REPLAYED = building.MOST_REPLAYED, count
    try:
        yield
    finally:
        building.MOST_REPLAYED = before


@pytest.fixture(params=["in memory", "in a thread"])
def built(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Built]:
    made = Built() if request.param == "in memory" else Built(tmp_path / "node.db", in_a_thread)
    yield made
    made.store.close()


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


# --- built from the stored log


def expected(count: int) -> dict[bytes, dict[str, object]]:
    """What a view of so many messages of `fill` shows."""
    shown: dict[bytes, dict[str, object]] = {}
    size = count // AUTHORS
    for author in range(AUTHORS):
        for seq_num in range(1, size + 1):
            number = author * size + seq_num
            if seq_num % 11:
                shown[instance(number)] = talk(number)
            else:
                shown[instance(number - 1)]["seats"] = 1000 + number % 100
    return shown


def shown(built: Built) -> dict[bytes, dict[str, object]]:
    """All that the view in place shows."""
    view = built.in_place()
    assert view is not None
    with built.store.snapshot():
        rows = view.table.select(Query(TALK_ID, limit=1_000_000))
        return {row.id: dict(view.table.fields(row.id)) for row in rows}


def test_many_messages_beside_everything_else(tmp_path: Path, long: bool) -> None:
    """Publishes and queries are answered between slices; it is stopped, gone on with later, and all is there."""
    count = 100_000 if long else 20_000
    author = Author()
    model = expected(count)

    async def first() -> None:
        built = Built(tmp_path / "node.db", in_a_thread)
        fill(built.store, TALK_ID, count)
        seen: list[tuple[int, int]] = []
        adding = asyncio.create_task(built.node.views.add(TALK, lambda *told: seen.append(told)))
        await until(lambda: seen)
        created = [author.create(TALK_ID, **talk(-n)) for n in range(1, 21)]
        changed = author.update(created[0][0].hash, TALK_ID, seats=77)
        deleted = author.delete(created[1][0].hash, TALK_ID)
        for entry in (*created, changed, deleted):
            before = len(seen)
            await built.publish(entry)
            with pytest.raises(SchemaNotDefined):  # answered, until the view is in place
                await built.query(limit=1)
            assert built.in_place() is None
            await until(lambda before=before: len(seen) > before)
        model.update({signed.hash: talk(-n) for n, (signed, _) in enumerate(created, start=1) if n != 2})
        model[created[0][0].hash]["seats"] = 77
        adding.cancel()
        await asyncio.wait([adding])
        assert adding.cancelled()
        assert all(total == count and before < after for (before, _), (after, total) in pairwise(seen))
        await built.node.finish()
        built.store.close()

    async def then() -> None:
        built = Built(tmp_path / "node.db", in_a_thread)
        assert built.in_place() is None
        stopped = built.reached()
        assert stopped and stopped < count
        late = author.create(TALK_ID, **talk(-99))
        await built.publish(late)
        model[late[0].hash] = talk(-99)
        seen: list[tuple[int, int]] = []
        await built.node.views.add(TALK, lambda *told: seen.append(told))
        assert seen[0][0] > stopped, "it goes on where it was"
        assert seen[-1][0] == seen[-1][1] >= count
        assert shown(built) == model
        assert await built.titles(filter={"seats": 77, "author": author.hex}) == ["Talk -1"]
        await built.node.views.drop(TALK_ID)
        assert built.tables() == []
        built.store.close()

    with slices_of(count // 100):
        run(first())
        run(then())


KILLED = """
import asyncio, sys
from pathlib import Path
from tests.node.stored import TALK
from tests.node.test_views import Built, in_a_thread
built = Built(Path(sys.argv[1]), in_a_thread)
told = []
def tell(done, total):
    print(done, flush=True)
    if told:
        sys.stdin.read()  # it went on after the first time; here it is killed at the latest
    told.append(done)
asyncio.run(built.node.views.add(TALK, tell))
"""


def test_killed_while_it_is_built(tmp_path: Path) -> None:
    """Nothing is half visible; each time it has come further; in the end all is there."""
    path = tmp_path / "node.db"
    count = 30_000
    built = Built(path)
    fill(built.store, TALK_ID, count)
    built.store.close()
    stopped = 0
    for _ in range(3):
        command = [sys.executable, "-c", KILLED, str(path)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        ) as process:
            assert process.stdout is not None
            told = int(process.stdout.readline())
            process.kill()
        built = Built(path)
        assert built.in_place() is None
        now = built.reached()
        assert now is not None and stopped < told <= now < count, "what was told is kept"
        stopped = now
        built.store.close()
    built = Built(path)
    run(built.node.views.add(TALK))
    assert shown(built) == expected(count)
    built.store.close()


def test_dropped_and_built_anew(built: Built) -> None:
    fill(built.store, TALK_ID, 2000)
    with slices_of(100):
        run(built.node.views.add(TALK))
        before = built.rows()
        assert len(before) == len(expected(2000))
        run(built.node.views.drop(TALK_ID))
        assert built.in_place() is None
        assert built.tables() == []
        run(built.node.views.add(TALK))
    assert built.rows() == before
    tables = built.tables()
    told: list[object] = []
    run(built.node.views.add(TALK, lambda *_: told.append(1)))
    assert (built.tables(), told) == (tables, []), "it is there already"
    run(built.node.views.drop(digest(b"no schema").hex()))


def test_what_a_message_takes(built: Built) -> None:
    """One statement for a create and two for an update, and the indexes when all of them are there."""
    fill(built.store, TALK_ID, 1100)
    statements: list[str] = []
    connection = built.store.sqlite
    connection.set_trace_callback(statements.append)
    run(built.node.views.add(TALK))
    connection.set_trace_callback(None)
    (table,) = built.tables()
    of_rows = [sql.split()[0] for sql in statements if f" {table} " in sql and "CREATE" not in sql]
    assert Counter(of_rows) == {"INSERT": 1000, "SELECT": 100, "UPDATE": 100}
    first_index = next(n for n, sql in enumerate(statements) if sql.startswith("CREATE INDEX"))
    assert not [sql for sql in statements[first_index:] if sql.startswith("INSERT OR REPLACE")]


def test_several_ask_for_one_view(built: Built) -> None:
    fill(built.store, TALK_ID, 2000)

    async def together() -> None:
        with slices_of(50):
            await asyncio.gather(*(built.node.views.add(TALK) for _ in range(3)))

    run(together())
    assert len(built.tables()) == 1
    assert shown(built) == expected(2000)


def test_dropped_while_it_is_built(built: Built) -> None:
    fill(built.store, TALK_ID, 2000)

    async def meanwhile() -> None:
        with slices_of(10):
            seen: list[int] = []
            adding = asyncio.create_task(built.node.views.add(TALK, lambda done, _: seen.append(done)))
            await until(lambda: seen)
            await built.node.views.drop(TALK_ID)
            with pytest.raises(ViewDropped):
                await adding

    run(meanwhile())
    assert built.tables() == []
    run(built.node.views.add(TALK))
    assert shown(built) == expected(2000)


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    """Nothing half visible, and what was replayed before is not done again."""
    built = Built(tmp_path / "node.db", in_a_thread)
    fill(built.store, TALK_ID, 5000)
    connection = built.store.sqlite
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count={pages + 200}")
    with pytest.raises(StoreFailed):
        run(built.node.views.add(TALK))
    assert built.in_place() is None
    stopped = built.reached()
    assert stopped and stopped < 5000
    connection.execute("PRAGMA max_page_count=100000")
    seen: list[int] = []
    run(built.node.views.add(TALK, lambda done, _: seen.append(done)))
    assert seen[0] > stopped
    assert shown(built) == expected(5000)
    built.store.close()


def test_a_schema_without_an_id() -> None:
    with pytest.raises(ValueError, match="not published"):
        run(Built().node.views.add(Schema("a", "", (FieldDefinition("b", "text"),))))


# --- what is in it


def test_what_the_schema_refuses_is_never_shown(built: Built) -> None:
    """The same whether it came before the view was there, or after."""
    author = Author()
    after = Author(2)

    async def publish(author: Author) -> bytes:
        good = author.create(TALK_ID, title="A", seats=1)
        short = author.create(TALK_ID, title="B")
        foreign = author.create(TALK_ID, title="C", seats=1, speaker="nobody")
        mistyped = author.create(TALK_ID, title="D", seats="many")
        unmatched = author.create(TALK_ID, title="<script>", seats=1)
        entries = [good, short, foreign, mistyped, unmatched]
        entries += [author.update(one[0].hash, TALK_ID, title="E", seats=1) for one in entries[1:4]]
        entries += [
            author.update(good[0].hash, TALK_ID, seats=2),
            author.update(good[0].hash, TALK_ID, title="<b>"),
            author.update(good[0].hash, TALK_ID, seats=3, room="none"),
            author.update(good[0].hash, TALK_ID, start="2026-11-23T10:00:00Z"),
            author.update(good[0].hash, TALK_ID, start="tomorrow"),
        ]
        await built.publish(*entries)
        return good[0].hash

    run(publish(author))
    run(built.node.views.add(TALK))
    run(publish(after))
    found = run(built.query())
    assert len(found) == 2
    for one in found:
        assert (one["title"], one["seats"], one["start"]) == ("A", 2, "2026-11-23T10:00:00Z")
        assert "room" not in one and one["_meta"]["seqNum"] == 12 and one["_meta"]["edited"]
    live = built.rows()
    run(built.node.views.drop(TALK_ID))
    run(built.node.views.add(TALK))
    assert [row[0] for row in live] == [row[0] for row in built.rows()]
    assert live == built.rows()
    # Proofs leave it out too, or nobody could check them; and so do the answers to old clients.
    client = Client(InProcess(built.node.dispatcher()), verifier=CryptographyVerifier())
    answer = run(client.query(TALK_ID))
    assert not answer.rejected
    assert [one.verified for one in answer] == [True, True]
    entries = run(built.node.query_entries(TALK_ID))["entries"]
    assert len(entries) == 2 * 3


def test_a_filter_may_name_a_day_and_a_timestamp_may_lack_the_colon_of_its_offset(built: Built) -> None:
    author = Author()
    starts = ["2026-11-23T00:00:00+0000", "2026-11-23T01:00:00+01:00", "2026-11-23T01:00:00Z"]
    rows = [author.create(TALK_ID, title=f"T{n}", seats=n, start=start) for n, start in enumerate(starts)]
    run(built.publish(*rows))
    run(built.node.views.add(TALK))
    assert run(built.titles(filter={"start": "2026-11-23"}, order_by=["title"])) == ["T0", "T1"]
    client = Client(InProcess(built.node.dispatcher()), verifier=CryptographyVerifier())
    answer = run(client.query(TALK_ID, filter={"start": "2026-11-23"}, order_by=["title"]))
    assert not answer.rejected
    assert [one["start"] for one in answer] == starts[:2], "given as they were written"


def test_queries_are_typed(built: Built) -> None:
    author = Author()
    starts = ["2026-11-23T10:00:00Z", "2026-11-23T10:30:00+01:00", "2026-11-23T11:00:00.0+01:00"]
    rows = [author.create(TALK_ID, title=f"T{n}", seats=n, start=start) for n, start in enumerate(starts)]
    run(built.publish(*rows, author.create(TALK_ID, title="T3", seats=3)))
    run(built.node.views.add(TALK))
    titles: Callable[..., list[str]] = lambda **params: run(built.titles(**params))  # noqa: E731
    assert titles(filter={"start": "2026-11-23T12:00:00+02:00"}) == ["T0", "T2"], "the same instant"
    assert titles(order_by=["start", "title"]) == ["T3", "T1", "T0", "T2"]
    assert titles(order_by=["-start", "-title"]) == ["T2", "T0", "T1", "T3"]
    first = run(built.query(order_by=["start", "title"], limit=2))
    assert titles(order_by=["start", "title"], after=first[-1]["_meta"]["cursor"]) == ["T0", "T2"]
    assert titles(filter={"seats": 1.0, "title": "T1"}) == ["T1"]
    with pytest.raises(ValueTypeMismatch):
        titles(filter={"seats": "1"})
    assert titles(filter={"id": rows[2][0].hash.hex()}) == ["T2"]
    ids = sorted(range(3), key=lambda n: rows[n][0].hash)
    assert titles(order_by=["id", "seats"], filter={"author": author.hex})[:1] == titles(order_by=[])[:1]
    assert [title for title in titles(order_by=["id"]) if title != "T3"] == [f"T{n}" for n in ids]
    for params in (
        {"filter": {"room": 1}},
        {"order_by": ["room"]},
        {"order_by": ["-author"]},
        {"order_by": ["-id"]},
    ):
        with pytest.raises(FieldUnknown) as unknown:
            run(built.query(**params))
        assert unknown.value.data["param"] in ("filter", "orderBy")
        orders = params.get("order_by", ["room"])
        says = "title, seats, start, abstract" if orders == ["room"] else "a filter takes id and author"
        assert says in str(unknown.value)
    with pytest.raises(FieldUnknown) as unknown:
        run(built.query(filter={"x" * 100_000: 1}))
    assert len(str(unknown.value)) < 500
    with pytest.raises(TimestampMalformed) as malformed:
        run(built.query(filter={"start": "tomorrow"}))
    assert malformed.value.data == {"field": "start", "param": "filter"}
    run(built.node.views.drop(TALK_ID))
    with pytest.raises(SchemaNotDefined):
        titles()


def test_what_is_kept_of_each_type() -> None:
    types = ["varchar", "text", "integer", "float", "boolean", "timestamp"]
    every = [FieldDefinition(f"f{n}", name) for n, name in enumerate(types)]
    every += [FieldDefinition(f"l{n}", f"{name}[]") for n, name in enumerate(types)]
    every.append(FieldDefinition("r", "relation", schema="self"))
    columns = columns_of(Schema("all", "", tuple(every)))
    kinds = ["str", "str", "int", "float", "bool", "str"]
    assert [column.type for column in columns] == [*kinds, *(f"{kind}[]" for kind in kinds), "relation"]
    assert [column.name for column in columns if column.key is not None] == ["f5"]
    assert [column.name for column in columns if column.indexed] == ["f0", "f2", "f3", "f4", "f5", "r"]


def test_a_view_that_an_earlier_version_made(built: Built) -> None:
    """It is not asked, since its columns are others, and gives way to a new one."""
    author = Author(1, log_id=3)
    run(built.publish(Author().create(TALK_ID, title="A", seats=1)))
    run(built.node.views.add(TALK))
    make_earlier(built)
    run(built.publish(Author(2).create(TALK_ID, title="B", seats=1)))
    assert built.in_place() is None
    run(built.node.views.add(TALK))
    assert run(built.titles()) == ["A", "B"]
    assert len(built.tables()) == 1
    gone = author.create(PLACE_ID, name="gone")
    run(built.publish(gone, author.create(PLACE_ID, name="in it", within=Relation(gone[0].hash.hex()))))
    run(built.publish(author.delete(gone[0].hash, PLACE_ID)))
    run(built.node.views.add(PLACE))
    make_earlier(built)
    other = author.create(PLACE_ID, name="gone too")
    run(built.publish(other, author.create(PLACE_ID, name="in that", within=Relation(other[0].hash.hex()))))
    run(built.publish(author.delete(other[0].hash, PLACE_ID)))
    run(built.node.views.add(PLACE))
    assert run(built.query(PLACE_ID)) == [], "also in the new one it is hidden"
    assert len(built.rows(PLACE_ID)) == 2


def make_earlier(built: Built) -> None:
    """Gives the tables the layout that the first views had."""
    connection = built.store.sqlite
    connection.execute(
        "UPDATE views SET columns = replace(columns, '[2, ', '[') WHERE schema <> ?", (DEFINITION.id,)
    )
    for table in built.tables():
        rows = f"(SELECT id, log, created, seq_num, last_entry, '{{}}', hidden, c0, c1 FROM {table})"
        connection.executescript(f"""
            CREATE TABLE earlier (
                id BLOB NOT NULL UNIQUE, log INTEGER NOT NULL REFERENCES logs (id), created INTEGER NOT NULL,
                seq_num INTEGER NOT NULL, last_entry BLOB NOT NULL, set_at TEXT NOT NULL,
                hidden INTEGER NOT NULL DEFAULT 0, c0, c1
            );
            INSERT INTO earlier SELECT * FROM {rows};
            DROP TABLE {table};
            ALTER TABLE earlier RENAME TO {table};
        """)


# --- what is hidden with others

PLACE = Schema(
    "place",
    "A room, or a building that rooms are in",
    (
        FieldDefinition("name", "varchar"),
        FieldDefinition("within", "relation", schema="self", cascade=True, optional=True),
    ),
    digest(b"the definition of a place").hex(),
)
PLACE_ID = PLACE.id or ""
EVENT = Schema(
    "event",
    "What is on",
    (
        FieldDefinition("name", "varchar"),
        FieldDefinition("places", "relation[]", schema=PLACE_ID, cascade=True, optional=True),
        FieldDefinition("part_of", "relation", schema="self", cascade=True, optional=True),
        FieldDefinition("like", "relation", schema="self", optional=True),
    ),
    digest(b"the definition of an event").hex(),
)
EVENT_ID = EVENT.id or ""
SCHEMAS = {PLACE_ID: PLACE, EVENT_ID: EVENT}
LOGS = [(number, log_id) for number in (1, 2) for log_id in (1, 3)]
SCHEMA_OF = {1: PLACE_ID, 3: EVENT_ID}
CASCADING = {PLACE_ID: ("within",), EVENT_ID: ("places", "part_of")}


@dataclass
class Written:
    """What authors wrote: by log the entries, each with its action, its instance and its fields."""

    entries: dict[tuple[int, int], list[tuple[Any, bytes]]] = field(
        default_factory=lambda: {at: [] for at in LOGS}
    )
    said: dict[tuple[int, int], list[tuple[str, bytes, dict[str, Any]]]] = field(
        default_factory=lambda: {at: [] for at in LOGS}
    )


Step = tuple[str, tuple[int, int], int, list[int], bool]
"""An action, in which log, on which of its instances, to which it leads, and whether that cascades."""


def steps_of(chance: Random, count: int) -> list[Step]:
    """Denser than lists that Hypothesis draws: much of what is written leads to what is deleted."""
    actions = ["create", "create", "update", "update", "update", "delete"]
    return [
        (
            chance.choice(actions),
            chance.choice(LOGS),
            chance.randrange(3),
            [chance.randrange(6) for _ in range(chance.randint(0, 2))],
            chance.random() < 0.2,
        )
        for _ in range(count)
    ]


def write(steps: Sequence[Step]) -> Written:
    """Instances of both schemas, which lead to each other by what is there by then: in circles, too."""
    authors = {(number, log_id): Author(number, log_id) for number, log_id in LOGS}
    written = Written()
    of_log: dict[tuple[int, int], list[bytes]] = {at: [] for at in LOGS}
    of_schema: dict[str, list[bytes]] = {schema: [digest(b"never held")] for schema in SCHEMAS}
    for number, (action, at, which, leads, like) in enumerate(steps):
        schema, author, own = SCHEMA_OF[at[1]], authors[at], of_log[at]
        targets = [Relation(of_schema[PLACE_ID][n % len(of_schema[PLACE_ID])].hex()) for n in leads]
        same = [Relation(of_schema[schema][n % len(of_schema[schema])].hex()) for n in leads]
        fields: dict[str, Any] = {"name": f"{number}"}
        if schema == EVENT_ID:
            fields["places"] = Field("relation[]", tuple(targets))
        relation = ("like" if like else "part_of") if schema == EVENT_ID else "within"
        if same:
            fields[relation] = same[0]
        elif like and own and action == "update":
            fields[relation] = Field("relation[]", ())
        if action == "create" or not own:
            signed, payload = author.create(schema, **fields)
            own.append(signed.hash)
            of_schema[schema].append(signed.hash)
            said = ("create", signed.hash, fields)
        elif action == "update":
            signed, payload = author.update(own[which % len(own)], schema, **fields)
            said = ("update", own[which % len(own)], fields)
        else:
            said = ("delete", own.pop(which % len(own)), {})
            signed, payload = author.delete(said[1], schema)
        written.entries[at].append((signed, payload))
        written.said[at].append(said)
    return written


def model(written: Written, held: dict[tuple[int, int], int]) -> dict[bytes, dict[str, Any]]:
    """What should be shown of the first so many entries of each log, told from the end."""
    standing: dict[bytes, tuple[str, dict[str, Any]]] = {}
    deleted = set()
    for at, count in held.items():
        for action, about, fields in written.said[at][:count]:
            if action == "delete":
                deleted.add(about)
                del standing[about]
            else:
                standing[about] = (SCHEMA_OF[at[1]], {**standing.get(about, ("", {}))[1], **fields})

    def leads(about: bytes) -> Iterator[bytes]:
        schema, fields = standing[about]
        for name in CASCADING[schema]:
            value = fields.get(name)
            for target in value.value if isinstance(value, Field) else (value,) if value else ():
                yield bytes.fromhex(target)

    def doomed(about: bytes) -> bool:
        seen, left = {about}, [about]
        while left:
            for target in leads(left.pop()):
                if target in deleted:
                    return True
                if target in standing and target not in seen:
                    seen.add(target)
                    left.append(target)
        return False

    return {
        about: {
            name: list(v.value) if isinstance(v, Field) else v
            for name, v in fields.items()
            if not isinstance(v, Field) or v.value
        }
        for about, (_, fields) in standing.items()
        if not doomed(about)
    }


def everything(built: Built) -> list[list[Any]]:
    """The views, and what cascades."""
    tables = [sorted(built.store.sqlite.execute(f"SELECT * FROM {name}")) for name in ("cascades", "hidden")]
    return [built.rows(PLACE_ID), built.rows(EVENT_ID), *tables]


@examples(1.5)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_what_cascades_does_not_depend_on_what_came_first(seed: int, count: int) -> None:
    """Logs come in any order, and only in part; the views are begun anywhere between, and built meanwhile."""
    chance = Random(seed)
    written = write(steps_of(chance, count))
    order = [at for at in LOGS for _ in written.entries[at]]
    chance.shuffle(order)
    order = order[: len(order) - chance.randrange(4)]
    begun = {schema: chance.randint(0, len(order)) for schema in SCHEMAS}
    held = dict.fromkeys(LOGS, 0)
    built = Built()

    async def deliver() -> None:
        adding = []
        for number in range(len(order) + 1):
            adding += [
                asyncio.create_task(built.node.views.add(SCHEMAS[schema]))
                for schema, at in begun.items()
                if at == number
            ]
            if number < len(order):
                at = order[number]
                await built.publish(written.entries[at][held[at]])
                held[at] += 1
        await asyncio.gather(*adding)

    with slices_of(2):
        run(deliver())
    found = [*run(built.query(PLACE_ID)), *run(built.query(EVENT_ID))]
    for one in found:
        one.pop("_meta")
    assert {bytes.fromhex(one.pop("id")): one for one in found} == model(written, held)
    before = everything(built)
    for schema in SCHEMAS:
        run(built.node.views.drop(schema))
    assert [
        sorted(built.store.sqlite.execute(f"SELECT * FROM {name}")) for name in ("cascades", "hidden")
    ] == [[], []]
    for schema in reversed(SCHEMAS.values()):
        run(built.node.views.add(schema))
    assert everything(built) == before
    built.store.close()


def test_a_long_chain_is_hidden_and_comes_back(built: Built) -> None:
    """2,000 deep: nothing here recurses in Python. Also old clients are not given what is hidden."""
    author = Author()
    run(built.node.views.add(PLACE))
    first = author.create(PLACE_ID, name="0")
    entries = [first]
    for n in range(1, 2000):
        entries.append(author.create(PLACE_ID, name=f"{n}", within=Relation(entries[-1][0].hash.hex())))
    run(built.publish(*entries))
    assert len(run(built.query(PLACE_ID, limit=5000))) == 2000
    run(built.publish(author.delete(first[0].hash, PLACE_ID)))
    assert run(built.query(PLACE_ID)) == []
    late = author.create(PLACE_ID, name="late", within=Relation(entries[1000][0].hash.hex()))
    run(built.publish(late))
    assert run(built.query(PLACE_ID)) == []
    hidden = run(built.node.query_entries(PLACE_ID))["entries"]
    assert hidden == []
    elsewhere = author.create(PLACE_ID, name="elsewhere")
    moved = author.update(entries[1000][0].hash, PLACE_ID, within=Relation(elsewhere[0].hash.hex()))
    run(built.publish(elsewhere, moved))
    names = {one["name"] for one in run(built.query(PLACE_ID, limit=5000))}
    assert names == {"elsewhere", "late", *(f"{n}" for n in range(1000, 2000))}


def test_schemas_without_a_view_stay_as_they_are(built: Built) -> None:
    author = Author()
    run(built.node.views.add(TALK))
    created = author.create(SCHEMA, anything="goes")
    run(built.publish(created, author.update(created[0].hash, SCHEMA, more=1)))
    with pytest.raises(SchemaNotDefined):
        run(built.query(SCHEMA, order_by=["unknown"]))
    client = Client(InProcess(built.node.dispatcher()), verifier=CryptographyVerifier())
    (found,) = run(client.query(SCHEMA, order_by=["unknown"]))
    assert (found["anything"], found["more"]) == ("goes", 1)


VISIT = Schema(
    "visit",
    "Who goes where",
    (
        FieldDefinition("name", "varchar"),
        FieldDefinition("at", "relation", schema=PLACE_ID, cascade=True, optional=True),
    ),
    digest(b"the definition of a visit").hex(),
)
VISIT_ID = VISIT.id or ""


@pytest.mark.parametrize("earlier", [False, True])
def test_a_view_that_is_dropped_hides_nobody_any_more(built: Built, earlier: bool) -> None:
    """Also one that an earlier version made, which is not opened any more."""
    places, visits = Author(1, log_id=3), Author(2, log_id=5)
    for schema in (PLACE, VISIT):
        run(built.node.views.add(schema))
    gone = places.create(PLACE_ID, name="gone")
    inside = places.create(PLACE_ID, name="in it", within=Relation(gone[0].hash.hex()))
    run(built.publish(gone, inside, visits.create(VISIT_ID, name="V", at=Relation(inside[0].hash.hex()))))
    run(built.publish(places.delete(gone[0].hash, PLACE_ID)))
    assert run(built.query(VISIT_ID)) == []
    if earlier:
        make_earlier(built)
    run(built.node.views.drop(PLACE_ID))
    run(built.node.views.add(VISIT))
    assert [found["name"] for found in run(built.query(VISIT_ID))] == ["V"]


def test_a_view_that_is_built_hides_nobody_in_between(built: Built) -> None:
    """An instance leads where its updates say, also while they are not replayed yet."""
    places, visits = Author(1, log_id=3), Author(2, log_id=5)
    for schema in (PLACE, VISIT):
        run(built.node.views.add(schema))
    gone, kept = (places.create(PLACE_ID, name=name) for name in ("gone", "kept"))
    moved = places.create(PLACE_ID, name="moved", within=Relation(gone[0].hash.hex()))
    move = places.update(moved[0].hash, PLACE_ID, within=Relation(kept[0].hash.hex()))
    visit = visits.create(VISIT_ID, name="V", at=Relation(moved[0].hash.hex()))
    run(built.publish(gone, kept, moved, move, visit, places.delete(gone[0].hash, PLACE_ID)))
    run(built.node.views.drop(PLACE_ID))
    seen = []

    async def work() -> None:
        with slices_of(1):
            building = asyncio.create_task(built.node.views.add(PLACE))
            while not building.done():
                await asyncio.sleep(0)
                seen.append(len(await built.query(VISIT_ID)))
            await building

    run(work())
    assert set(seen) == {1}
    assert len(seen) > 4
