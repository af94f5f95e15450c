"""The stand-in answers as a real node: each answer here was seen on one.

The source of every table: a real node, built unmodified from p2panda/aquadoggo v0.1.0, was asked the same beside
the stand-in, call by call.
"""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.bamboo import digest
from panda_web.client.early import Early
from panda_web.client.errors import NodeTooOld
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.messages import BASIC_TYPES, SYSTEM_LOGS, Message
from panda_web.rpc.connection import Connection
from tests.authors import SCHEMA, Author
from tests.examples import examples
from tests.interop.aquadoggo import Aquadoggo, Ended, Unprocessable
from tests.interop.early_messages import OtherForm, Panic, schema_of
from tests.interop.served import InProcessAquadoggo, ServedAquadoggo
from tests.messages.strategies import MESSAGES as MESSAGE_VALUES

ENDS, ACCEPTED, UNPROCESSABLE = "the connection ends", "accepted", "status 422, no body"
OTHER_FORM = "invalid CBOR schema"


def answer(node: Aquadoggo, body: bytes | dict[str, Any] | list[Any]) -> Any:
    """The JSON of an answer, or how it ends."""
    try:
        return json.loads(node.answer(body if isinstance(body, bytes) else json.dumps(body).encode()))
    except Ended:
        return ENDS
    except Unprocessable:
        return UNPROCESSABLE


def publish(node: Aquadoggo, entry: bytes | str, payload: bytes | str) -> Any:
    """What comes of a publication: accepted, the words of the refusal, or how the connection ends."""
    encoded = [each if isinstance(each, str) else each.hex() for each in (entry, payload)]
    found = answer(node, {"jsonrpc": "2.0", "id": "1", "method": "panda_publishEntry", "params": encoded})
    if isinstance(found, str):
        return found
    return found["error"]["message"] if "error" in found else ACCEPTED


# -- requests ----------------------------------------------------------------------------------------

ASK: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": "1",
    "method": "panda_queryEntries",
    "params": {"schema": SCHEMA},
}
NOTHING = {"jsonrpc": "2.0", "id": "1", "result": {"entries": []}}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in ASK.items() if key != name}


def code(number: int, request_id: Any = "1") -> Callable[[Any], bool]:
    return lambda found: (found["id"], found["error"]["code"]) == (request_id, number)


REQUESTS: dict[str, tuple[Any, Any]] = {
    "an object of nothing": ({}, None),
    "a call without an id": (without("id"), None),
    "no jsonrpc": (without("jsonrpc"), NOTHING),
    "no method": (without("method"), code(-32601)),
    "params by position": (ASK | {"params": [SCHEMA]}, NOTHING),
    "no params": (without("params"), code(-32602)),
    "wrong-typed params": (ASK | {"params": {"schema": 1}}, code(-32602)),
    "an array of its parts": (["2.0", "panda_queryEntries", [SCHEMA], "1"], NOTHING),
    "a batch": ([ASK], UNPROCESSABLE),
    "an empty body": (b"", UNPROCESSABLE),
    "bad JSON": (b"{", UNPROCESSABLE),
    "a key twice": (b'{"id":"1","id":"1"}', UNPROCESSABLE),
    "a byte order mark": (b"\xef\xbb\xbf{}", UNPROCESSABLE),
    "NaN": (b'{"params":NaN}', UNPROCESSABLE),
    "200 levels": (b'{"params":' + b"[" * 200 + b"]" * 200 + b"}", UNPROCESSABLE),
    "an unknown method": (ASK | {"method": "rpc.discover"}, code(-32601)),
    **{
        f"the id {request_id!r}": (ASK | {"id": request_id}, NOTHING | {"id": request_id})
        for request_id in (0, -5, 2**63 - 1, "", "text", None)
    },
    **{
        f"the id {request_id!r}": (ASK | {"id": request_id}, UNPROCESSABLE)
        for request_id in (1.5, True, [], {}, 2**63)
    },
    "a schema of redacted form": (
        ASK | {"params": {"schema": "0140" + "0" * 128}},
        lambda found: found["error"] == {"code": 0, "message": "can not decode YAMF BLAKE2b hash"},
    ),
}


@pytest.mark.parametrize(("request_", "expected"), REQUESTS.values(), ids=REQUESTS)
def test_requests(request_: Any, expected: Any) -> None:
    found = answer(Aquadoggo(), request_)
    assert expected(found) if callable(expected) else found == expected


# -- entries -----------------------------------------------------------------------------------------

MADE, PAYLOAD = Author().create()
ENTRY = MADE.encoded


def foreign(author: bytes) -> bytes:
    """An entry with another author than signed it."""
    return ENTRY[:1] + author + ENTRY[33:]


def even() -> tuple[bytes, bytes]:
    signed, payload = Author(log_id=4).create(SYSTEM_LOGS[4])
    return signed.encoded, payload


