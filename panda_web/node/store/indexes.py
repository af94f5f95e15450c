"""Which indexes queries would use, and what they have cost without.

A view's table begins with the indexes of its ties and of its logs. Each more is kept up by every publish, so
it is there for what is asked: the fields that are compared for equality, then those that are ordered by, then
the id. What a query reads beyond what it gives is added up; once it is as much as making the index takes, the
index is made (`node.indexing`). So nobody has an index made without having read as much before.

All that is remembered here is in memory. Which indexes there are, the database says.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from panda_web.node.store.database import Database
from panda_web.query import Among, Compare, Every, Filter, Key, Some

BEGUN_WITH: Final = {"all": "id", "log": "log, id"}
"""The indexes of each view, among the rows that are shown: each in the order that breaks ties."""

MOST_INDEXES = 8
"""Indexes of a view that queries caused. One more takes the place of the one that was used least."""

MOST_OF_ALL = 200
"""Such indexes of all views together, likewise: whenever one comes, every connection reads anew which tables
and indexes there are."""

MOST_ROWS = 2_000_000
"""Rows of a view for which one is made. Publishes wait meanwhile, a second or two for each million."""

MOST_FIELDS = 8
"""Fields in an index."""

STEPS_A_ROW = 20
"""Steps of SQLite's machine that making an index takes, about, for each row of the view."""

STEPS_AT_LEAST = 2_000
STEPS_GIVEN = 100
"""What a query may read: so many steps, and so many for each row that it gives."""

MOST_REMEMBERED = 200
"""Shapes of queries whose costs are remembered, and four times as many indexes that were of use."""

Terms = tuple[tuple[str, bool], ...]
"""The columns of an index, in order, and True for descending ones; the id follows."""

Wanted = tuple[Terms, ...]
"""Indexes that a query can use, the best first."""

ColumnOf = Callable[[str], str | None]
"""Field name to the column that it is compared by; None where an index cannot hold it."""


def wanted(filter: Filter, order: Sequence[Key], column_of: ColumnOf) -> Wanted:
    """The indexes for a filter and an order.

    First one that finds what is equal, in order; then those for other comparisons, and for what stands in
    alternatives.
    """
    equal, others, alternatives = _compared(filter, column_of)
    terms = dict.fromkeys(sorted(equal)[:MOST_FIELDS], False)
    keys: dict[str, bool] = {}
    for key in order:
        column = column_of(key.name)
        if column is None:
            break
        if column not in terms:
            keys.setdefault(column, key.descending)
    found = [{**terms, **keys}]
    found += [{**terms, column: False} for column in sorted(others - terms.keys())]
    found += [{column: False} for column in sorted(alternatives)]
    return tuple(dict.fromkeys(tuple(each.items())[:MOST_FIELDS] for each in found if each))


def _compared(filter: Filter, column_of: ColumnOf) -> tuple[set[str], set[str], set[str]]:
    """The columns that must be equal to something, that must pass another comparison, and that may."""
    equal: set[str] = set()
    others: set[str] = set()
    alternatives: set[str] = set()
    for leaf, must in _leaves(filter, must=True):
        column = column_of(leaf.name)
        if column is None or (isinstance(leaf, Compare) and leaf.operator == "contains"):
            continue
        is_equal = isinstance(leaf, Compare) and leaf.operator == "eq"
        (alternatives if not must else equal if is_equal else others).add(column)
    return equal, others, alternatives


def _leaves(filter: Filter, *, must: bool) -> Iterator[tuple[Compare | Among, bool]]:
    """The comparisons that an index can find, and whether they must hold. What is negated it cannot find."""
    match filter:
        case Every(parts):
            for part in parts:
                yield from _leaves(part, must=must)
        case Some(parts):
            for part in parts:
                yield from _leaves(part, must=must and len(parts) == 1)
        case Compare() | Among():
            yield filter, must


@dataclass(frozen=True, slots=True)
class Shape:
    """What queries of a view have in common that could use the same indexes.

    Attributes:
        table: the view's.
        wanted: these indexes.
    """

    table: str
    wanted: Wanted


