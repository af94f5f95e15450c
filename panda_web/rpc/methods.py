"""The node's table of methods. The only place that knows them.

A node binds handlers to it (`rpc.dispatch`), a client derives its calls from it (`rpc.connection`), and the
OpenRPC document is made from it (`rpc.discover`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from panda_web.rpc import types
from panda_web.rpc.forks import GET_FORK_PROOFS as GET_FORK_PROOFS
from panda_web.rpc.heads import GET_LOGS as GET_LOGS
from panda_web.rpc.heads import RECONCILE as RECONCILE
from panda_web.rpc.peers import GET_PEERS as GET_PEERS
from panda_web.rpc.queries import DEFAULT_LIMIT as DEFAULT_LIMIT
from panda_web.rpc.queries import MAX_LIMIT as MAX_LIMIT
from panda_web.rpc.queries import QUERY as QUERY
from panda_web.rpc.removed import GET_REMOVED as GET_REMOVED
from panda_web.rpc.stored import PAYLOAD_STATES as PAYLOAD_STATES
from panda_web.rpc.stored import PayloadState as PayloadState
from panda_web.rpc.stored import StoredEntry as StoredEntry
from panda_web.rpc.subscriptions import SUBSCRIBE, UNSUBSCRIBE
from panda_web.rpc.table import Method, Param
from panda_web.rpc.types import Json, Type
from panda_web.rpc.wish import RANGES

NO_SCHEMA = "0040" + "00" * 64
"""A schema that no log is for: asked for it, a node offers a log id that is free."""
MAX_ITEMS = 1000
"""Entries that are brought by one call of `panda_publishItems`."""


@dataclass(frozen=True, slots=True)
class EntryArguments:
    """What the next entry of a log must contain.

    Attributes:
        log_id: the log.
        seq_num: of the next entry.
        backlink: hash of the entry before, 132 hex digits; None in an empty log.
        skiplink: hash of the entry at lipmaa(seq_num); None where the entry has no skiplink.
    """

    log_id: int
    seq_num: int
    backlink: str | None
    skiplink: str | None

    def to_json(self) -> dict[str, Json]:
        """As it goes over the wire."""
        return {
            "entryHashBacklink": self.backlink,
            "entryHashSkiplink": self.skiplink,
            "seqNum": self.seq_num,
            "lastSeqNum": self.seq_num - 1 or None,
            "logId": self.log_id,
        }

    @staticmethod
    def from_json(value: Json) -> "EntryArguments":
        """Reads an answer; an early node gives `lastSeqNum` (null in an empty log) and no `seqNum`."""
        number = types.member(value, "seqNum", types.nullable(types.SEQ_NUM))
        if number is None:
            number = (types.member(value, "lastSeqNum", types.nullable(types.SEQ_NUM)) or 0) + 1
        return EntryArguments(
            log_id=types.member(value, "logId", types.LOG_ID),
            seq_num=number,
            backlink=types.member(value, "entryHashBacklink", types.nullable(types.HASH)),
            skiplink=types.member(value, "entryHashSkiplink", types.nullable(types.HASH)),
        )


@dataclass(frozen=True, slots=True)
class Published:
    """A node's answer to an entry: its hash, and the arguments for the next one."""

    entry_hash: str
    next: EntryArguments

    def to_json(self) -> dict[str, Json]:
        """As it goes over the wire."""
        return {"entryHash": self.entry_hash, **self.next.to_json()}

    @staticmethod
    def from_json(value: Json) -> "Published":
        """Reads an answer. An early node does not repeat the entry's hash."""
        entry_hash = types.member(value, "entryHash", types.nullable(types.HASH))
        return Published(entry_hash or "", EntryArguments.from_json(value))


@dataclass(frozen=True, slots=True)
class Items:
    """A stretch of a log, ascending, with entries that link it; `next` is where to go on, None at the end."""

    entries: list[StoredEntry]
    next: int | None

    @staticmethod
    def from_json(value: Json) -> "Items":
        """Reads an answer; what else a node says about an entry is in its bytes."""
        return Items(
            types.member(value, "items", types.array(types.record(StoredEntry.from_json))),
            types.member(value, "next", types.nullable(types.SEQ_NUM)),
        )


ItemState = Literal["stored", "held", "refused", "invalid", "path-missing"]
ITEM_STATES: tuple[ItemState, ...] = ("stored", "held", "refused", "invalid", "path-missing")

# Made once: each answer has many of these.
_ITEM_STATE = types.one_of(*ITEM_STATES)
_REASON = types.nullable(types.TEXT)
_MISSING = types.array(types.SEQ_NUM)


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """What became of an item that was brought to a node.

    Attributes:
        entry_hash: of its entry, 132 hex digits.
        state: `stored` now; `held` before; `refused` by a limit or a choice of the node, so that it may be
            taken later, or elsewhere; `invalid`, so it is nowhere taken; `path-missing` where entries are
            missing by which it could be verified.
        reason: why it was not taken, or why it counts for nothing there though it was; None for nothing.
        missing: the seq nums of the entries that are missing, ascending.
    """

    entry_hash: str
    state: ItemState
    reason: str | None = None
    missing: list[int] = field(default_factory=list)

    def to_json(self) -> dict[str, Json]:
        """As it goes over the wire."""
        found: dict[str, Json] = {"entryHash": self.entry_hash, "state": self.state}
        if self.reason is not None:
            found["reason"] = self.reason
        if self.state == "path-missing":
            found["missing"] = self.missing
        return found

    @staticmethod
    def from_json(value: Json) -> "ItemOutcome":
        """Reads one."""
        return ItemOutcome(
            types.member(value, "entryHash", types.HASH),
            types.member(value, "state", _ITEM_STATE),
            types.member(value, "reason", _REASON),
            types.member(value, "missing", _MISSING, []),
        )


