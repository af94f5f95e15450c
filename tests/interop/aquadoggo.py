"""A stand-in for an aquadoggo 0.1.0 node: what it answers, faults included. `tests.interop.served` has its wires.

Sources: what a real one answered, built unmodified from p2panda/aquadoggo at its tag v0.1.0, call by call beside
this one; and the source of it (rpc/server.rs, rpc/methods/*, db/models/log.rs, migrations), of bamboo-rs-core
0.1.0, p2panda-rs 0.2.1 and jsonrpc-v2 0.10. `test_real_node.py` pins what was seen, `test_aquadoggo.py` the rest.

- Three methods, params by name or position. One request a body, an object or an array of its four parts, with
  parts left out: what is no request (bad JSON, a batch) gets status 422 and no body, one without id `null`.
- Content type application/json-rpc;charset=utf-8. Code 0 for every error of the application, no data.
- A schema's log is registered before its entry is stored, and not taken back when that fails. So a second
  schema published into a taken slot is tied to that log for good, and its next entry goes there.
- An offered log id is the first odd one that differs from an ideal sequence of the registered ones; nothing
  is remembered of an offer, and a log that is registered twice makes it offer ids in use.
- What is there already is a database error, and so is another entry for a taken slot.
- An entry's first byte counts as 00 unless it is 01, and what follows the signature does not count. So there are
  many bytes for one signature; each has its own hash, and the first to come takes the slot.
- Messages are held to less than the rules (`early_messages`).
- What is no entry, an author that is no point of the curve, a message that cannot be read and an even log id
  make the request's task panic: its connection ends without an answer, and others go on.
- `panda_queryEntries` joins entries with the logs registered for a schema: all entries of a log that was
  registered for two schemas come for either. No paging.

Left out, for they say more about the HTTP server than about the node: the WebSocket at / (status 101), the
silence for the second of two pipelined requests, and heads of more than 100 lines.
"""

import binascii
import json
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from panda_web import bamboo
from panda_web.bamboo import (
    MAX_SIZE,
    Entry,
    InvalidEntry,
    InvalidPayload,
    digest,
    has_skiplink,
    is_hash,
    lipmaa,
)
from tests.interop.early_messages import OtherForm, Panic, schema_of

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


REQUEST = ("jsonrpc", "method", "params", "id")
"""A request's parts, in the order in which they stand in an array."""
MAX_DEPTH = 127


