"""Byte for byte: the same inputs give the same messages and entries here and in p2panda-js 0.2.1."""

import math
from typing import Any

import pytest

from panda_web import bamboo, log, messages
from panda_web.bamboo import Head, digest, lipmaa
from panda_web.keys.chain import drive
from panda_web.keys.with_cryptography import CryptographySigner
from panda_web.messages import Field, Message, Relation
from tests.authors import SCHEMA, Author
from tests.interop.old_client import OldClient, OldClientError

HASH = digest(b"an instance").hex()

TEXTS = [
    "", "a", "x" * 23, "x" * 24, "x" * 255, "x" * 256, "x" * 65535, "x" * 65536, "\x00", "\x7f", "\x80",
    "Ünïcødé", "\u07ff\u0800", "\ue000\uffff", "\U00010000\U0010ffff", "🐼👩‍👩‍👧", "e\u0301 é", "\u202eabc", "\ufeff",
    "日本語", "\r\n\t\"\\/", "null", "0040" + "ab" * 64,
]  # fmt: skip
# What a double holds exactly: the old client's numbers are doubles on their way in.
INTS = [
    *(n * s for s in (1, -1) for n in (0, 1, 23, 24, 25, 255, 256, 257, 65535, 65536, 65537)),
    *(n * s for s in (1, -1) for n in (2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**53 - 1, 2**53, 2**62)),
    -(2**63),
    2**63 - 1024,
]  # fmt: skip
FLOATS = [
    0.0, -0.0, 1.0, -1.0, 0.5, 3.5, 1.5, 65504.0, 65505.0, 65520.0, 65536.0, 100000.0, 3.4028234663852886e38,
    3.4028235677973366e38, 1e300, -1e300, 1.7976931348623157e308, 5.960464477539063e-08, 6.103515625e-05,
    2.0**-24, 2.0**-25, 1.5 * 2.0**-24, 2.0**-14, 2.0**-15, 2.0**-126, 2.0**-149, 2.0**-150, 5e-324, 0.1, 1 / 3,
    1.1, 2049.0, 16777216.0, 16777217.0, 9007199254740993.0, 1.0009765625, 1.00048828125, math.pi,
]  # fmt: skip
NAMES = [
    ["b", "a", "ab", "aa", "B", "A", ""],
    ["z", "é", "e\u0301", "zz", "ÿ"],
    ["\U00010000", "\uffff", "\ue000", "a"],  # UTF-16 would sort them otherwise
    ["long" * 10, "x", "日本", "日", "日本語"],  # CBOR's own order would have the short ones first
    ["10", "9", "1", "01", "-1", " ", "\x00"],
    ["__proto__", "constructor", "type", "value", "id", "_meta"],
]


def fields_table() -> list[dict[str, Field]]:
    table: list[dict[str, Field]] = [{"s": Field("str", text)} for text in TEXTS]
    table += [{"i": Field("int", number)} for number in INTS]
    table += [{"f": Field("float", number)} for number in FLOATS]
    table += [{"b": Field("bool", value)} for value in (True, False)]
    table += [{"r": Field("relation", HASH)}]
    table += [{name: Field("int", n) for n, name in enumerate(names)} for names in NAMES]
    table += [{f"field{n}": Field("int", n) for n in range(count)} for count in (23, 24, 255, 256)]
    every = {"s": "x", "i": 1, "f": 0.5, "b": False, "r": Relation(HASH)}
    table.append(messages.infer_all(every))
    return table


def theirs(client: OldClient, message: Message) -> bytes:
    given = [[name, field.type, field.value] for name, field in message.fields.items()]
    return bytes.fromhex(
        client.ask("encode", action=message.action, schema=message.schema, id=message.id, fields=given)
    )


def test_messages(old_client: OldClient) -> None:
    table = fields_table()
    said = [messages.create(SCHEMA, fields) for fields in table]
    said += [messages.update(SCHEMA, HASH, fields) for fields in table[::7]]
    said += [messages.delete(SCHEMA, HASH)]
    for message in said:
        assert theirs(old_client, message) == message.encode(), message
        assert messages.decode(message.encode()) == message


def test_what_both_refuse_to_write(old_client: OldClient) -> None:
    for message in (messages.create(SCHEMA, {}), messages.update(SCHEMA, HASH, {})):
        with pytest.raises(OldClientError, match="can not be empty"):
            theirs(old_client, message)
        with pytest.raises(messages.InvalidMessage):
            message.encode()
    with pytest.raises(OldClientError, match="Unknown type"):
        theirs(old_client, messages.create(SCHEMA, {"a": Field("str[]", ("x",))}))