_STORED_ENTRY = types.record(
    StoredEntry.from_json,
    author=types.AUTHOR,
    entryBytes=types.HEX,
    entryHash=types.HASH,
    logId=types.LOG_ID,
    payloadBytes=types.nullable(types.HEX),
    payloadHash=types.HASH,
    seqNum=types.SEQ_NUM,
)

_ENTRY_ARGUMENTS: Mapping[str, Type[Any]] = {
    "entryHashBacklink": types.nullable(types.HASH),
    "entryHashSkiplink": types.nullable(types.HASH),
    "seqNum": types.SEQ_NUM,
    "lastSeqNum": types.nullable(types.SEQ_NUM),
    "logId": types.LOG_ID,
}

GET_ENTRY_ARGUMENTS = Method(
    "panda_getEntryArguments",
    "What the author's next entry for this schema must contain. Stores nothing.",
    (Param("author", types.AUTHOR), Param("schema", types.HASH)),
    types.record(EntryArguments.from_json, **_ENTRY_ARGUMENTS),
)

PUBLISH_ENTRY = Method(
    "panda_publishEntry",
    "Verifies and stores an entry with its message; answered once it is durable. Again is no error.",
    (Param("entryEncoded", types.HEX), Param("messageEncoded", types.HEX)),
    types.record(Published.from_json, entryHash=types.HASH, **_ENTRY_ARGUMENTS),
)

QUERY_ENTRIES = Method(
    "panda_queryEntries",
    "Entries of a schema with payloads, in an order that can be replayed: what old clients know, or all.",
    (Param("schema", types.HASH), Param("everything", types.BOOL, False)),
    types.record(
        lambda value: types.member(value, "entries", types.array(_STORED_ENTRY)),
        entries=types.array(_STORED_ENTRY),
    ),
)

_PLACE = types.integer(1 - types.WIRE_LIMIT, types.WIRE_LIMIT - 1)
_HOPS = types.integer(0, 255)

GET_ITEMS = Method(
    "panda_getItems",
    "Entries of a log from start to end (negative: from its end), and those that link them to others.",
    (
        Param("author", types.AUTHOR),
        Param("logId", types.LOG_ID),
        Param("start", _PLACE),
        Param("end", _PLACE),
        Param("distLow", _HOPS, 0),
        Param("distHigh", _HOPS, 0),
        Param("payloads", types.BOOL, True),
        Param(
            "maxPayload", types.integer(0, types.WIRE_LIMIT - 1), None, "Bytes of a payload that is given."
        ),
        Param("gaps", types.BOOL, False, "Whether what is not held is passed over."),
        Param("only", RANGES, None, "Stretches: of the entries between only those in one of them."),
    ),
    types.record(
        Items.from_json,
        items=types.array(
            types.record(
                StoredEntry.from_json,
                entryBytes=types.HEX,
                entryHash=types.HASH,
                payloadBytes=types.nullable(types.HEX),
                payloadState=types.one_of(*PAYLOAD_STATES),
                payloadSize=types.integer(0, types.WIRE_LIMIT),
            )
        ),
        next=types.nullable(types.SEQ_NUM),
    ),
)

_ITEM: Type[StoredEntry] = Type(
    {
        "type": "object",
        "properties": {
            "entryBytes": dict(types.HEX.schema),
            "payloadBytes": dict(types.nullable(types.HEX).schema),
        },
        "required": ["entryBytes"],
    },
    StoredEntry.from_json,
)

PUBLISH_ITEMS = Method(
    "panda_publishItems",
    "Brings entries, with or without payloads, as a peer does, in any order; each is taken in once verified.",
    (Param("items", types.array(_ITEM, MAX_ITEMS)),),
    types.record(
        lambda value: types.member(value, "items", types.array(types.record(ItemOutcome.from_json))),
        items=types.array(
            types.record(ItemOutcome.from_json, entryHash=types.HASH, state=types.one_of(*ITEM_STATES))
        ),
    ),
    counted="items",
)

SCHEMAS = Method(
    "panda_schemas",
    "Registered and pending schemas, then a page of those without a view, by id; after one, the next page.",
    (Param("after", types.HASH, None), Param("limit", types.integer(1, MAX_LIMIT), DEFAULT_LIMIT)),
    types.array(types.OBJECT),
)

DISCOVER = Method("rpc.discover", "This document (OpenRPC).", (), types.OBJECT)

METHODS: Mapping[str, Method[Any]] = {
    method.name: method
    for method in (
        GET_ENTRY_ARGUMENTS,
        PUBLISH_ENTRY,
        QUERY_ENTRIES,
        QUERY,
        GET_LOGS,
        RECONCILE,
        GET_ITEMS,
        PUBLISH_ITEMS,
        GET_PEERS,
        GET_REMOVED,
        GET_FORK_PROOFS,
        SCHEMAS,
        SUBSCRIBE,
        UNSUBSCRIBE,
        DISCOVER,
    )
}
