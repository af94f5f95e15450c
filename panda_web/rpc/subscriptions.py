"""The methods of subscriptions, and the notifications that a node tells who has them: see `rpc.methods`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from panda_web.rpc import types
from panda_web.rpc.queries import FILTER, MAX_SELECT
from panda_web.rpc.stored import StoredEntry
from panda_web.rpc.table import Method, Param
from panda_web.rpc.types import Json

MAX_CHANGES = 1000
"""Changes in a notification, of which a client reads no more."""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription that has begun.

    Attributes:
        subscription: its name in this session.
        cursor: the point from which on changes are told.
        reset: whether that is now, and not where it was asked to go on: ask for all instances anew.
    """

    subscription: str
    cursor: str
    reset: bool

    def to_json(self) -> dict[str, Json]:
        """As it goes over the wire."""
        return {"subscription": self.subscription, "cursor": self.cursor, "reset": self.reset}

    @staticmethod
    def from_json(value: Json) -> "Subscribed":
        """Reads an answer."""
        return Subscribed(
            types.member(value, "subscription", types.TEXT),
            types.member(value, "cursor", types.TEXT),
            types.member(value, "reset", types.BOOL, False),
        )


@dataclass(frozen=True, slots=True)
class ToldChange:
    """What became of an instance.

    Attributes:
        id: of the instance, 132 hex digits.
        instance: as `panda_query` gives it; None where it is not shown, or not what was asked for, any more.
        entries: where it is None, the entry that deletes the instance, where there is one and with `proof`.
    """

    id: str
    instance: dict[str, Json] | None
    entries: list[StoredEntry]

    @staticmethod
    def from_json(value: Json) -> "ToldChange":
        """Reads one."""
        return ToldChange(
            types.member(value, "id", types.HASH),
            types.member(value, "instance", types.nullable(types.OBJECT)),
            types.member(value, "_entries", types.array(types.record(StoredEntry.from_json)), []),
        )


SUBSCRIBE = Method(
    "panda_subscribe",
    "Tells of changes from now on, or from a cursor on: of the instances of a schema that the filter means.",
    (
        Param("schema", types.SCHEMA),
        Param("filter", FILTER, {}),
        Param("proof", types.BOOL, False),
        Param("select", types.array(types.TEXT, MAX_SELECT), None),
        Param("since", types.TEXT, None, "The last cursor, to go on behind it."),
    ),
    types.record(Subscribed.from_json, subscription=types.TEXT, cursor=types.TEXT, reset=types.BOOL),
)

UNSUBSCRIBE = Method(
    "panda_unsubscribe",
    "Ends a subscription; gives whether there was one of this name.",
    (Param("subscription", types.TEXT),),
    types.BOOL,
)

CHANGED = Method(
    "panda_changed",
    "Notification: what became of instances, and the cursor behind that. With reset the subscription is over,"
    " and what it told may be out of date: begin again.",
    (
        Param("subscription", types.TEXT),
        Param(
            "changes",
            types.array(
                types.record(ToldChange.from_json, id=types.HASH, instance=types.nullable(types.OBJECT)),
                MAX_CHANGES,
            ),
        ),
        Param("cursor", types.TEXT),
        Param("reset", types.BOOL, False),
    ),
    types.nullable(types.OBJECT),
)

NOTIFICATIONS: Mapping[str, Method[Any]] = {CHANGED.name: CHANGED}
"""What a node tells whoever has a session with it; they give nothing."""
