"""A stand-in for an aquadoggo 0.1.0 node: what it answers, faults included. `tests.interop.served` has its wires.

Sources: the facts of the issue and of DESIGN part 4, and the behaviour of p2panda/aquadoggo at its tag v0.1.0
(rpc/server.rs, rpc/methods/*, db/models/log.rs, migrations). `test_aquadoggo.py` pins each.

- Three methods. One request a body: what is no request (bad JSON, a batch) gets status 422 and no body.
- Content type application/json-rpc;charset=utf-8. Code 0 for every error of the application, no data.
- A schema's log is registered before its entry is stored, and not taken back when that fails. So a second
  schema published into a taken slot is tied to that log for good, and its next entry goes there.
- An offered log id is the first odd one that differs from an ideal sequence of the registered ones; nothing
  is remembered of an offer, and a log that is registered twice makes it offer ids in use.
- What is there already is a database error, and so is another entry for a taken slot.
- What is no hex, or no entry, makes the request's task panic: the connection is reset. An even log id does so
  too, and the node answers nobody from then on.
- `panda_queryEntries` joins entries with the logs registered for a schema: all entries of a log that was
  registered for two schemas come for either. No paging.
"""

import json
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from panda_web import bamboo, messages
from panda_web.bamboo import Entry, InvalidEntry, InvalidLink, InvalidPayload, digest, has_skiplink, lipmaa
from panda_web.messages import BASIC_TYPES, InvalidMessage, Message

Json = Any

TABLES = """
CREATE TABLE entries (
    author TEXT NOT NULL, entry_bytes TEXT NOT NULL, entry_hash TEXT NOT NULL UNIQUE, log_id INTEGER NOT NULL,
    payload_bytes TEXT, payload_hash TEXT NOT NULL, seq_num INTEGER NOT NULL,
    PRIMARY KEY (author, log_id, seq_num)
);
CREATE TABLE logs (
    author TEXT NOT NULL, log_id INTEGER NOT NULL, schema TEXT NOT NULL, PRIMARY KEY (author, schema, log_id)
);
"""


class Reset(Exception):
    """The connection ends without an answer."""


class Unprocessable(Exception):
    """Status 422 without a body."""


class Refused(Exception):
    """An error of the application: code 0 and a text."""

    code = 0


class NoSuchMethod(Refused):
    """JSON-RPC's own."""

    code = -32601


class BadParams(Refused):
    """JSON-RPC's own."""

    code = -32602


