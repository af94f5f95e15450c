"""How far registered schemas have come: pending until all is there that they need, then started."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from panda_web.messages import SYSTEM_LOGS, decode
from panda_web.messages.schema import Schema, read_definition, schema_to_dict
from panda_web.node.store import Store
from panda_web.rpc.types import Json

MOST_LACKS = 10
"""What a pending schema waits for is told up to this: it may be as much as a schema has fields."""


@dataclass(frozen=True, slots=True)
class Lack:
    """What a pending schema waits for.

    Attributes:
        what: "definition" (its own is not here), "registration" (that of a schema that a relation leads to),
            "start" (that schema is registered, and pending too).
        id: of the schema that it is about.
    """

    what: Literal["definition", "registration", "start"]
    id: str

    def __str__(self) -> str:
        return _WORDS[self.what].format(self.id[:16])


_WORDS = {
    "definition": "its definition has not come",
    "registration": "a relation leads to the schema {}…, which is not registered",
    "start": "a relation leads to the schema {}…, which is pending itself",
}


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered schema.

    Attributes:
        id: 132 hex digits.
        schema: None while its definition is not here.
        waits_for: the first `MOST_LACKS`; empty once it has started.
        leads_to: the ids of the schemas that its relations lead to, without its own.
    """

    id: str
    schema: Schema | None
    waits_for: tuple[Lack, ...]
    leads_to: frozenset[str] = frozenset()

    @property
    def state(self) -> Literal["registered", "pending"]:
        """The word for it."""
        return "pending" if self.waits_for else "registered"

    def to_json(self, *, definition: bool = True) -> dict[str, Json]:
        """As `panda_schemas` gives it, with its definition or without."""
        return {
            "id": self.id,
            "name": self.schema.name if self.schema is not None else None,
            "state": self.state,
            "waitsFor": [{"what": lack.what, "id": lack.id} for lack in self.waits_for],
            "definition": schema_to_dict(self.schema) if definition and self.schema is not None else None,
        }


def states(
    definitions: Mapping[str, Schema | None], before: Mapping[str, Registered] | None = None
) -> dict[str, Registered]:
    """How far each has come.

    Args:
        definitions: of the registered schemas, by id; None where it is not here.
        before: how far they had come: where a definition leads stays as it is.
    """
    leads = {}
    for each, schema in definitions.items():
        known = (before or {}).get(each)
        if known is not None and known.schema is not None:
            leads[each] = known.leads_to
        elif schema is not None:
            leads[each] = schema.leads_to
    started = _started(leads)
    found = {}
    for each, schema in definitions.items():
        if schema is None:
            lacks = [Lack("definition", each)]
        else:
            lacks = [
                Lack("start" if target in definitions else "registration", target)
                for target in sorted(leads[each] - started)[:MOST_LACKS]
            ]
        found[each] = Registered(each, schema, tuple(lacks), leads.get(each, frozenset()))
    return found


def held(store: Store, id: str) -> Schema | None:
    """The schema whose definition is held under an id; None where nothing is.

    A definition counts whatever becomes of its log. It never changes, and its id is its entry's hash, so a
    fork leaves nothing open about it; and if it could end one, its author could take away with it what
    everybody else wrote under the schema.

    Raises:
        InvalidSchema, InvalidFields: what is held under the id is no definition.
    """
    payload = store.entries.payload_of(bytes.fromhex(id))
    return _read(payload, id) if payload is not None else None


@lru_cache(maxsize=64)
def _read(payload: bytes, id: str) -> Schema:
    return read_definition(decode(payload), id)


def _started(leads: Mapping[str, frozenset[str]]) -> set[str]:
    """Those that lead to nothing but system schemas and started ones.

    Schemas cannot lead to each other in a circle, for an id is a hash. Each relation is looked at once,
    however long the chains are.
    """
    started = set(SYSTEM_LOGS.values())
    there = leads.keys() | started
    waiting = {each: len(targets - started) for each, targets in leads.items() if targets <= there}
    led_to_by: dict[str, list[str]] = {}
    for each, count in waiting.items():
        for target in leads[each] if count else ():
            led_to_by.setdefault(target, []).append(each)
    fresh = [each for each, count in waiting.items() if count == 0]
    while fresh:
        start = fresh.pop()
        started.add(start)
        for each in led_to_by.get(start, ()):
            waiting[each] -= 1
            if waiting[each] == 0:
                fresh.append(each)
    return started
