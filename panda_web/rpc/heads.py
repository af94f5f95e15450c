"""`panda_getLogs`: which logs there are at a node, and how far each goes. See `rpc.methods`."""

from dataclasses import dataclass
from typing import Final

from panda_web.rpc import types
from panda_web.rpc.queries import DEFAULT_LIMIT, MAX_LIMIT
from panda_web.rpc.table import Method, Param
from panda_web.rpc.types import Json

MAX_NAMED = 100
"""Schemas, and authors, that the logs are asked for by name of."""


@dataclass(frozen=True, slots=True)
class LogHead:
    """The end of a log, as a node holds it; there may be gaps before.

    Attributes:
        author: 32 bytes.
        log_id: the author's number for it.
        schema: of its messages, 132 hex digits; None where none was ever held.
        seq_num: of its last entry.
        entry_hash: of that entry, 132 hex digits; of two, that of the one that came first.
    """

    author: bytes
    log_id: int
    schema: str | None
    seq_num: int
    entry_hash: str

    def to_json(self) -> dict[str, Json]:
        """As it goes over the wire."""
        return {
            "author": self.author.hex(),
            "logId": self.log_id,
            "schema": self.schema,
            "seqNum": self.seq_num,
            "entryHash": self.entry_hash,
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


GET_LOGS: Final = Method(
    "panda_getLogs",
    "The logs in which something happened behind a cursor, each with its end; without one, all of them.",
    (
        Param("since", types.TEXT, None),
        Param("schemas", types.array(types.HASH, MAX_NAMED), None),
        Param("authors", types.array(types.AUTHOR, MAX_NAMED), None),
        Param("limit", types.integer(1, MAX_LIMIT), DEFAULT_LIMIT),
    ),
    types.record(
        Heads.from_json,
        logs=types.array(
            types.record(
                LogHead.from_json,
                author=types.AUTHOR,
                logId=types.LOG_ID,
                schema=types.nullable(types.HASH),
                seqNum=types.SEQ_NUM,
                entryHash=types.HASH,
            )
        ),
        cursor=types.TEXT,
        more=types.BOOL,
        reset=types.BOOL,
    ),
)