ENTRIES: dict[str, tuple[bytes | str, bytes | str, str]] = {
    "an entry": (ENTRY, PAYLOAD, ACCEPTED),
    "in capital letters": (ENTRY.hex().upper(), PAYLOAD, ACCEPTED),
    "an even log id": (*even(), ENDS),
    **{f"hex {text!r}": (text, PAYLOAD, "invalid hex encoding in entry") for text in ("zz", "0", "ü")},
    **{f"payload {text!r}": (ENTRY, text, "invalid hex encoding in message") for text in ("zz", "0", "ü")},
    "hex with a space": (ENTRY.hex(" "), PAYLOAD, "invalid hex encoding in entry"),
    "no bytes": (b"", PAYLOAD, ENDS),
    "one byte": (b"\x00", PAYLOAD, ENDS),
    "truncated": (ENTRY[:-1], PAYLOAD, ENDS),
    "an author that is no point": (foreign(b"\x02" + bytes(31)), PAYLOAD, ENDS),
    "trailing bytes": (ENTRY + b"\x00", PAYLOAD, ACCEPTED),
    **{f"tag {tag:02x}": (bytes([tag]) + ENTRY[1:], PAYLOAD, ACCEPTED) for tag in (2, 3, 0x80, 0xFF)},
    "tag 01": (b"\x01" + ENTRY[1:], PAYLOAD, "Entry signature is invalid!"),
    "another author": (foreign(Author(2).signer.author), PAYLOAD, "Entry signature is invalid!"),
}


@pytest.mark.parametrize(("entry", "payload", "outcome"), ENTRIES.values(), ids=ENTRIES)
def test_entries(entry: bytes | str, payload: bytes | str, outcome: str) -> None:
    node = Aquadoggo()
    assert publish(node, entry, payload) == outcome
    assert node.ended == (outcome == ENDS)
    assert answer(node, ASK)["id"] == "1"  # others go on


@pytest.mark.parametrize("altered", [ENTRY + b"\x00", b"\x02" + ENTRY[1:]], ids=["trailing", "tag-02"])
def test_an_altered_copy_takes_the_slot_under_another_hash(altered: bytes) -> None:
    node, author = Aquadoggo(), Author()
    author.create()
    following, payload = author.create(n=2)
    assert publish(node, altered, PAYLOAD) == ACCEPTED
    (row,) = answer(node, ASK)["result"]["entries"]
    assert row["entryBytes"] == altered.hex()
    assert row["entryHash"] == digest(altered).hex() != MADE.hash.hex()
    assert "UNIQUE constraint failed" in publish(node, ENTRY, PAYLOAD)
    assert "hash encoded in the entry does not match" in publish(node, following.encoded, payload)


# -- messages ----------------------------------------------------------------------------------------

NO_HASH = "ff" * 66


def message(action: str = "create", **parts: Any) -> bytes:
    given = {"action": action, "schema": SCHEMA, "version": 1, "fields": {"n": number(1)}} | parts
    return cbor2.dumps({key: value for key, value in given.items() if value is not None})


def number(value: Any) -> dict[str, Any]:
    return {"type": "int", "value": value}


def of_type(name: str, value: Any) -> bytes:
    return message(fields={"f": {"type": name, "value": value}})


MESSAGES: dict[str, tuple[bytes, str]] = {
    "NaN": (of_type("float", float("nan")), ACCEPTED),
    "an infinity": (of_type("float", float("inf")), ACCEPTED),
    "a relation that is no hash": (of_type("relation", NO_HASH), ACCEPTED),
    "an id that is no hash": (message("update", id=NO_HASH), ACCEPTED),
    "a schema that is no hash": (message(schema=NO_HASH), ACCEPTED),
    "a delete with fields": (message("delete", id=SCHEMA), ACCEPTED),
    "a map of indefinite length": (b"\xbf" + message()[1:] + b"\xff", ACCEPTED),
    "3 MiB of text": (of_type("str", "x" * (3 << 20)), ACCEPTED),
    "an integer beyond 64 bits": (of_type("int", 2**63), ENDS),
    "a key twice": (b"\xa5" + message()[1:] + cbor2.dumps("version") + b"\x01", ENDS),
    "a list": (of_type("str[]", ["a"]), OTHER_FORM),
    "no CBOR": (b"\xff", OTHER_FORM),
    "bytes behind it": (message() + b"\x00", OTHER_FORM),
}


@pytest.mark.parametrize(("payload", "outcome"), MESSAGES.values(), ids=MESSAGES)
def test_messages(payload: bytes, outcome: str) -> None:
    signed, _ = Author().write(payload)
    node = Aquadoggo()
    assert publish(node, signed.encoded, payload) == outcome
    assert bool(node.database.execute("SELECT * FROM entries").fetchall()) == (outcome == ACCEPTED)


# -- HTTP --------------------------------------------------------------------------------------------


def head(first: str, *lines: str, host: bool = True, version: str = "1.1") -> bytes:
    all_lines = [
        f"{first} HTTP/{version}",
        *(["Host: localhost"] if host else []),
        "Connection: close",
        *lines,
    ]
    return "".join(f"{line}\r\n" for line in (*all_lines, "")).encode()


