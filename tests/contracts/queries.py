"""Random queries on random data: a node's SQL and `query.matching` give the same pages. Runs in Pyodide too."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from panda_web.bamboo import digest
from panda_web.client import Answer, Client, Instance
from panda_web.messages import Field, Relation
from panda_web.messages.schema import FieldDefinition, Schema
from panda_web.query import Query, matcher, page, read_query, typed, untyped, write_cursor

EACH_TYPE = Schema(
    "each",
    "A field of each type",
    tuple(
        FieldDefinition(name, kind, optional=True, schema="self" if kind.startswith("relation") else None)
        for name, kind in {
            "short": "varchar", "long": "text", "n": "integer", "x": "float", "yes": "boolean",
            "when": "timestamp", "to": "relation", "words": "varchar[]", "ns": "integer[]", "xs": "float[]",
            "whens": "timestamp[]", "all": "relation[]",
        }.items()
    ),
)  # fmt: skip

# Few values, close to each other, so that they meet: NUL, the edges of surrogates, what is beyond them.
TEXTS = ("", "a", "a\0", "a\0b", "ab", "B", "ä", "\U0001f43c", "\uffff", "\ud7ff", "\ue000", "\U0010ffff")
TEXTS += ("a\U0010ffff", "1", '", "', "\\", "x" * 254 + "yz")
WHENS = (
    "2026-11-23T02:14:03Z", "2026-11-23T03:14:03+01:00", "2026-11-23T02:14:03.50z", "2026-11-23T00:00:00Z",
    "2016-12-31T23:59:60Z", "2020-05-31T22:51:04+0000", "2020-05-31T20:51:04-02:00",
)  # fmt: skip
INTS = (0, 1, -1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63))
FLOATS = (0.0, -0.0, 1.0, 0.5, 0.1, 9007199254740992.0, -1e300, 5e-324, 9.3e18)
TARGETS = tuple(digest(b"%d" % n).hex() for n in range(3))
OF_BASE: Mapping[str, Sequence[Any]] = {
    "varchar": [text[:255] for text in TEXTS], "text": [text * 2 for text in TEXTS], "integer": INTS,
    "float": FLOATS, "boolean": (False, True), "timestamp": WHENS,
    "relation": [Relation(each) for each in TARGETS],
}  # fmt: skip
ASKED: Mapping[str, Sequence[Any]] = {
    **OF_BASE,
    "text": TEXTS,
    "integer": INTS + FLOATS,
    "float": INTS + FLOATS,
    "timestamp": (*WHENS, "2026-11-23"),
    "relation": TARGETS,
}
EVERYWHERE = ("eq", "ne", "in", "notIn", "exists")
ORDERED = ("lt", "lte", "gt", "gte")
RELATIONS = ("to", "all")
PATHS = (*RELATIONS, "to.to", "to.all", "all.to", "all.all.to")
Beside = Mapping[str, Any]
OPERATORS: Mapping[str, Sequence[str]] = {
    "varchar": (*EVERYWHERE, *ORDERED, "contains", "startsWith"),
    "text": (*EVERYWHERE, *ORDERED, "contains", "startsWith"),
    "integer": (*EVERYWHERE, *ORDERED),
    "float": (*EVERYWHERE, *ORDERED),
    "timestamp": (*EVERYWHERE, *ORDERED),
    "boolean": EVERYWHERE,
    "relation": EVERYWHERE,
}


@dataclass(frozen=True)
class Row:
    """An instance, as far as queries ask for it."""

    id: str
    author: str
    fields: Mapping[str, Field]


def fields(draw: Random) -> dict[str, Field]:
    """Some fields of an instance, one at least."""
    found = {}
    for each in draw.sample(EACH_TYPE.fields, draw.randint(1, len(EACH_TYPE.fields))):
        values = OF_BASE[each.base]
        value = tuple(draw.choices(values, k=draw.randint(1, 3))) if each.is_array else draw.choice(values)
        found[each.name] = Field(each.message_type, value)
    return found


def wanted(draw: Random, rows: Sequence[Row], depth: int = 2) -> dict[str, Any]:
    """A filter, mostly of what some row has."""
    found: dict[str, Any] = {}
    for _ in range(draw.choice((0, 1, 1, 1, 2))):
        found |= _comparison(draw, rows)
    join = draw.choice(("and", "or", "not", None, None)) if depth else None
    if join == "not":
        found["not"] = wanted(draw, rows, depth - 1)
    elif join is not None:
        found[join] = [wanted(draw, rows, depth - 1) for _ in range(draw.randint(0, 3))]
    return found


def _comparison(draw: Random, rows: Sequence[Row]) -> dict[str, Any]:
    if draw.random() < 0.1:
        name: str = draw.choice(("id", "author"))
        ids = sorted({getattr(row, name) for row in rows}) or ["00" * 32 if name == "author" else TARGETS[0]]
        operator = draw.choice(EVERYWHERE)
        return {name: {operator: _operand(draw, operator, lambda: draw.choice(ids))}}
    each = draw.choice(EACH_TYPE.fields)
    held = [row.fields[each.name].value for row in rows if each.name in row.fields]

    def value() -> Any:
        if held and draw.random() < 0.6:
            one = draw.choice(held)
            return draw.choice(one) if isinstance(one, tuple) else one
        return draw.choice(ASKED[each.base])

    def comparison() -> dict[str, Any]:
        if not each.is_array:
            operator = draw.choice(OPERATORS[each.base])
            is_text = each.base in ("varchar", "text")
            return {operator: _operand(draw, operator, value, is_text=is_text)}
        operator = draw.choice((*EVERYWHERE, "contains"))
        if operator in ("eq", "ne"):
            whole = draw.choice(held) if held and draw.random() < 0.8 else (draw.choice(OF_BASE[each.base]),)
            return {operator: list(whole)}
        return {operator: _operand(draw, operator, value)}

    first = comparison()
    if "eq" in first and draw.random() < 0.5:
        return {each.name: first["eq"]}
    return {each.name: first | comparison() if draw.random() < 0.2 else first}


def _operand(draw: Random, operator: str, value: Callable[[], Any], *, is_text: bool = False) -> Any:
    if operator == "exists":
        return draw.random() < 0.5
    if operator in ("in", "notIn"):
        return [value() for _ in range(draw.choice((0, 1, 2, 5)))]
    found = value()
    if is_text and operator in ("contains", "startsWith") and draw.random() < 0.5:
        begin = draw.randint(0, len(found)) if operator == "contains" else 0
        found = found[begin : begin + draw.randint(0, 3)]
    return found


def orders(draw: Random) -> list[str]:
    """Names to order by."""
    names = draw.sample([each.name for each in EACH_TYPE.fields], draw.choice((0, 1, 1, 2, 3)))
    return [draw.choice(("", "-")) + name for name in names] + draw.choice(([], [], ["id"]))


class Table:
    """What is held of a schema, as a model of it.

    Args:
        schema: it.
        writers: who write.

    Attributes:
        rows: those that are not deleted.
    """

    def __init__(self, schema: Schema, writers: Sequence[Client]) -> None:
        self.schema = schema
        self._id = str(schema.id)
        self._writers = {str(writer.author): writer for writer in writers}
        self.rows: list[Row] = []

    def _fields(self, draw: Random) -> dict[str, Field]:
        """Some, of which relations lead to what is there as often as not."""
        found = fields(draw)
        for name, field in found.items():
            if name in RELATIONS and self.rows and draw.random() < 0.6:
                some = tuple(Relation(row.id) for row in draw.choices(self.rows, k=draw.randint(1, 3)))
                found[name] = Field(field.type, some if name == "all" else some[0])
        return found

    async def fill(self, draw: Random, count: int) -> None:
        """Writes some rows, each writer as many at once, twice: the later ones may lead to the earlier ones."""
        for author, writer in [*self._writers.items()] * 2:
            contents = [self._fields(draw) for _ in range(count)]
            written = await writer.create_many(self._id, contents)
            assert [each.error for each in written] == [None] * count
            self.rows += [Row(one.id, author, each) for one, each in zip(written, contents, strict=True)]

    async def write(self, draw: Random) -> None:
        """Writes, changes or deletes one row."""
        what = draw.choice(("create", "change", "delete")) if self.rows else "create"
        new = self._fields(draw)
        if what == "create":
            author = draw.choice([*self._writers])
            made = await self._writers[author].create(self._id, new)
            self.rows.append(Row(made.id, author, new))
        else:
            row = self.rows.pop(draw.randrange(len(self.rows)))
            writer = self._writers[row.author]
            if what == "delete":
                made = await writer.delete(self._id, row.id)
            else:
                made = await writer.update(self._id, row.id, new)
                self.rows.append(replace(row, fields={**row.fields, **new}))
        assert made.error is None

    def led_to(self, row: Row, paths: Sequence[str]) -> Beside:
        """What a row leads to along these paths: by name of the relation the ids, with what they lead to in turn."""
        held = {each.id: each for each in self.rows}
        found: dict[str, Any] = {}
        for name in {path.partition(".")[0] for path in paths}:
            rests = [path.partition(".")[2] for path in paths if path.startswith(f"{name}.")]
            value: Any = row.fields[name].value if name in row.fields else None
            each = [
                (str(target), self.led_to(held[str(target)], rests))
                for target in (value if isinstance(value, tuple) else (value,))
                if str(target) in held
            ]
            many = name == "all" and value is not None
            found[name] = each if many else each[0] if each else None
        return found


def _included(instance: Instance) -> Beside:
    """The same of an instance that came."""

    def one(each: Instance) -> Any:
        return each.id, _included(each)

    return {
        name: [one(each) for each in found] if isinstance(found, list) else one(found) if found else None
        for name, found in instance.included.items()
    }


@dataclass(frozen=True)
class Asked:
    """A random query, as it goes to a client."""

    filter: Mapping[str, Any]
    order_by: Sequence[str]
    limit: int
    select: Sequence[str] | None
    include: Sequence[str]


def asked(draw: Random, rows: Sequence[Row]) -> Asked:
    """One query: of three, one comes page by page."""
    names = [each.name for each in EACH_TYPE.fields]
    return Asked(
        wanted(draw, rows),
        orders(draw),
        draw.choice((draw.randint(1, 4), 1000, 1000)),
        draw.sample(names, draw.randint(1, 4)) if draw.random() < 0.3 else None,
        draw.sample(PATHS, draw.randint(1, 3)) if draw.random() < 0.3 else (),
    )


async def give_the_same_pages(clients: Sequence[Client], table: Table, draw: Random, queries: int) -> None:
    """Asks through these clients; of each one, the pages are those that Python makes of the instances.

    Between two pages somebody may write: the next one is that of what is held then.
    """
    for _ in range(queries):
        which = asked(draw, table.rows)
        panda = draw.choice(clients)
        if draw.random() < 0.2:
            passing = page(table.rows, _query(which, table, None, 1000))
            assert await panda.count(str(table.schema.id), filter=which.filter) == len(passing), which
        after: str | None = None
        while True:
            there = await panda.query(
                str(table.schema.id),
                filter=which.filter,
                order_by=which.order_by,
                limit=which.limit,
                after=after,
                select=which.select,
                include=which.include,
            )
            _is_as_modelled(there, which, table, after)
            if len(there) < which.limit:
                break
            after = there.after
            if draw.random() < 0.3:
                await table.write(draw)


def _query(which: Asked, table: Table, after: str | None, limit: int) -> Query:
    asked_for = read_query(str(table.schema.id), which.filter, which.order_by, limit, after)
    return typed(asked_for, table.schema)


def _is_as_modelled(there: Answer, which: Asked, table: Table, after: str | None) -> None:
    assert not there.rejected, (which, there.rejected)
    query = _query(which, table, after, which.limit)
    lenient = matcher(untyped(read_query(str(table.schema.id), which.filter, (), 1, None).filter))
    here = page(table.rows, query)
    assert [(row.id, write_cursor(at)) for row, at in here] == [(each.id, each.cursor) for each in there], (
        which,
        after,
    )
    for (row, _), each in zip(here, there, strict=True):
        assert lenient(row), f"who does not know the schema lets it pass: {which.filter}"
        some = row.fields if which.select is None else {*which.select} & row.fields.keys()
        assert {name: row.fields[name] for name in some} == each.fields, (which, after)
        assert table.led_to(row, which.include) == _included(each), (which, after)