class Uses:
    """What was asked, and what it cost. May be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cost: dict[Shape, int] = {}
        self._dear: set[Shape] = set()
        self._used: Counter[tuple[str, Terms]] = Counter()

    def note(self, shape: Shape, steps: int, given: int) -> None:
        """A query of this shape took so many steps of SQLite's machine, and gave so many rows."""
        wasted = steps - STEPS_AT_LEAST - STEPS_GIVEN * given
        with self._lock:
            for terms in shape.wanted:
                self._used[shape.table, terms] += 1
            if len(self._used) > 4 * MOST_REMEMBERED:
                self._fade()
            if wasted > 0:
                self._cost[shape] = self._cost.get(shape, 0) + wasted
                if len(self._cost) > MOST_REMEMBERED:
                    del self._cost[min(self._cost, key=self._cost.__getitem__)]
                self._dear = (self._dear | {shape}) & self._cost.keys()

    def _fade(self) -> None:
        """What was used once is forgotten, what was used often counts half."""
        self._used = Counter({each: count // 2 for each, count in self._used.items() if count > 1})

    def dear(self) -> list[tuple[Shape, int]]:
        """Shapes that cost more since this was asked last, with all that they cost, the dearest first."""
        if not self._dear:
            return []
        with self._lock:
            dear, self._dear = self._dear, set()
            found = [(shape, self._cost[shape]) for shape in dear]
        return sorted(found, key=lambda each: each[1], reverse=True)

    def forget(self, shape: Shape) -> None:
        """What queries of this shape cost counts no more."""
        with self._lock:
            self._cost.pop(shape, None)
            self._dear.discard(shape)

    def how_often(self, table: str, terms: Terms) -> int:
        """How often an index of a view was of use lately, or would have been."""
        return self._used[table, terms]

    def made(self) -> None:
        """An index was made: what was before counts half from now on."""
        with self._lock:
            self._fade()


@dataclass(frozen=True, slots=True)
class Lacking:
    """An index that queries of a view would use.

    Attributes:
        table: the view's.
        terms: what it is of.
    """

    table: str
    terms: Terms

    def statement(self) -> str:
        """Makes it among the rows that are shown, each value in the order that breaks ties."""
        columns = ", ".join(f"{column} DESC" if descending else column for column, descending in self.terms)
        return (
            f"CREATE INDEX IF NOT EXISTS {_name(self.table, self.terms)} ON {self.table} ({columns}, id)"
            " WHERE hidden = 0"
        )


class Indexes:
    """The indexes that queries caused.

    Args:
        database: where they are.

    Attributes:
        uses: is told what is asked.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
        self.uses = Uses()

    def lacking(self) -> Lacking | None:
        """An index for queries that have cost as much by now as it takes to make it. Raises StoreFailed."""
        for shape, cost in self.uses.dear():
            with self._db.snapshot():
                if not self._is_there(shape.table):
                    self.uses.forget(shape)
                    continue
                (last,) = self._db.one(f"SELECT max(rowid) FROM {shape.table}")
                made = {terms for table, terms in self._made() if table == shape.table}
            if (last or 0) > MOST_ROWS:
                self.uses.forget(shape)
            elif cost >= STEPS_A_ROW * (last or 0):
                self.uses.forget(shape)
                for terms in shape.wanted:
                    if terms not in made:
                        return Lacking(shape.table, terms)
        return None

    def add(self, lacking: Lacking) -> None:
        """Adds an index as its group ends; where there are too many, those of least use go before."""
        if not self._is_there(lacking.table):
            return  # the view was dropped meanwhile
        made = sorted(self._made(), key=lambda each: self.uses.how_often(*each))
        of_view = [each for each in made if each[0] == lacking.table]
        going = dict.fromkeys(of_view[: max(0, len(of_view) + 1 - MOST_INDEXES)])
        staying = [each for each in made if each not in going]
        going |= dict.fromkeys(staying[: max(0, len(staying) + 1 - MOST_OF_ALL)])
        for each in going:
            self._db.execute_later(f"DROP INDEX IF EXISTS {_name(*each)}")
        self._db.execute_later(lacking.statement())
        self.uses.made()

    def _is_there(self, table: str) -> bool:
        return self._db.one("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)) is not None

    def _made(self) -> list[tuple[str, Terms]]:
        """Those that there are, each with its view's table; an earlier version made one for each field."""
        rows = self._db.rows(
            "SELECT tbl_name, substr(name, length(tbl_name) + 2) FROM sqlite_master"
            " WHERE type = 'index' AND name GLOB 'view_[0-9]*'"
        )
        return [(table, _terms(name)) for table, name in rows if name not in BEGUN_WITH]


def _name(table: str, terms: Terms) -> str:
    """What an index is called: it says all that the index is."""
    return "_".join((table, *(f"{column}d" if descending else column for column, descending in terms)))


def _terms(name: str) -> Terms:
    """What an index is of that has this name behind that of its table."""
    return tuple((part.removesuffix("d"), part.endswith("d")) for part in name.split("_"))
