"""Where fillings of this store from other nodes go on: beside what they brought, so that both go together."""

from collections.abc import Callable, Collection
from hashlib import blake2b

from panda_web.node.store.database import Database

MOST_PLACES = 1000
"""Schemas of sources whose places are kept; behind them, those that were put longest ago are dropped."""


class PlaceTable:
    """A text for each schema of each source. What it says, `sync.places` knows."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, source: str, schema: str) -> str | None:
        """The text that was put last; None where there is none."""
        found = self._db.one(
            "SELECT place FROM places WHERE source = ? AND schema = ?", (_key(source), schema)
        )
        return None if found is None else str(found[0])

    def put(self, source: str, schema: str, place: str) -> None:
        """Another text, of some KiB at most."""
        self._db.execute(
            "INSERT OR REPLACE INTO places (source, schema, place) VALUES (?, ?, ?)",
            (_key(source), schema, place),
        )
        self._db.execute(
            "DELETE FROM places WHERE number <= (SELECT number FROM places ORDER BY number DESC"
            " LIMIT 1 OFFSET ?)",
            (MOST_PLACES,),
        )

    def change(self, schemas: Collection[str], change: Callable[[str], str]) -> None:
        """Changes the texts of some schemas, of all sources and whatever is wished (`sync.places`)."""
        marks = ", ".join("?" * len(schemas))
        named = "substr(schema, 1, instr(schema || ' ', ' ') - 1)"
        sql = f"SELECT number, place FROM places WHERE {named} IN ({marks})"
        for number, place in list(self._db.rows(sql, tuple(schemas))):
            self._db.execute("UPDATE places SET place = ? WHERE number = ?", (change(place), number))


def _key(source: str) -> bytes:
    return blake2b(source.encode("utf-8", "surrogatepass"), digest_size=32).digest()
