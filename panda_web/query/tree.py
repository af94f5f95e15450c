"""The parts of a query.

A filter is a tree: comparisons, and what joins them. It has two values: a comparison with what is missing is
false, and `Not` makes true of it. Another comparison, or another way to join, is added here, in
`query.reading`, in `query.typing`, in `query.matching` and in `node.store.compiling`, once each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

from panda_web.messages import Field

Scalar = str | int | float | None
"""What instances are ordered by; None where the field is missing."""

Operator = Literal["eq", "lt", "lte", "gt", "gte", "contains", "startsWith"]


class By(Enum):
    """What of a value is compared.

    Attributes:
        WHOLE: all of it.
        BEGINNING: of a text what `query.matching.beginning` gives, of a list its JSON, likewise. For orders
            only.
        INSTANT: the moment that a timestamp means.
        EITHER: all of it, or where both values are timestamps their moments: for who does not know the schema
            and must pass whatever one who knows it passes.
        BOTH: all of it, and where both values are timestamps their moments too: the same under a `Not`.
    """

    WHOLE = auto()
    BEGINNING = auto()
    INSTANT = auto()
    EITHER = auto()
    BOTH = auto()


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison of a field with a value. A field that is missing passes none.

    Attributes:
        name: of the field; `id` and `author` are the instance's.
        value: a text or a relation, a number, a boolean, or a list.
        by: what is compared.
        operator: how. `eq`: equal, of a like type. `lt`, `lte`, `gt`, `gte`: numbers, texts by code point,
            moments. `contains`: a part of a text, or a member of a list. `startsWith`: how a text begins.
    """

    name: str
    value: Field
    by: By = By.WHOLE
    operator: Operator = "eq"


@dataclass(frozen=True, slots=True)
class Among:
    """A field that equals one of these values; of a list a member does.

    Attributes:
        name: of the field; `id` and `author` are the instance's.
        values: no lists.
        by: what is compared.
    """

    name: str
    values: tuple[Field, ...]
    by: By = By.WHOLE


@dataclass(frozen=True, slots=True)
class Exists:
    """A field that is not missing."""

    name: str


@dataclass(frozen=True, slots=True)
class Every:
    """All of its parts must hold; without any it always holds."""

    parts: tuple["Filter", ...] = ()


@dataclass(frozen=True, slots=True)
class Some:
    """One of its parts must hold, or several; without any it never holds."""

    parts: tuple["Filter", ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """Its part must not hold."""

    part: "Filter"


Leaf = Compare | Among | Exists
Filter = Leaf | Every | Some | Not
EVERYTHING = Every()


@dataclass(frozen=True, slots=True)
class Key:
    """What instances are ordered by.

    Attributes:
        name: of the field. Where it is missing the instance comes first.
        descending: the other way round, missing ones last.
        by: what is compared.
    """

    name: str
    descending: bool = False
    by: By = By.BEGINNING


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in an order.

    Attributes:
        values: what the instance there is ordered by, a value for each key.
        id: of that instance, 132 hex digits.
    """

    values: tuple[Scalar, ...]
    id: str


@dataclass(frozen=True, slots=True)
class Query:
    """Some of the instances of a schema, in order.

    Attributes:
        schema: its id, 132 hex digits, or a name that a node knows it by.
        filter: which instances.
        order: what they are ordered by, the most significant first; the id is the last tie-break.
        limit: how many at most.
        after: the place to go on behind.
        select: the fields that are given; None for all.
        include: along which relations instances that others lead to are given too, name after name.
    """

    schema: str
    filter: Filter = EVERYTHING
    order: Sequence[Key] = ()
    limit: int = 100
    after: Cursor | None = None
    select: frozenset[str] | None = None
    include: Sequence[tuple[str, ...]] = ()
