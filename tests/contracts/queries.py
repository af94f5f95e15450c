"""Random queries on random data: a node's SQL and `query.matching` give the same pages. Runs in Pyodide too."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from panda_web.bamboo import digest
from panda_web.client import Client
from panda_web.messages import Field, Relation
from panda_web.messages.schema import FieldDefinition, Schema
from panda_web.query import matches, page, read_query, typed, untyped, write_cursor

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


async def publish(writer: Client, schema: Schema, draw: Random, count: int) -> list[Row]:
    """Publishes some instances."""
    contents = [fields(draw) for _ in range(count)]
    written = await writer.create_many(str(schema.id), contents)
    assert [each.error for each in written] == [None] * count
    author = str(writer.author)
    return [Row(one.id, author, each) for one, each in zip(written, contents, strict=True)]


async def give_the_same_pages(
    clients: Sequence[Client], schema: Schema, rows: Sequence[Row], draw: Random, queries: int
) -> None:
    """Asks through these clients; of each one, the pages are those that Python makes of the instances."""
    for _ in range(queries):
        asked_for, order, limit = wanted(draw, rows), orders(draw), draw.randint(1, 4)
        asked = typed(read_query(str(schema.id), asked_for, order, limit, None), schema)
        lenient = untyped(read_query(str(schema.id), asked_for, order, limit, None).filter)
        for row in rows:
            if matches(asked.filter, row):
                assert matches(lenient, row), f"who does not know the schema lets it pass: {asked_for}"
        panda = draw.choice(clients)
        everything = replace(asked, limit=len(rows))
        assert await panda.count(str(schema.id), filter=asked_for) == len(page(rows, everything)), asked_for
        after = None
        while True:
            there = await panda.query(
                str(schema.id), filter=asked_for, order_by=order, limit=limit, after=after
            )
            assert not there.rejected, (asked_for, order, there.rejected)
            query = typed(read_query(str(schema.id), asked_for, order, limit, after), schema)
            here = [(row.id, write_cursor(place)) for row, place in page(rows, query)]
            assert here == [(each.id, each.cursor) for each in there], json.dumps(
                [asked_for, order, limit, after]
            )
            if not there:
                break
            after = there.after
