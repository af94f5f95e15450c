"""Makes `corpus.json`: valid and broken entries and messages, each with the reason that must be given.

    python tests/vectors/make_corpus.py

Bytes are put together here by hand and signed with OpenSSL; nothing of the package that is to be tested is
imported, so the expectations are the rules' and not the code's. The key is fixed, Ed25519 is deterministic,
and so is this file.
"""

import hashlib
import json
from pathlib import Path

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
ORDER = 2**252 + 27742317777372353535851937790883648493  # of the group


def yamf(data: bytes) -> bytes:
    return b"\x00\x40" + hashlib.blake2b(data).digest()


def varu64(number: int, length: int | None = None) -> bytes:
    if number < 248 and length is None:
        return bytes((number,))
    length = length or (number.bit_length() + 7) // 8
    return bytes((247 + length,)) + number.to_bytes(length, "big")


SCHEMA = yamf(b"test schema").hex()
INSTANCE = yamf(b"an instance").hex()
FIELDS = {"message": {"type": "str", "value": "Hello"}}


def message(**changes: object) -> bytes:
    """A create as CBOR, with some keys changed; None leaves one out."""
    value = {"action": "create", "schema": SCHEMA, "version": 1, "fields": FIELDS} | changes
    return cbor2.dumps({key: item for key, item in value.items() if item is not None})


def field(kind: object, value: object) -> bytes:
    return message(fields={"f": {"type": kind, "value": value}})


def text(value: str) -> bytes:
    return cbor2.dumps(value)


def raw_fields(count: int, fields: bytes) -> bytes:
    """A create whose `fields` map is given as raw bytes behind its head."""
    head = (
        b"\xa4" + text("action") + text("create") + text("schema") + text(SCHEMA) + text("version") + b"\x01"
    )
    return head + text("fields") + bytes((0xA0 + count,)) + fields


def raw_value(kind: str, value: bytes) -> bytes:
    """A create with one field, its value given as raw bytes."""
    return raw_fields(1, text("f") + b"\xa2" + text("type") + text(kind) + text("value") + value)


def sign(unsigned: bytes, key: Ed25519PrivateKey = KEY) -> bytes:
    return unsigned + key.sign(unsigned)


def unsigned(
    payload: bytes,
    *,
    seq: int = 1,
    log: bytes = b"\x01",
    tag: bytes = b"\x00",
    skiplink: bytes = b"",
    backlink: bytes = b"",
    size: bytes | None = None,
    payload_hash: bytes | None = None,
    key: Ed25519PrivateKey = KEY,
    seq_bytes: bytes | None = None,
) -> bytes:
    return b"".join(
        (
            tag,
            key.public_key().public_bytes_raw(),
            log,
            seq_bytes if seq_bytes is not None else varu64(seq),
            skiplink,
            backlink,
            size if size is not None else varu64(len(payload)),
            payload_hash if payload_hash is not None else yamf(payload),
        )
    )


CASES: list[dict[str, str | None]] = []


def case(name: str, entry: bytes, payload: bytes | None, reason: str | None, **links: bytes) -> None:
    known = {"name": name, "entry": entry.hex(), "payload": payload.hex() if payload is not None else None}
    CASES.append({**known, **{k: v.hex() for k, v in links.items()}, "reason": reason})


def message_case(name: str, payload: bytes, reason: str | None, log: bytes = b"\x01") -> None:
    case(name, sign(unsigned(payload, log=log)), payload, reason)


