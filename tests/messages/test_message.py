import json
import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import messages
from panda_web.messages import Field, InvalidMessage, Message, Relation, infer
from panda_web.messages.errors import (
    FieldsTooMany,
    FieldTypeAmbiguous,
    FieldTypeMismatch,
    FieldTypeUnknown,
    PayloadTooLarge,
)
from panda_web.messages.message import read_any, read_as_written
from tests.examples import examples
from tests.messages.strategies import FIELDS, HASHES, MESSAGES

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "p2panda-0.2.1.json").read_text("utf-8"))
LOG = VECTORS["panda"]["logs"][0]
PAIRS = list(zip(LOG["encodedEntries"], LOG["decodedMessages"], strict=True))


def plain(message: Message) -> dict[str, Any]:
    """The message as plain values, in the order of the rules."""
    value: dict[str, Any] = {"action": message.action, "schema": message.schema, "version": 1}
    if message.id is not None:
        value["id"] = message.id
    if message.previous:
        value["previous"] = list(message.previous)
    if message.action != "delete":
        value["fields"] = {
            name: {
                "type": field.type,
                "value": list(field.value) if isinstance(field.value, tuple) else field.value,
            }
            for name, field in sorted(message.fields.items(), key=lambda item: item[0].encode())
        }
    return value


@pytest.mark.parametrize(("entry", "decoded"), PAIRS)
def test_vectors(entry: dict[str, Any], decoded: dict[str, Any]) -> None:
    payload = bytes.fromhex(entry["payloadBytes"])
    message = messages.decode(payload)
    assert plain(message) == decoded
    assert message.encode() == payload


@given(MESSAGES)
def test_round_trip(message: Message) -> None:
    assert messages.decode(message.encode()) == message


@given(MESSAGES)
def test_written_as_cbor2_would(message: Message) -> None:
    """cbor2 in canonical mode writes the shortest heads and floats; only the order of maps is ours."""
    expected = cbor2.dumps(plain(message))
    assert cbor2.loads(message.encode()) == cbor2.loads(expected)
    floats = [field.value for field in message.fields.values() if field.type in ("float", "float[]")]
    if not floats:
        assert message.encode() == expected
    for value in floats:
        for number in value if isinstance(value, tuple) else (value,):
            # cbor2 5.9 thinks the largest half too large for one.
            largest_half = abs(number) == 65504.0
            short = struct.pack(">Be", 0xF9, number) if largest_half else cbor2.dumps(number, canonical=True)
            assert short in message.encode()


@given(MESSAGES, st.data())
def test_mutations_get_a_named_error_or_a_message_that_cbor2_reads_alike(
    message: Message, data: st.DataObject
) -> None:
    payload = bytearray(message.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = messages.decode(bytes(payload))
    except InvalidMessage as error:
        assert error.reason != InvalidMessage.reason
        return
    oracle = cbor2.loads(bytes(payload))
    assert plain(found) == oracle or any(isinstance(f.value, float) for f in found.fields.values())
    assert messages.decode(found.encode()) == found


@st.composite
def changed_payloads(draw: st.DrawFn) -> bytes:
    """A message's bytes, some of them changed, cut off, doubled, or written longer than need be."""
    payload = draw(MESSAGES).encode()
    for _ in range(draw(st.integers(0, 2))):
        start = draw(st.integers(0, len(payload)))
        end = draw(st.integers(start, min(len(payload), start + 40)))
        stretch = draw(st.binary(max_size=3) | st.just(payload[start:end] * 2))
        payload = payload[:start] + stretch + payload[end:]
    for short, long in draw(st.lists(st.sampled_from(LONGER), max_size=2)):
        payload = payload.replace(short, long)
    return payload


LONGER = [(b"\x66action", b"\x78\x06action"), (b"\x64type", b"\x79\x00\x04type"), (b"\x01", b"\x18\x01")]


def outcome(read: Callable[[bytes], Message], payload: bytes) -> tuple[object, ...]:
    """What reading gives: the message, or the class and words of the error."""
    try:
        return "message", repr(read(payload))
    except InvalidMessage as error:
        return type(error), str(error)


@examples(5)
@given(changed_payloads())
def test_the_quick_way_reads_what_the_plain_way_reads(payload: bytes) -> None:
    assert outcome(messages.decode, payload) == outcome(read_any, payload)


@given(MESSAGES)
def test_what_is_written_is_read_the_quick_way(message: Message) -> None:
    assert repr(read_as_written(message.encode())) == repr(read_any(message.encode()))


@given(st.binary(max_size=200))
def test_noise_gets_a_named_error(data: bytes) -> None:
    with pytest.raises(InvalidMessage):
        messages.decode(data)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["action", "schema", "version", "id", "previous", "fields", "type", "value"])
                | st.text(max_size=3),
                inner,
                max_size=6,
            )
        ),
        max_leaves=12,
    )
)
def test_well_formed_cbor_of_other_shapes_gets_a_named_error(value: object) -> None:
    with pytest.raises(InvalidMessage):
        messages.decode(cbor2.dumps(value))


