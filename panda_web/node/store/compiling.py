"""A query as SQL, with the meaning that `panda_web.query` gives it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from panda_web.messages import Field
from panda_web.messages.schema import instant
from panda_web.node.store.functions import HAS, HAS_MOMENT, PART
from panda_web.query import (
    EVERYTHING,
    Among,
    By,
    Compare,
    Cursor,
    Every,
    Exists,
    Filter,
    Not,
    Query,
    Scalar,
    Some,
    alike,
)
from panda_web.query.matching import ORDERED
from panda_web.query.tree import Leaf, Operator
from panda_web.rpc.types import Json


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """One instance.

    Attributes:
        id: the hash of its create.
        author: 32 bytes.
        log_id, seq_num: where the last entry about it stands.
        last_entry: that entry's hash.
        edited: whether an update came after the create.
        deleted: whether a delete ended it.
        order: the values that it was ordered by.
    """

    id: bytes
    author: bytes
    log_key: int
    log_id: int
    seq_num: int
    last_entry: bytes
    edited: bool
    deleted: bool
    order: tuple[Scalar, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """How a table holds a field.

    Attributes:
        type: as messages carry it.
        by: the SQL of what it is compared by.
        ordered: the SQL of what it is ordered by.
        value: from a field's value to what is compared with it.
    """

    type: str
    by: str
    ordered: str
    value: Callable[[Field], object]


Columns = Callable[[str], Compared | None]
"""Field name to how it is held; None for what is missing in all rows."""

Terms = Sequence[tuple[str, bool]]
"""What is ordered by: an SQL expression, and True for descending."""

_OPERATORS: Final[Mapping[Operator, str]] = {"eq": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_LAST = chr(0x10FFFF)


def compile_query(query: Query, table: str, columns: Columns) -> tuple[str, tuple[object, ...]]:
    """A statement and its values, for the rows of a view's table that are shown; see `instance_row`."""
    values: list[object] = []
    where = _shown(query.filter, columns, values)
    terms = [(_ordered(columns(key.name)), key.descending) for key in query.order]
    if query.after is not None:
        where.append(behind(terms, query.after, values))
    ordered = "".join(f", {term}" for term, _ in terms)
    sql = (
        "SELECT i.id, l.author, l.id, l.log_id, i.seq_num, i.last_entry, i.seq_num > i.created, 0"
        f"{ordered} FROM {table} i JOIN logs l ON l.id = i.log WHERE {' AND '.join(where)}"
        f" ORDER BY {order_by(terms)} LIMIT ?"
    )
    return sql, (*values, query.limit)


def compile_count(filter: Filter, table: str, columns: Columns) -> tuple[str, tuple[object, ...]]:
    """A statement and its values, for the number of a view's rows that are shown and pass."""
    values: list[object] = []
    where = " AND ".join(_shown(filter, columns, values))
    return f"SELECT count(*) FROM {table} i JOIN logs l ON l.id = i.log WHERE {where}", tuple(values)


def _shown(filter: Filter, columns: Columns, values: list[object]) -> list[str]:
    """The conditions for rows that are shown and pass."""
    return ["i.hidden = 0", *((_condition(filter, columns, values),) if filter != EVERYTHING else ())]


def _condition(filter: Filter, columns: Columns, values: list[object], *, negated: bool = False) -> str:
    """The condition for a filter, or for its opposite; its values are added.

    `NOT` stands at comparisons only: there it is said what becomes of NULL.
    """
    match filter:
        case Every(parts) | Some(parts):
            every = isinstance(filter, Every) != negated
            if not parts:
                return "1" if every else "0"
            terms = [_condition(part, columns, values, negated=negated) for part in parts]
            joined = (" AND " if every else " OR ").join(terms)
            return joined if every or len(terms) == 1 else f"({joined})"
        case Not(part):
            return _condition(part, columns, values, negated=not negated)
        case Compare() | Among() | Exists():
            condition = _comparison(filter, columns, values)
            return f"({condition}) IS NOT TRUE" if negated else condition