def entries() -> None:
    payload = message()
    good = sign(unsigned(payload))
    case("the first entry of a log", good, payload, None)
    case("end of log", sign(unsigned(payload, tag=b"\x01")), payload, None)
    case("log id 247, one byte", sign(unsigned(payload, log=varu64(247))), payload, None)
    case("log id 249, two bytes", sign(unsigned(payload, log=varu64(249))), payload, None)
    case("log id of 64 bits", sign(unsigned(payload, log=varu64(2**64 - 1))), payload, None)
    case("no bytes", b"", payload, "entry-truncated")
    for at, reason in (
        (1, "entry-truncated"),
        (20, "entry-truncated"),
        (33, "integer-truncated"),
        (34, "integer-truncated"),
        (35, "integer-truncated"),
        (60, "entry-truncated"),
        (len(good) - 1, "entry-truncated"),
    ):
        case(f"cut to {at} bytes", good[:at], payload, reason)
    case("one byte more", good + b"\x00", payload, "entry-trailing-bytes")
    case("two entries", good + good, payload, "entry-trailing-bytes")
    case("tag 02", b"\x02" + good[1:], payload, "unknown-tag")
    case("tag ff", b"\xff" + good[1:], payload, "unknown-tag")
    case("log id not canonical", sign(unsigned(payload, log=varu64(1, 1))), payload, "integer-not-canonical")
    case(
        "log id not canonical, long",
        sign(unsigned(payload, log=varu64(249, 8))),
        payload,
        "integer-not-canonical",
    )
    case(
        "seq num not canonical",
        sign(unsigned(payload, seq_bytes=b"\xf8\x01")),
        payload,
        "integer-not-canonical",
    )
    case("seq num 0", sign(unsigned(payload, seq_bytes=b"\x00")), payload, "seq-num-zero")
    case(
        "size not canonical",
        sign(unsigned(payload, size=varu64(len(payload), 4))),
        payload,
        "integer-not-canonical",
    )
    case(
        "payload hash of another kind",
        sign(unsigned(payload, payload_hash=b"\x01\x40" + bytes(64))),
        payload,
        "hash-malformed",
    )
    case(
        "payload hash of another length",
        sign(unsigned(payload, payload_hash=b"\x00\x20" + bytes(64))),
        payload,
        "hash-malformed",
    )
    case("a backlink at seq num 1", sign(unsigned(payload, backlink=yamf(b"x"))), payload, "hash-malformed")
    case("no backlink at seq num 2", sign(unsigned(payload, seq=2)), payload, "hash-malformed")
    case(
        "a skiplink at seq num 2",
        sign(unsigned(payload, seq=2, skiplink=yamf(b"x"), backlink=yamf(b"y"))),
        payload,
        "hash-malformed",
    )
    case(
        "no skiplink at seq num 4",
        sign(unsigned(payload, seq=4, backlink=yamf(b"x"))),
        payload,
        "hash-malformed",
    )
    flipped = bytearray(good)
    flipped[-40] ^= 1
    case("signature with a flipped bit", bytes(flipped), payload, "signature-mismatch")
    case(
        "signed by another key",
        unsigned(payload) + OTHER_KEY.sign(unsigned(payload)),
        payload,
        "signature-mismatch",
    )
    scalar = int.from_bytes(good[-32:], "little") + ORDER
    case(
        "S + L in the signature",
        good[:-32] + scalar.to_bytes(32, "little"),
        payload,
        "signature-s-not-reduced",
    )
    case("a payload with a flipped bit", good, payload[:-1] + b"\x6e", "payload-hash-mismatch")
    case("the empty payload", good, b"", "payload-hash-mismatch")
    case(
        "the wrong size, signed",
        sign(unsigned(payload, size=varu64(len(payload) + 1))),
        payload,
        "payload-size-mismatch",
    )
    case("log 0 with a user's schema", sign(unsigned(payload, log=b"\x00")), payload, "system-log-mismatch")
    case("log 12, which does not exist", sign(unsigned(payload, log=b"\x0c")), payload, "system-log-mismatch")


