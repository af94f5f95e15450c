"""What SQLite is taught, because it would answer otherwise, or without an end.

SQLite's own functions end a text at a NUL, read numbers of JSON their own way, and look for a part of a text
in a time that is the product of both lengths. These give what `panda_web.query` says.
"""

import json
import sqlite3
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from panda_web.messages.schema import instant

PART: Final = "panda_part"
"""Whether a text has a part."""

HAS: Final = "panda_has"
"""Whether a list, in JSON, has one of the members of another."""

HAS_MOMENT: Final = "panda_has_moment"
"""Whether a list of timestamps has one of some moments."""


def teach(connection: sqlite3.Connection, is_over: Callable[[], bool]) -> None:
    """Teaches a connection.

    Args:
        connection: that reads.
        is_over: whether the reading has to end: a row may hold MiB.
    """

    def held(value: Any) -> Any:
        if is_over():
            raise TimeoutError
        return value

    def part(text: str | None, wanted: str) -> bool | None:
        return None if text is None else wanted in held(text)

    def has(listed: str | None, wanted: str) -> bool | None:
        return None if listed is None else not _members(wanted).isdisjoint(json.loads(held(listed)))

    def has_moment(listed: str | None, wanted: str) -> bool | None:
        if listed is None:
            return None
        return not _members(wanted).isdisjoint(map(instant, json.loads(held(listed))))

    for name, function in ((PART, part), (HAS, has), (HAS_MOMENT, has_moment)):
        connection.create_function(name, 2, function, deterministic=True)


@lru_cache(maxsize=8)
def _members(listed: str) -> frozenset[Any]:
    return frozenset(json.loads(listed))