class Aquadoggo:
    """The node, without a wire.

    Args:
        early_replies: gives `lastSeqNum` (null in an empty log) in place of `seqNum`, as it did before v0.1.0.

    Attributes:
        dead: whether it failed and answers nobody.
    """

    def __init__(self, *, early_replies: bool = False) -> None:
        self.early_replies = early_replies
        self.dead = False
        self.database = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self.database.executescript(TABLES)
        self._one_at_a_time = threading.Lock()

    def restart(self) -> None:
        """It answers again; what it holds is on disk."""
        self.dead = False

    def copy(self) -> "Aquadoggo":
        """A copy of the node as it is."""
        other = Aquadoggo(early_replies=self.early_replies)
        self.database.backup(other.database)
        return other

    def answer(self, body: bytes) -> bytes:
        """The answer to a body. Raises Reset or Unprocessable."""
        with self._one_at_a_time:
            if self.dead:
                raise Reset
            return self._answer(body)

    def _answer(self, body: bytes) -> bytes:
        try:
            request = json.loads(body)
        except ValueError as error:
            raise Unprocessable from error
        if (
            not isinstance(request, dict)
            or request.get("jsonrpc") != "2.0"
            or not isinstance(request.get("method"), str)
        ):
            raise Unprocessable
        reply: dict[str, Json] = {"jsonrpc": "2.0", "id": request.get("id")}
        try:
            reply["result"] = self._call(request["method"], request.get("params"))
        except Refused as error:
            reply["error"] = {"code": error.code, "message": str(error)}
        return json.dumps(reply).encode()

    def _call(self, method: str, params: Json) -> Json:
        methods: dict[str, tuple[Callable[..., Json], tuple[str, ...]]] = {
            "panda_getEntryArguments": (self._entry_arguments, ("author", "schema")),
            "panda_publishEntry": (self._publish, ("entryEncoded", "messageEncoded")),
            "panda_queryEntries": (self._query, ("schema",)),
        }
        if method not in methods:
            raise NoSuchMethod("Method not found")
        handler, names = methods[method]
        if not isinstance(params, dict) or not all(isinstance(params.get(name), str) for name in names):
            raise BadParams("Invalid params")
        return handler(*(params[name] for name in names))

    # -- panda_getEntryArguments -----------------------------------------------------------------------

    def _entry_arguments(self, author: str, schema: str) -> Json:
        if len(_hex(author, "author string")) != 32:
            raise Refused("invalid author key length")
        if len(_hex(schema, "hash string")) != 66:
            raise Refused("invalid hash length")
        log_id = self._log_of(author, schema)
        return self._arguments(author, self._next_log(author) if log_id is None else log_id)

    def _log_of(self, author: str, schema: str) -> int | None:
        row = self._row("SELECT log_id FROM logs WHERE author = ? AND schema = ?", author, schema)
        return row[0] if row else None

    def _next_log(self, author: str) -> int:
        free = 1
        for (log_id,) in self.database.execute(
            "SELECT log_id FROM logs WHERE author = ? ORDER BY log_id", (author,)
        ):
            if log_id != free:
                break
            free += 2
        return free

    def _arguments(self, author: str, log_id: int) -> dict[str, Json]:
        last = self._row(
            "SELECT seq_num, entry_hash FROM entries WHERE author = ? AND log_id = ?"
            " ORDER BY seq_num DESC LIMIT 1",
            author,
            log_id,
        )
        seq_num, backlink = (last[0] + 1, last[1]) if last else (1, None)
        skiplink = self._hash_at(author, log_id, lipmaa(seq_num)) if has_skiplink(seq_num) else None
        return {
            "entryHashBacklink": backlink,
            "entryHashSkiplink": skiplink,
            **({"lastSeqNum": seq_num - 1 or None} if self.early_replies else {"seqNum": seq_num}),
            "logId": log_id,
        }

    def _hash_at(self, author: str, log_id: int, seq_num: int) -> str | None:
        row = self._row(
            "SELECT entry_hash FROM entries WHERE author = ? AND log_id = ? AND seq_num = ?",
            author,
            log_id,
            seq_num,
        )
        return row[0] if row else None

    # -- panda_publishEntry ----------------------------------------------------------------------------

    def _publish(self, entry_encoded: str, message_encoded: str) -> Json:
        encoded, entry = _decode(entry_encoded)
        payload, message = _message(message_encoded)
        author = entry.author.hex()
        known = self._log_of(author, message.schema)
        if known is not None and known != entry.log_id:
            raise Refused("Claimed log_id for schema not the same as in database")
        self._verify(encoded, entry, payload)
        if known is None:
            if entry.log_id % 2 == 0:
                self.dead = True
                raise Reset
            self._insert("logs", author, entry.log_id, message.schema)
        self._insert(
            "entries",
            author,
            entry_encoded,
            digest(encoded).hex(),
            entry.log_id,
            message_encoded,
            digest(payload).hex(),
            entry.seq_num,
        )
        return self._arguments(author, entry.log_id)

    def _verify(self, encoded: bytes, entry: Entry, payload: bytes) -> None:
        targets = []
        for number, name in ((entry.seq_num - 1, "backlink"), (lipmaa(entry.seq_num), "skiplink")):
            row = self._row(
                "SELECT entry_bytes FROM entries WHERE author = ? AND log_id = ? AND seq_num = ?",
                entry.author.hex(),
                entry.log_id,
                number,
            )
            if row is None and entry.seq_num > 1:
                raise Refused(f"Could not find {name} entry in database")
            target = bytes.fromhex(row[0]) if row else None
            targets.append((bamboo.decode(target), digest(target)) if target else None)
        try:
            bamboo.check_payload(entry, payload)
            bamboo.check_links(entry, *targets)
            Ed25519PublicKey.from_public_bytes(entry.author).verify(entry.signature, encoded[:-64])
        except (InvalidPayload, InvalidLink, InvalidSignature) as error:
            raise Refused(f"bamboo: {type(error).__name__}") from error

    def _insert(self, table: str, *values: Json) -> None:
        try:
            self.database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)
        except sqlite3.IntegrityError as error:
            raise Refused(f"error returned from database: {error}") from error

    # -- panda_queryEntries ----------------------------------------------------------------------------

    def _query(self, schema: str) -> Json:
        if len(_hex(schema, "hash string")) != 66:
            raise Refused("invalid hash length")
        names = "author", "entryBytes", "entryHash", "logId", "payloadBytes", "payloadHash", "seqNum"
        rows = self.database.execute(
            "SELECT e.* FROM entries e JOIN logs l ON e.log_id = l.log_id AND e.author = l.author"
            " WHERE l.schema = ?",
            (schema,),
        )
        return {"entries": [dict(zip(names, row, strict=True)) for row in rows]}

    def _row(self, sql: str, *values: Json) -> tuple[Json, ...] | None:
        return self.database.execute(sql, values).fetchone()  # type: ignore[no-any-return]


def _hex(text: str, what: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise Refused(f"invalid hex encoding in {what}") from error


def _decode(text: str) -> tuple[bytes, Entry]:
    try:
        encoded = bytes.fromhex(text)
        return encoded, bamboo.decode(encoded)
    except (ValueError, InvalidEntry) as error:
        raise Reset from error


def _message(text: str) -> tuple[bytes, Message]:
    try:
        payload = bytes.fromhex(text)
    except ValueError as error:
        raise Reset from error
    try:
        message = messages.decode(payload)
    except InvalidMessage as error:
        raise Refused("invalid CBOR schema") from error
    if any(field.type not in BASIC_TYPES for field in message.fields.values()):
        raise Refused("invalid CBOR schema")
    return payload, message