@given(MESSAGES.filter(lambda m: m.action != "delete"), st.randoms())
def test_order_of_fields_does_not_matter_to_the_reader(message: Message, random: Any) -> None:
    value = plain(message)
    names = list(value["fields"])
    random.shuffle(names)
    value["fields"] = {name: value["fields"][name] for name in names}
    assert messages.decode(cbor2.dumps(value)) == message


def test_three_and_a_half() -> None:
    message = messages.create("0040" + "00" * 64, {"f": Field("float", 3.5)})
    assert message.encode().endswith(b"\x65value" + bytes.fromhex("f94300"))


def test_too_large() -> None:
    with pytest.raises(PayloadTooLarge):
        messages.create("0040" + "00" * 64, {"f": Field("str", "x" * messages.MAX_SIZE)}).encode()
    with pytest.raises(PayloadTooLarge):
        messages.decode(bytes(messages.MAX_SIZE + 1))


@given(FIELDS)
def test_types_are_told_from_python_values(field: Field) -> None:
    if field.value == ():
        with pytest.raises(FieldTypeAmbiguous):
            infer(field.value)
    else:
        assert infer(list(field.value) if isinstance(field.value, tuple) else field.value) == field


@pytest.mark.parametrize("value", [None, b"bytes", {"a": 1}, object(), [], [1, "a"], [[1]], [None]])
def test_what_cannot_be_told(value: object) -> None:
    with pytest.raises(FieldTypeAmbiguous):
        infer(value)


@pytest.mark.parametrize(
    ("kind", "value"), [("int", True), ("int", 1.0), ("float", 1), ("str", 1), ("str[]", "a"), ("bool", 0)]
)
def test_what_does_not_fit_its_type_is_not_written(kind: str, value: Any) -> None:
    with pytest.raises(FieldTypeMismatch):
        messages.create("0040" + "00" * 64, {"f": Field(kind, value)}).encode()


def test_unknown_types_and_broken_values_are_not_written() -> None:
    schema = "0040" + "00" * 64
    with pytest.raises(FieldTypeUnknown):
        messages.create(schema, {"f": Field("date", "x")}).encode()
    for field, reason in (
        (Field("float", math.nan), "float-not-finite"),
        (Field("int", 2**63), "integer-out-of-range"),
        (Field("str", "\ud800"), "text-malformed"),
        (Field("relation", Relation("x")), "relation-malformed"),
    ):
        with pytest.raises(InvalidMessage) as refused:
            messages.create(schema, {"f": field}).encode()
        assert refused.value.reason == reason


MANY = {f"f{n}": Field("bool", True) for n in range(257)}


def test_fields_are_counted_before_they_are_read() -> None:
    """However a message is written: what stands behind their number is not looked at, for it is none here."""
    schema = "0040" + "00" * 64
    most = dict(list(MANY.items())[:256])
    payload = messages.create(schema, most).encode()
    assert messages.decode(payload).fields == most
    start = payload[: payload.index(b"fields")]
    hostile = start + b"\x66fields"[1:] + b"\xba\x00\x00\x75\x30" + b"\xff" * 200_000
    for written in (hostile, hostile.replace(b"version\x01", b"version\x18\x01")):
        with pytest.raises(FieldsTooMany):
            messages.decode(written)