def links() -> None:
    payload = message()

    def entry(seq: int, backlink: bytes = b"", skiplink: bytes = b"", **other: object) -> bytes:
        key = other.get("key", KEY)
        return sign(unsigned(payload, seq=seq, backlink=backlink, skiplink=skiplink, **other), key)  # type: ignore[arg-type]

    log = [entry(1)]
    for seq in range(2, 9):
        skip = {4: 1, 8: 4}.get(seq)
        log.append(entry(seq, yamf(log[-1]), yamf(log[skip - 1]) if skip else b""))
    e1, e2, e3, e4, *_, e7, e8 = log
    case("entry 2", e2, payload, None, backlink=e1)
    case("entry 4 with both links", e4, payload, None, backlink=e3, skiplink=e1)
    case("entry 8 with both links", e8, payload, None, backlink=e7, skiplink=e4)
    case("entry 2 whose target is not here", e2, payload, "backlink-missing", skiplink=e1)
    case("entry 4 whose skiplink's target is not here", e4, payload, "skiplink-missing", backlink=e3)
    case("backlink to other bytes", entry(2, yamf(b"else")), payload, "backlink-mismatch", backlink=e1)
    case(
        "skiplink to other bytes",
        entry(4, yamf(e3), yamf(b"else")),
        payload,
        "skiplink-mismatch",
        backlink=e3,
        skiplink=e1,
    )
    case(
        "skiplink to entry 2 at seq num 4",
        entry(4, yamf(e3), yamf(e2)),
        payload,
        "link-seq-num-mismatch",
        backlink=e3,
        skiplink=e2,
    )
    case("a skipped seq num", entry(3, yamf(e1)), payload, "link-seq-num-mismatch", backlink=e1)
    foreign = entry(1, key=OTHER_KEY)
    case(
        "backlink to another author",
        entry(2, yamf(foreign)),
        payload,
        "link-author-mismatch",
        backlink=foreign,
    )
    elsewhere = entry(1, log=b"\x03")
    case(
        "backlink into another log",
        entry(2, yamf(elsewhere)),
        payload,
        "link-log-mismatch",
        backlink=elsewhere,
    )
    ended = entry(1, tag=b"\x01")
    case("behind the end of a log", entry(2, yamf(ended)), payload, "after-end-of-log", backlink=ended)


