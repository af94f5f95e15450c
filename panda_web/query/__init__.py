"""What a query means, once: for the node's SQL, the client's check, and whoever evaluates it on instances.

    reading     from JSON: each part held to its rules
    tree        the parts: filter, order, limit, cursor
    typing      what a schema says of it: which names there are, and how their values are compared
    matching    whether an instance is meant, what it is ordered by, and the page that a query asks for

The SQL of it is in `node.store.compiling`, and gives the same instances in the same order.
"""

from panda_web.query.errors import FilterTooLarge, NotARelation, OperatorNotForType, QueryMalformed
from panda_web.query.matching import Queried, alike, beginning, is_behind, matcher, matches, page, place
from panda_web.query.reading import read_cursor, read_filter, read_query, write_cursor
from panda_web.query.tree import (
    EVERYTHING,
    Among,
    By,
    Compare,
    Cursor,
    Every,
    Exists,
    Filter,
    Key,
    Not,
    Query,
    Scalar,
    Some,
)
from panda_web.query.typing import compared_by, relation, typed, untyped

__all__ = [
    "EVERYTHING",
    "Among",
    "By",
    "Compare",
    "Cursor",
    "Every",
    "Exists",
    "Filter",
    "FilterTooLarge",
    "Key",
    "Not",
    "NotARelation",
    "OperatorNotForType",
    "Queried",
    "Query",
    "QueryMalformed",
    "Scalar",
    "Some",
    "alike",
    "beginning",
    "compared_by",
    "is_behind",
    "matcher",
    "matches",
    "page",
    "place",
    "read_cursor",
    "read_filter",
    "read_query",
    "relation",
    "typed",
    "untyped",
    "write_cursor",
]