CALL = json.dumps(ASK).encode()
LENGTH = f"Content-Length: {len(CALL)}"
CHUNKED = b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (9, CALL[:9], len(CALL) - 9, CALL[9:])
ORIGIN = "Origin: https://page.example"
HTTP: dict[str, tuple[bytes, int | None, dict[str, str | None]]] = {
    "a call": (
        head("POST /", LENGTH) + CALL,
        200,
        {
            "content-type": "application/json-rpc;charset=utf-8",
            "access-control-allow-origin": None,
            "access-control-allow-credentials": None,
        },
    ),
    "a call with an Origin": (
        head("POST /", LENGTH, ORIGIN) + CALL,
        200,
        {"access-control-allow-origin": "*", "access-control-allow-credentials": "false"},
    ),
    "a preflight": (
        head("OPTIONS /", ORIGIN, "Access-Control-Request-Method: POST"),
        200,
        {"access-control-allow-origin": "https://page.example", "access-control-allow-credentials": "false"},
    ),
    "OPTIONS without an Origin": (head("OPTIONS /"), 405, {"access-control-allow-origin": None}),
    "GET": (head("GET /"), 200, {"content-type": "text/plain;charset=utf-8"}),
    "HEAD": (head("HEAD /"), 200, {}),
    "PUT": (head("PUT /", LENGTH) + CALL, 405, {}),
    "DELETE": (head("DELETE /"), 405, {}),
    "another path": (head("POST /rpc", LENGTH) + CALL, 404, {}),
    "a chunked body": (
        head("POST /", "Transfer-Encoding: chunked") + CHUNKED,
        200,
        {"content-length": str(len(json.dumps(NOTHING)))},
    ),
    "HTTP/1.0": (head("POST /", LENGTH, version="1.0") + CALL, None, {}),
    "no Host": (head("POST /", LENGTH, host=False) + CALL, None, {}),
    "a head of 10 KiB": (head("POST /", LENGTH, "X-Long: " + "x" * 10240) + CALL, None, {}),
    "no request": (head("POST /", "Content-Length: 1") + b"{", 422, {"content-length": "0"}),
}


@pytest.fixture(scope="module")
def served() -> Iterator[ServedAquadoggo]:
    with ServedAquadoggo() as node:
        yield node


def exchange(served: ServedAquadoggo, request: bytes) -> bytes:
    """All that comes back until the connection ends; a reset is an error."""
    host, port = served.url.removeprefix("http://").rstrip("/").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        received = b""
        while part := connection.recv(1 << 16):
            received += part
    return received


@pytest.mark.parametrize(("request_", "status", "lines"), HTTP.values(), ids=HTTP)
def test_http(
    served: ServedAquadoggo, request_: bytes, status: int | None, lines: dict[str, str | None]
) -> None:
    first, _, rest = exchange(served, request_).partition(b"\r\n")
    assert (int(first.split()[1]) if first else None) == status
    top, _, body = rest.partition(b"\r\n\r\n")
    found = dict(line.lower().split(": ", 1) for line in top.decode().split("\r\n") if line)
    assert {name: found.get(name) for name in lines} == lines
    assert not (request_.startswith(b"HEAD") and body)


def test_a_panic_ends_the_connection_without_a_reset(served: ServedAquadoggo) -> None:
    entry, payload = even()
    body = json.dumps(ASK | {"method": "panda_publishEntry", "params": [entry.hex(), payload.hex()]}).encode()
    assert exchange(served, head("POST /", f"Content-Length: {len(body)}") + body) == b""
    assert exchange(served, head("POST /", LENGTH) + CALL).endswith(json.dumps(NOTHING).encode())


# -- what the stand-in reads -------------------------------------------------------------------------


def fate(payload: bytes) -> str:
    """The schema that is read, or why none is."""
    try:
        return schema_of(payload)
    except OtherForm:
        return OTHER_FORM
    except Panic:
        return ENDS


@examples(1)
@given(st.binary(max_size=40), st.integers(0, 400), st.binary(max_size=3))
def test_any_bytes_have_one_of_three_fates(any_bytes: bytes, at: int, other: bytes) -> None:
    assert fate(any_bytes) == OTHER_FORM
    altered = PAYLOAD[: at % len(PAYLOAD)] + other + PAYLOAD[at % len(PAYLOAD) + len(other) :]
    assert fate(altered) in (OTHER_FORM, ENDS) or len(fate(altered)) >= len(SCHEMA)


@examples(1)
@given(MESSAGE_VALUES)
def test_what_is_written_here_is_read_there_unless_it_has_lists_or_previous(written: Message) -> None:
    lists = any(field.type not in BASIC_TYPES for field in written.fields.values())
    assert fate(written.encode()) == (OTHER_FORM if lists or written.previous else written.schema)
    client = Early(Connection(InProcessAquadoggo(Aquadoggo())), CryptographyVerifier())
    with pytest.raises(NodeTooOld) if lists or written.previous else nullcontext():
        client.check([written])