def messages() -> None:
    message_case("update", message(action="update", id=INSTANCE), None)
    message_case("delete", message(action="delete", id=INSTANCE, fields=None), None)
    for kind, value in (
        ("str", ""),
        ("str", "Ünïcødé 🐼"),
        ("int", 0),
        ("int", -1),
        ("int", 2**63 - 1),
        ("int", -(2**63)),
        ("float", 3.5),
        ("float", 1e300),
        ("float", -0.0),
        ("bool", True),
        ("bool", False),
        ("relation", INSTANCE),
        ("str[]", []),
        ("str[]", ["a", "b"]),
        ("int[]", [1, -2]),
        ("float[]", [0.1]),
        ("bool[]", [True]),
        ("relation[]", [INSTANCE]),
    ):
        message_case(f"{kind} {value!r:.30}", field(kind, value), None)
    message_case(
        "fields in another order", message(fields={"b": FIELDS["message"], "a": FIELDS["message"]}), None
    )
    message_case(
        "keys in another order",
        cbor2.dumps({"fields": FIELDS, "version": 1, "schema": SCHEMA, "action": "create"}),
        None,
    )
    message_case("value before type", message(fields={"f": {"value": 1, "type": "int"}}), None)
    message_case(
        "an array before its type", message(fields={"f": {"value": [1.5, 2.5], "type": "float[]"}}), None
    )
    message_case("a long head for a short text", raw_value("str", b"\x78\x01a"), None)
    message_case("a long head for a small integer", raw_value("int", b"\x1b" + (5).to_bytes(8, "big")), None)
    message_case(
        "a float of 32 bits that 16 would do for", raw_value("float", bytes.fromhex("fa40600000")), None
    )
    message_case(
        "a float of 64 bits that 16 would do for",
        raw_value("float", bytes.fromhex("fb400c000000000000")),
        None,
    )

    good = message()
    message_case("no payload", b"", "cbor-truncated")
    message_case("a message without its last byte", good[:-1], "cbor-truncated")
    message_case("a message cut in a text", good[:9], "cbor-truncated")
    message_case("a message and a byte", good + b"\x00", "cbor-trailing-bytes")
    message_case("a tagged message", b"\xd9\xd9\xf7" + good, "wrong-type")
    message_case("an array", cbor2.dumps([1]), "wrong-type")
    message_case("a text", text("create"), "wrong-type")
    message_case("a map of indefinite length", b"\xbf" + good[1:] + b"\xff", "cbor-indefinite-length")
    message_case("a text of indefinite length", raw_value("str", b"\x7f\x61a\xff"), "cbor-indefinite-length")
    message_case("a reserved head", raw_value("int", b"\x1c"), "cbor-malformed")
    message_case(
        "a map that says it has 2^60 entries", b"\xbb" + (2**60).to_bytes(8, "big"), "cbor-truncated"
    )
    message_case(
        "an array that says it has 2^60 items",
        raw_value("int[]", b"\x9b" + (2**60).to_bytes(8, "big")),
        "cbor-truncated",
    )
    message_case(
        "a text that says it has 2^63 bytes",
        raw_value("str", b"\x7b" + (2**63).to_bytes(8, "big")),
        "cbor-truncated",
    )
    message_case("text that is not UTF-8", raw_value("str", b"\x62\xc3\x28"), "text-malformed")
    message_case("half a surrogate pair", raw_value("str", b"\x63\xed\xa0\x80"), "text-malformed")
    message_case("an unknown key", message(extra=1), "key-unknown")
    message_case("a key that is a number", b"\xa1\x01\x01", "wrong-type")
    message_case("action twice", b"\xa5" + good[1:] + text("action") + text("create"), "key-duplicate")
    message_case(
        "a field twice",
        raw_fields(2, (text("f") + cbor2.dumps({"type": "int", "value": 1})) * 2),
        "key-duplicate",
    )
    message_case(
        "type twice",
        raw_fields(1, text("f") + b"\xa3" + (text("type") + text("int")) * 2 + text("value") + b"\x01"),
        "key-duplicate",
    )
    message_case(
        "value twice",
        raw_fields(1, text("f") + b"\xa3" + text("type") + text("int") + (text("value") + b"\x01") * 2),
        "key-duplicate",
    )
    message_case(
        "a third key in a field", message(fields={"f": {"type": "int", "value": 1, "x": 1}}), "key-unknown"
    )
    message_case("a field without a value", message(fields={"f": {"type": "int"}}), "key-missing")
    message_case("a field without a type", message(fields={"f": {"value": 1}}), "key-missing")
    message_case("a field that is no map", message(fields={"f": 1}), "wrong-type")
    message_case("fields that are no map", message(fields=[1]), "wrong-type")
    for key in ("action", "schema", "version", "fields"):
        message_case(f"no {key}", message(**{key: None}), "key-missing")
    message_case("no fields in an update", message(action="update", id=INSTANCE, fields=None), "key-missing")
    message_case("no id in an update", message(action="update"), "key-missing")
    message_case("no id in a delete", message(action="delete", fields=None), "key-missing")
    message_case("an id in a create", message(id=INSTANCE), "key-not-allowed")
    message_case("fields in a delete", message(action="delete", id=INSTANCE), "key-not-allowed")
    message_case("no field in a create", message(fields={}), "fields-empty")
    message_case("no field in an update", message(action="update", id=INSTANCE, fields={}), "fields-empty")
    many = {f"f{n}": {"type": "bool", "value": True} for n in range(257)}
    message_case("256 fields", message(fields=dict(list(many.items())[:256])), None)
    message_case("a name of 255 characters", message(fields={"\U0001f43c" * 255: FIELDS["message"]}), None)
    long = {"n" * 256: FIELDS["message"]}
    message_case("a name of 256 characters", message(fields=long), "field-name-too-long")
    message_case("257 fields", message(fields=many), "fields-too-many")
    message_case(
        "a head that says 257 fields, and one",
        message(fields=FIELDS).replace(b"fields\xa1", b"fields\xb9\1\1"),
        "cbor-truncated",
    )
    message_case(
        "an empty fields map in a delete", message(action="delete", id=INSTANCE, fields={}), "key-not-allowed"
    )
    message_case("another action", message(action="destroy"), "action-unknown")
    message_case("action in capitals", message(action="Create"), "action-unknown")
    message_case("an action that is no text", message(action=1), "wrong-type")
    message_case("version 2", message(version=2), "version-unsupported")
    message_case("version 0", message(version=0), "version-unsupported")
    message_case("a version that is a float", message(version=1.0), "wrong-type")
    message_case("a schema in capitals", message(schema=SCHEMA.upper()), "schema-malformed")
    message_case("a schema that is too short", message(schema=SCHEMA[:-2]), "schema-malformed")
    message_case("a schema of another hash", message(schema="0120" + SCHEMA[4:]), "schema-malformed")
    message_case("a schema with a newline", message(schema=SCHEMA[:-1] + "\n"), "schema-malformed")
    message_case("a schema as bytes", message(schema=bytes.fromhex(SCHEMA)), "wrong-type")
    message_case("an id that is too long", message(action="update", id=INSTANCE + "00"), "id-malformed")
    message_case("a type that does not exist", field("date", "2020"), "field-type-unknown")
    message_case("an array of arrays", field("str[][]", [["a"]]), "field-type-unknown")
    message_case("the type []", field("[]", []), "field-type-unknown")
    message_case("a type that is no text", field(1, 1), "wrong-type")
    for kind, value in (
        ("str", 1),
        ("str", b"bytes"),
        ("str", None),
        ("str", ["a"]),
        ("int", "1"),
        ("int", 1.0),
        ("int", True),
        ("float", 1),
        ("float", "1"),
        ("bool", 1),
        ("bool", None),
        ("relation", 1),
        ("str[]", "a"),
        ("str[]", ["a", 1]),
        ("int[]", [1, 1.5]),
        ("str[]", [["a"]]),
        ("int", cbor2.CBORTag(2, b"\x01")),
    ):
        message_case(f"{kind} with {value!r:.30}", field(kind, value), "field-type-mismatch")
    message_case("int 2^63", field("int", 2**63), "integer-out-of-range")
    message_case("int -2^63 - 1", field("int", -(2**63) - 1), "integer-out-of-range")
    for name, number in (
        ("NaN", "f97e00"),
        ("infinity", "f97c00"),
        ("minus infinity", "f9fc00"),
        ("NaN of 64 bits", "fb7ff8000000000001"),
        ("infinity of 32 bits", "fa7f800000"),
    ):
        message_case(name, raw_value("float", bytes.fromhex(number)), "float-not-finite")
    message_case("a relation that is no hash", field("relation", "somebody"), "relation-malformed")
    message_case("a relation in capitals", field("relation", INSTANCE.upper()), "relation-malformed")
    message_case(
        "a relation in an array that is none", field("relation[]", [INSTANCE, ""]), "relation-malformed"
    )
    definition = yamf(b"p2panda/schema/1").hex()
    message_case("a schema definition in log 0", message(schema=definition), None, log=b"\x00")
    message_case("a schema definition in a user log", message(schema=definition), "system-log-mismatch")
    message_case(
        "an update of a schema definition",
        message(schema=definition, action="update", id=INSTANCE),
        "system-log-create-only",
        log=b"\x00",
    )


def main() -> None:
    entries()
    links()
    messages()
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in CASES)
    source = "made by make_corpus.py; the rules: the Bamboo specification, and docs/protocol.md for messages"
    text = f'{{"source": {json.dumps(source)},\n"cases": [\n{lines}\n]}}\n'
    (Path(__file__).parent / "corpus.json").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