def hashes(*numbers: int) -> list[str]:
    return [f"0040{number:0128x}" for number in numbers]


@pytest.mark.parametrize(
    ("previous", "reason"),
    [
        ([], "previous-empty"),
        (hashes(*range(17)), "previous-too-many"),
        (hashes(2, 1), "previous-unordered"),
        (hashes(1, 1), "previous-unordered"),
        (["00"], "previous-malformed"),
        ([each.upper() for each in hashes(10)], "previous-malformed"),
        ([1], "wrong-type"),
        ("00", "wrong-type"),
        ({}, "wrong-type"),
    ],
)
def test_what_is_no_previous(previous: object, reason: str) -> None:
    """However it is written, so by whichever way it is read."""
    schema, instance = hashes(1, 2)
    beginning = {"schema": schema, "version": 1, "id": instance, "previous": previous}
    fields = {"f": {"type": "int", "value": 1}}
    for value in (
        {"action": "delete", **beginning},
        {"action": "update", **beginning, "fields": fields},
        {"action": "update", "fields": fields, **beginning},
    ):
        with pytest.raises(InvalidMessage) as refused:
            messages.decode(cbor2.dumps(value))
        assert refused.value.reason == reason


def test_a_create_has_no_previous() -> None:
    """Nor is one taken for a create whose map announces one key more than it has."""
    schema, instance = hashes(1, 2)
    fields = {"f": {"type": "int", "value": 1}}
    value = {"action": "create", "schema": schema, "version": 1, "previous": [instance], "fields": fields}
    with pytest.raises(InvalidMessage) as refused:
        messages.decode(cbor2.dumps(value))
    assert refused.value.reason == "key-not-allowed"
    del value["previous"]
    for head in range(0xA0, 0xB8):
        payload = bytes((head,)) + cbor2.dumps(value)[1:]
        assert outcome(messages.decode, payload) == outcome(read_any, payload)


@pytest.mark.parametrize("count", [1, 15, 16])
def test_previous_stands_behind_the_id(count: int) -> None:
    schema, instance, *previous = hashes(*range(count + 2))
    for message in (
        messages.update(schema, instance, {"f": Field("int", 1)}, tuple(previous)),
        messages.delete(schema, instance, tuple(previous)),
    ):
        payload = message.encode()
        assert payload == cbor2.dumps(plain(message))
        assert list(cbor2.loads(payload))[3:5] == ["id", "previous"]
        assert messages.decode(payload) == message
        assert messages.decode(payload).encode() == payload


@given(HASHES, HASHES)
def test_rules_hold_for_what_is_written(schema: str, instance: str) -> None:
    for message, reason in (
        (messages.create(schema, {}), "fields-empty"),
        (messages.update(schema, instance, {}), "fields-empty"),
        (messages.create(schema, MANY), "fields-too-many"),
        (messages.create(schema, {"n" * 256: Field("int", 1)}), "field-name-too-long"),
        (messages.update(schema, instance, MANY), "fields-too-many"),
        (messages.delete(schema, "x"), "id-malformed"),
        (messages.create("x", {"f": Field("int", 1)}), "schema-malformed"),
        (Message("delete", schema, instance, {"f": Field("int", 1)}), "key-not-allowed"),
        (Message("create", schema, instance, {"f": Field("int", 1)}), "key-not-allowed"),
        (Message("create", schema, None, {"f": Field("int", 1)}, (instance,)), "key-not-allowed"),
        (messages.delete(schema, instance, (instance, instance)), "previous-unordered"),
        (messages.delete(schema, instance, ("x",)), "previous-malformed"),
    ):
        with pytest.raises(InvalidMessage) as refused:
            message.encode()
        assert refused.value.reason == reason