def _comparison(leaf: Leaf, columns: Columns, values: list[object]) -> str:
    """The condition for a comparison: NULL, or false, where the field is missing."""
    if leaf.name in ("id", "author"):
        return _of_ids(leaf, values)
    column = columns(leaf.name)
    if column is None:
        return "0"
    is_list = column.type.endswith("[]")
    match leaf:
        case Exists():
            return f"{column.by} IS NOT NULL"
        case Among(values=wanted, by=by):
            if is_list:
                return _has(column, wanted, by, values)
            found = [held for each in wanted if (held := alike(each, column.type)) is not None]
            values += map(column.value, found)
            return f"{column.by} IN ({_marks(found)})"
        case Compare(operator="contains", value=value, by=by) if is_list:
            return _has(column, (value,), by, values)
        case Compare(operator="contains", value=value):
            values.append(value.value)
            return f"{PART}({column.by}, ?)"
        case Compare(operator="startsWith", value=value):
            return _starts(column.by, str(value.value), values)
        case Compare(value=value, operator=operator):
            held = alike(value, column.type)
            if held is None:
                return "0"
            values.append(column.value(held))
            return f"{column.by} {_OPERATORS[operator]} ?"


def _of_ids(leaf: Leaf, values: list[object]) -> str:
    column = "i.id" if leaf.name == "id" else "l.author"
    match leaf:
        case Exists():
            return "1"
        case Among(values=wanted):
            values += [bytes.fromhex(str(each.value)) for each in wanted]
            return f"{column} IN ({_marks(wanted)})"
        case Compare(value=value, operator=operator):
            values.append(bytes.fromhex(str(value.value)))
            return f"{column} {_OPERATORS[operator]} ?"


def _has(column: Compared, wanted: Sequence[Field], by: By, values: list[object]) -> str:
    """The condition for a list with one of these members."""
    if by is By.INSTANT:
        values.append(json.dumps([instant(str(each.value)) for each in wanted]))
        return f"{HAS_MOMENT}({column.by}, ?)"
    values.append(json.dumps([each.value for each in wanted]))
    return f"{HAS}({column.by}, ?)"


def _starts(column: str, start: str, values: list[object]) -> str:
    """The condition for a text that starts so, as a range, which an index can find."""
    values.append(start)
    kept = start.rstrip(_LAST)
    if not kept:
        return f"{column} >= ?"
    last = ord(kept[-1]) + 1
    values.append(kept[:-1] + chr(0xE000 if last == 0xD800 else last))  # no text holds half a pair
    return f"{column} >= ? AND {column} < ?"


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def _ordered(column: Compared | None) -> str:
    return column.ordered if column is not None else "NULL"


def long(column: str) -> str:
    """What of a long text in a column it is ordered by, as `query.beginning` gives it.

    SQLite ends a text at a NUL here.
    """
    return f"substr({column}, 1, {ORDERED})"


def order_by(terms: Terms) -> str:
    """The ORDER BY clause's terms; the id is the last tie-break."""
    return ", ".join(f"{term} DESC" if descending else term for term, descending in (*terms, ("i.id", False)))


def behind(terms: Terms, after: Cursor, values: list[object]) -> str:
    """The condition for what comes behind a place: greater in the first term that differs."""
    last = after.values
    alternatives = []
    for position in range(len(terms) + 1):
        parts = []
        for (term, _), value in zip(terms[:position], last, strict=False):
            parts.append(f"{term} IS ?")
            values.append(value)
        if position == len(terms):
            parts.append("i.id > ?")
            values.append(bytes.fromhex(after.id))
        else:
            term, descending = terms[position]
            value = last[position]
            if value is None:  # the least of all: everything else is greater, nothing is less
                parts.append("0" if descending else f"{term} IS NOT NULL")
            else:
                parts.append(f"({term} < ? OR {term} IS NULL)" if descending else f"{term} > ?")
                values.append(value)
        alternatives.append(" AND ".join(parts))
    condition = f"({' OR '.join(alternatives)})"
    if terms and not terms[0][1] and last[0] is not None:
        # Follows from the rest; said apart, it lets SQLite begin at the cursor where there is an index.
        condition += f" AND {terms[0][0]} >= ?"
        values.append(last[0])
    return condition


def instance_row(row: tuple[Any, ...]) -> InstanceRow:
    """An instance from what the views select, what it was ordered by last."""
    instance, author, log_key, log_id, seq_num, last_entry, edited, deleted, *order = row
    return InstanceRow(
        instance, author, log_key, log_id, seq_num, last_entry, bool(edited), bool(deleted), tuple(order)
    )


def to_column(field: Field) -> object:
    """A field's value as SQLite holds it."""
    return json.dumps(field.value) if field.type.endswith("[]") else field.value


def to_json(kind: str, value: Json) -> Json:
    """What SQLite holds of a field of a type, as JSON carries it."""
    if kind.endswith("[]"):
        return json.loads(value)
    return bool(value) if kind == "bool" else value