class Ended(Exception):
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
        ended: how many requests it gave no answer.
    """

    def __init__(self, *, early_replies: bool = False) -> None:
        self.early_replies = early_replies
        self.ended = 0
        self.database = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self.database.executescript(TABLES)
        self._one_at_a_time = threading.Lock()

    def copy(self) -> "Aquadoggo":
        """A copy of the node as it is."""
        other = Aquadoggo(early_replies=self.early_replies)
        self.database.backup(other.database)
        return other

    def answer(self, body: bytes) -> bytes:
        """The answer to a body. Raises Ended or Unprocessable."""
        request = _request(body)
        with self._one_at_a_time:
            try:
                answer = self._answer(request)
            except Ended:
                self.ended += 1
                raise
        return json.dumps(answer if "id" in request else None).encode()

    def _answer(self, request: dict[str, Json]) -> dict[str, Json]:
        reply: dict[str, Json] = {"jsonrpc": "2.0", "id": request.get("id")}
        try:
            reply["result"] = self._call(request.get("method", ""), request.get("params"))
        except Refused as error:
            reply["error"] = {"code": error.code, "message": str(error)}
        return reply

    def _call(self, method: str, params: Json) -> Json:
        methods: dict[str, tuple[Callable[..., Json], tuple[str, ...]]] = {
            "panda_getEntryArguments": (self._entry_arguments, ("author", "schema")),
            "panda_publishEntry": (self._publish, ("entryEncoded", "messageEncoded")),
            "panda_queryEntries": (self._query, ("schema",)),
        }
        if method not in methods:
            raise NoSuchMethod("Method not found")
        handler, names = methods[method]
        if isinstance(params, list) and len(params) == len(names):  # by position
            params = dict(zip(names, params, strict=True))
        if not isinstance(params, dict) or not all(isinstance(params.get(name), str) for name in names):
            raise BadParams("Invalid params")
        return handler(*(params[name] for name in names))

    # -- panda_getEntryArguments -----------------------------------------------------------------------

    def _entry_arguments(self, author: str, schema: str) -> Json:
        if len(_hex(author, "author string")) != 32:
            raise Refused("invalid author key length")
        _check_hash(schema)
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
        encoded, payload = _hex(entry_encoded, "entry"), _hex(message_encoded, "message")
        panic: Panic | None = None
        try:
            schema = schema_of(payload)
        except OtherForm as error:
            raise Refused("invalid CBOR schema") from error
        except Panic as error:
            panic = error
        entry = _decode(encoded)
        try:
            bamboo.check_payload(entry, payload)
        except InvalidPayload as error:
            raise Refused("message hash does not match") from error
        if panic is not None:
            raise Ended from panic
        author = entry.author.hex()
        known = self._log_of(author, schema)
        if known is not None and known != entry.log_id:
            raise Refused("Claimed log_id for schema not the same as in database")
        self._verify(entry)
        if known is None:
            if entry.log_id % 2 == 0:
                raise Ended
            self._insert("logs", author, entry.log_id, schema)
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

    def _verify(self, entry: Entry) -> None:
        links = (
            (entry.seq_num - 1, "backlink", entry.backlink),
            (lipmaa(entry.seq_num), "skiplink", entry.skiplink),
        )
        for number, name, link in links if entry.seq_num > 1 else ():
            row = self._row(
                "SELECT entry_bytes FROM entries WHERE author = ? AND log_id = ? AND seq_num = ?",
                entry.author.hex(),
                entry.log_id,
                number,
            )
            if row is None:
                raise Refused(f"Could not find {name} entry in database")
            target = bytes.fromhex(row[0])
            if link is not None and digest(target) != link:
                raise Refused(
                    f"The {name} hash encoded in the entry does not match the lipmaa entry provided"
                )
            if name == "backlink" and target[0] == 1:
                raise Refused("Entry was published after the feed was declared ended")
        try:
            Ed25519PublicKey.from_public_bytes(entry.author).verify(entry.signature, entry.encode()[:-64])
        except InvalidSignature as error:
            raise Refused("Entry signature is invalid!") from error

    def _insert(self, table: str, *values: Json) -> None:
        try:
            self.database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)
        except sqlite3.IntegrityError as error:
            raise Refused(f"error returned from database: {error}") from error

    # -- panda_queryEntries ----------------------------------------------------------------------------

    def _query(self, schema: str) -> Json:
        _check_hash(schema)
        names = "author", "entryBytes", "entryHash", "logId", "payloadBytes", "payloadHash", "seqNum"
        rows = self.database.execute(
            "SELECT e.* FROM entries e JOIN logs l ON e.log_id = l.log_id AND e.author = l.author"
            " WHERE l.schema = ?",
            (schema,),
        )
        return {"entries": [dict(zip(names, row, strict=True)) for row in rows]}

    def _row(self, sql: str, *values: Json) -> tuple[Json, ...] | None:
        return self.database.execute(sql, values).fetchone()  # type: ignore[no-any-return]


def _request(body: bytes) -> dict[str, Json]:
    """The parts of a request that are there. Raises Unprocessable."""
    try:
        value = json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_no_number)
        if isinstance(value, list):
            value = dict(zip(REQUEST, value, strict=len(value) > len(REQUEST)))
    except (ValueError, RecursionError) as error:
        raise Unprocessable from error
    if (
        not isinstance(value, dict)
        or value.get("jsonrpc", "2.0") != "2.0"
        or not isinstance(value.get("method", ""), str)
        or not _is_id(value.get("id"))
        or _depth(value) > MAX_DEPTH
    ):
        raise Unprocessable
    return value


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    for name in REQUEST:
        if [each for each, _ in pairs].count(name) > 1:
            raise ValueError(f"{name} is there twice")
    return dict(pairs)


def _no_number(name: str) -> Json:
    raise ValueError(f"{name} is no number")


def _is_id(value: Json) -> bool:
    number = isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
    return value is None or isinstance(value, str) or number


def _depth(value: Json) -> int:
    if not isinstance(value, dict | list):
        return 0
    return 1 + max(map(_depth, value.values() if isinstance(value, dict) else value), default=0)


def _hex(text: str, what: str) -> bytes:
    try:
        return binascii.unhexlify(text)
    except ValueError as error:
        raise Refused(f"invalid hex encoding in {what}") from error


def _check_hash(text: str) -> None:
    data = _hex(text, "hash string")
    if len(data) != 66:
        raise Refused("invalid hash length")
    if not is_hash(data):
        raise Refused("can not decode YAMF BLAKE2b hash")


def _decode(encoded: bytes) -> Entry:
    """The entry with which bytes begin, whatever their tag says. Raises Ended."""
    data = (b"\x01" if encoded[:1] == b"\x01" else b"\x00") + encoded[1:]
    for size in range(min(len(data), MAX_SIZE), 0, -1):  # one of them at most is an entry's
        with suppress(InvalidEntry):
            entry = bamboo.decode(data[:size])
            if not _is_on_curve(entry.author):
                break
            return entry
    raise Ended


@lru_cache
def _is_on_curve(key: bytes) -> bool:
    """Whether the key's y has an x on edwards25519 (RFC 8032, section 5.1.3)."""
    p = 2**255 - 19
    y = (int.from_bytes(key, "little") & 2**255 - 1) % p
    d = -121665 * pow(121666, -1, p)
    square = (y * y - 1) * pow(d * y * y + 1, -1, p) % p
    return pow(square, (p - 1) // 2, p) in (0, 1)
