"""Which logs there are at a node, and how far each goes. See `rpc.methods`.

They are listed (`panda_getLogs`), or compared with those of another node (`panda_reconcile`).
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from panda_web.bamboo import varu64
from panda_web.rpc import types
from panda_web.rpc.queries import DEFAULT_LIMIT, MAX_LIMIT
from panda_web.rpc.table import Method, Param
from panda_web.rpc.types import Json

MAX_NAMED = 100
"""Schemas, and authors, that the logs are asked for by name of."""

MAX_WAIT = 30
"""Seconds for which a node waits at most until there is something to say."""

MAX_RECONCILE = 128 << 10
"""Bytes of a message of a reconciliation that are read."""

HEAD_ID = 32
"""Bytes of what stands for the end of a log in a reconciliation."""


def head_id(author: bytes, log_id: int, seq_num: int, entry_hash: bytes) -> bytes:
    """What stands for the end of a log in a reconciliation: it commits to all of the log."""
    numbers = varu64.encode(log_id) + varu64.encode(seq_num)
    return blake2b(author + numbers + entry_hash, digest_size=HEAD_ID).digest()


@dataclass(frozen=True, slots=True)
class Broken:
    """What is held of a log that its author broke. Its end says nothing of that.

    Attributes:
        position: the least seq num for which that is proven.
        second: how many entries are held that found their slots taken.
    """

    position: int
    second: int

    def adds_to(self, other: "Broken | None") -> bool:
        """Whether more is held so than by another node."""
        return other is None or (self.position, -self.second) < (other.position, -other.second)

    def to_json(self) -> dict[str, Json]:
        """As it goes over the wire."""
        return {"position": self.position, "second": self.second}

    @staticmethod
    def from_json(value: Json) -> "Broken":
        """Reads one."""
        return Broken(
            types.member(value, "position", types.SEQ_NUM), types.member(value, "second", types.COUNT)
        )


_BROKEN = types.nullable(types.record(Broken.from_json, position=types.SEQ_NUM, second=types.COUNT))


@dataclass(frozen=True, slots=True)
class LogHead:
    """The end of a log, as a node holds it; there may be gaps before.

    Attributes:
        author: 32 bytes.
        log_id: the author's number for it.
        schema: of its messages, 132 hex digits; None where none was ever held.
        seq_num: of its last entry.
        entry_hash: of that entry, 132 hex digits; of several in its slot the least.
        broken: what the node holds against the log's author; None where that is nothing.
    """

    author: bytes
    log_id: int
    schema: str | None
    seq_num: int
    entry_hash: str
    broken: Broken | None = None

    @property
    def log(self) -> tuple[bytes, int]:
        """Which log that is."""
        return self.author, self.log_id

    @property
    def id(self) -> bytes:
        """What stands for it in a reconciliation."""
        return head_id(self.author, self.log_id, self.seq_num, bytes.fromhex(self.entry_hash))

    def to_json(self) -> dict[str, Json]:
        """As it goes over the wire."""
        return {
            "author": self.author.hex(),
            "logId": self.log_id,
            "schema": self.schema,
            "seqNum": self.seq_num,
            "entryHash": self.entry_hash,
            **({} if self.broken is None else {"broken": self.broken.to_json()}),
        }

    @staticmethod
    def from_json(value: Json) -> "LogHead":
        """Reads one."""
        return LogHead(
            types.member(value, "author", types.AUTHOR),
            types.member(value, "logId", types.LOG_ID),
            types.member(value, "schema", types.nullable(types.HASH)),
            types.member(value, "seqNum", types.SEQ_NUM),
            types.member(value, "entryHash", types.HASH),
            types.member(value, "broken", _BROKEN),
        )


@dataclass(frozen=True, slots=True)
class Heads:
    """Some logs of a node.

    Attributes:
        logs: the ends of those in which something happened.
        cursor: where to go on, now or later: an opaque text.
        more: whether to go on now.
        reset: the cursor that was asked with is of another store, or of one that was restored: there are no
            logs, and the cursor is of now. Whoever asked takes in anew all that is held.
    """

    logs: list[LogHead]
    cursor: str
    more: bool
    reset: bool = False

    def to_json(self) -> dict[str, Json]:
        """As it goes over the wire."""
        logs = [each.to_json() for each in self.logs]
        return {"logs": logs, "cursor": self.cursor, "more": self.more, "reset": self.reset}

    @staticmethod
    def from_json(value: Json) -> "Heads":
        """Reads an answer."""
        return Heads(
            types.member(value, "logs", types.array(types.record(LogHead.from_json), MAX_LIMIT)),
            types.member(value, "cursor", types.TEXT),
            types.member(value, "more", types.BOOL),
            types.member(value, "reset", types.BOOL),
        )


@dataclass(frozen=True, slots=True)
class Reconciled:
    """An answer in a reconciliation.

    Attributes:
        message: of Negentropy.
        heads: the logs that are behind the ids which were asked for, as far as they still end so.
    """

    message: bytes
    heads: list[LogHead]

    def to_json(self) -> dict[str, Json]:
        """As it goes over the wire."""
        return {"message": self.message.hex(), "heads": [each.to_json() for each in self.heads]}

    @staticmethod
    def from_json(value: Json) -> "Reconciled":
        """Reads an answer."""
        return Reconciled(
            types.member(value, "message", types.HEX),
            types.member(value, "heads", types.array(types.record(LogHead.from_json), MAX_LIMIT)),
        )


_HEAD = types.record(
    LogHead.from_json,
    author=types.AUTHOR,
    logId=types.LOG_ID,
    schema=types.nullable(types.HASH),
    seqNum=types.SEQ_NUM,
    entryHash=types.HASH,
)

GET_LOGS: Final = Method(
    "panda_getLogs",
    "The logs in which something happened behind a cursor, each with its end; without one, all of them.",
    (
        Param("since", types.TEXT, None),
        Param("schemas", types.array(types.HASH, MAX_NAMED), None),
        Param("authors", types.array(types.AUTHOR, MAX_NAMED), None),
        Param("limit", types.integer(1, MAX_LIMIT), DEFAULT_LIMIT),
        Param("wait", types.integer(0, MAX_WAIT), 0, "Seconds until an answer without logs; over a session."),
    ),
    types.record(
        Heads.from_json,
        logs=types.array(_HEAD),
        cursor=types.TEXT,
        more=types.BOOL,
        reset=types.BOOL,
    ),
)


RECONCILE: Final = Method(
    "panda_reconcile",
    "Answers a message of Negentropy about where logs end, and gives those whose ids are asked for.",
    (
        Param("message", types.HEX),
        Param("lacking", types.array(types.HEX, MAX_LIMIT), []),
        Param("schemas", types.array(types.HASH, MAX_NAMED), None),
        Param("authors", types.array(types.AUTHOR, MAX_NAMED), None),
    ),
    types.record(Reconciled.from_json, message=types.HEX, heads=types.array(_HEAD)),
)