def hex_or_none(link: bytes | None) -> str | None:
    return link.hex() if link is not None else None


@pytest.mark.parametrize("log_id", [0, 1, 3, 247, 248, 255, 256, 257, 65535, 65536, 2**24, 2**31 - 1])
def test_first_entries(old_client: OldClient, log_id: int) -> None:
    same_entries(old_client, CryptographySigner(bytes([log_id % 251]) * 32), log_id, ["x"])


def test_a_chain_of_entries(old_client: OldClient) -> None:
    same_entries(old_client, CryptographySigner(bytes([1]) * 32), 1, [f"entry {n}" for n in range(45)])


@pytest.mark.parametrize("size", [0, 1, 40, 60, 200, 250, 300, 65000, 66000, 900_000])
def test_payloads_of_all_sizes(old_client: OldClient, size: int) -> None:
    same_entries(old_client, CryptographySigner(bytes([2]) * 32), 5, ["x" * size])


@pytest.mark.parametrize("seq_num", [247, 248, 255, 256, 364, 1093, 65535, 65536, 2**31 - 1])
def test_far_up_in_a_log(old_client: OldClient, seq_num: int) -> None:
    """Links are hashes of anything here: what counts is which are there, and where."""
    signer, payload = CryptographySigner(bytes([3]) * 32), messages.delete(SCHEMA, HASH).encode()
    head = Head(seq_num - 1, {n: digest(b"%d" % n) for n in (seq_num - 1, lipmaa(seq_num))})
    (signed,) = drive(log.chain(signer.author, 1, head, [payload]), signer._private.sign)
    assert sign(old_client, bytes([3]) * 32, signed.entry, payload) == signed.encoded


def same_entries(old_client: OldClient, signer: CryptographySigner, log_id: int, texts: list[str]) -> None:
    """Signs a chain here; the old client, given the same links, makes the same bytes, and reads ours."""
    seed = signer._private.private_bytes_raw()
    payloads = [messages.create(SCHEMA, {"s": Field("str", text)}).encode() for text in texts]
    chain = drive(log.chain(signer.author, log_id, Head(), payloads), signer._private.sign)
    for signed, payload, text in zip(chain, payloads, texts, strict=True):
        assert sign(old_client, seed, signed.entry, payload) == signed.encoded
        read = old_client.ask("decode", entry=signed.encoded.hex(), message=payload.hex())
        assert read == {
            "entryHashBacklink": hex_or_none(signed.entry.backlink),
            "entryHashSkiplink": hex_or_none(signed.entry.skiplink),
            "logId": log_id,
            "message": {
                "action": "create",
                "schema": SCHEMA,
                "version": 1,
                "fields": {"s": {"type": "str", "value": text}},
            },
            "seqNum": signed.entry.seq_num,
        }


def sign(old_client: OldClient, seed: bytes, entry: bamboo.Entry, payload: bytes) -> bytes:
    found = old_client.ask(
        "sign",
        privateKey=seed.hex(),
        message=payload.hex(),
        backlink=hex_or_none(entry.backlink),
        skiplink=hex_or_none(entry.skiplink),
        seqNum=entry.seq_num,
        logId=entry.log_id,
    )
    encoded = bytes.fromhex(found["entryEncoded"])
    assert found["entryHash"] == digest(encoded).hex()
    assert found["messageHash"] == digest(payload).hex()
    return encoded


def test_it_reads_every_value_of_ours(old_client: OldClient) -> None:
    author = Author(4)
    for fields in fields_table():
        signed, payload = author.write(messages.create(SCHEMA, fields))
        read: Any = old_client.ask("decode", entry=signed.encoded.hex(), message=payload.hex())
        found = {name: (f["type"], as_double(f["value"])) for name, f in read["message"]["fields"].items()}
        assert found == {name: (f.type, as_double(f.value)) for name, f in fields.items()}


def as_double(value: Any) -> Any:
    """Numbers are doubles when they leave the old client, integers too."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def test_it_does_not_check_signatures(old_client: OldClient) -> None:
    """Why what it shows is worth what its node is worth; ours refuses the same bytes."""
    signed, payload = Author(5).create(n=1)
    broken = signed.encoded[:-1] + bytes([signed.encoded[-1] ^ 1])
    assert old_client.ask("decode", entry=broken.hex(), message=payload.hex())["seqNum"] == 1
