"""The message codec: create, update, delete.

A message is a CBOR map with the keys `action`, `schema`, `version` (1), `id` (update and delete only) and
`fields` (create and update only, never empty), written in this order; `fields` is sorted by the names'
UTF-8 bytes. What is written has the same bytes as p2panda-js 0.2.1 gives. Reading takes keys in any order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from panda_web.bamboo import is_hex
from panda_web.messages import cbor
from panda_web.messages.errors import (
    ActionUnknown,
    CborTrailing,
    FieldsEmpty,
    IdMalformed,
    KeyDuplicate,
    KeyMissing,
    KeyNotAllowed,
    KeyUnknown,
    PayloadTooLarge,
    SchemaMalformed,
    VersionUnsupported,
)
from panda_web.messages.fields import Field, Value, read_value, write_field

Action = Literal["create", "update", "delete"]
VERSION = 1
MAX_SIZE = 1 << 20
"""A payload is at most 1 MiB, protocol-wide."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. Made by `create`, `update`, `delete` or `decode`, which hold it to the rules.

    Attributes:
        action: what is done.
        schema: the schema's id, 132 hex digits.
        id: the instance, by the entry hash of its create; None in a create.
        fields: name to value; empty in a delete.
    """

    action: Action
    schema: str
    id: str | None = None
    fields: Mapping[str, Field] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The payload. Raises InvalidMessage where the message breaks a rule."""
        _check(
            self.action,
            self.schema,
            VERSION,
            self.id,
            self.fields or None if self.action == "delete" else self.fields,
        )
        parts = [
            bytes((0xA3 + (self.id is not None) + (self.action != "delete"),)),
            b"\x66action",
            cbor.write_text(self.action),
            b"\x66schema",
            cbor.write_text(self.schema),
            b"\x67version\x01",
        ]
        if self.id is not None:
            parts += (b"\x62id", cbor.write_text(self.id))
        if self.action != "delete":
            parts += (b"\x66fields", cbor.head(cbor.MAP, len(self.fields)))
            # Code points sort as their UTF-8 bytes do.
            for name in sorted(self.fields):
                parts += (cbor.write_text(name), write_field(self.fields[name]))
        payload = b"".join(parts)
        if len(payload) > MAX_SIZE:
            raise PayloadTooLarge(f"The message has {len(payload)} bytes; {MAX_SIZE} are allowed.")
        return payload


def create(schema: str, fields: Mapping[str, Field]) -> Message:
    """A new instance of `schema`."""
    return Message("create", schema, None, fields)


def update(schema: str, instance: str, fields: Mapping[str, Field]) -> Message:
    """New values for some fields of an instance."""
    return Message("update", schema, instance, fields)


def delete(schema: str, instance: str) -> Message:
    """The end of an instance."""
    return Message("delete", schema, instance)


def decode(payload: bytes) -> Message:
    """Reads one message that fills `payload` exactly.

    Raises:
        InvalidMessage: one of its subclasses, named after the broken rule.
    """
    if len(payload) > MAX_SIZE:
        raise PayloadTooLarge(f"The message has {len(payload)} bytes; {MAX_SIZE} are allowed.")
    count, at = cbor.read_map(payload, 0)
    action = schema = instance = None
    version: int | None = None
    fields: dict[str, Field] | None = None
    seen = set()
    for _ in range(count):
        key, at = cbor.read_text(payload, at)
        if key in seen:
            raise KeyDuplicate(f"The message has the key {key!r} twice.")
        seen.add(key)
        match key:
            case "action":
                action, at = cbor.read_text(payload, at)
            case "schema":
                schema, at = cbor.read_text(payload, at)
            case "version":
                version, at = cbor.read_int(payload, at)
            case "id":
                instance, at = cbor.read_text(payload, at)
            case "fields":
                fields, at = _read_fields(payload, at)
            case _:
                raise KeyUnknown(f"Messages have no key {key[:40]!r}.")
    if at != len(payload):
        raise CborTrailing(f"{len(payload) - at} bytes follow the message.")
    known, schema = _check(action, schema, version, instance, fields)
    return Message(known, schema, instance, fields or {})


def _read_fields(data: bytes, at: int) -> tuple[dict[str, Field], int]:
    count, at = cbor.read_map(data, at)
    fields: dict[str, Field] = {}
    for _ in range(count):
        name, at = cbor.read_text(data, at)
        if name in fields:
            raise KeyDuplicate(f"The message has the field {name[:40]!r} twice.")
        fields[name], at = _read_field(data, at)
    return fields, at


def _read_field(data: bytes, at: int) -> tuple[Field, int]:
    count, at = cbor.read_map(data, at)
    starts: dict[str, int] = {}
    kind: str | None = None
    value: Value | None = None
    for _ in range(count):
        key, at = cbor.read_text(data, at)
        if key in starts:
            raise KeyDuplicate(f"A field has its {key} twice.")
        starts[key] = at
        if key == "type":
            kind, at = cbor.read_text(data, at)
        elif key != "value":
            raise KeyUnknown(f"A field has a type and a value, and no {key[:40]!r}.")
        elif kind is not None:
            value, at = read_value(kind, data, at)
        else:
            at = cbor.skip(data, at)  # only the type behind it says how to read it
    if kind is None or "value" not in starts:
        raise KeyMissing("A field lacks its type or its value.")
    if value is None:
        value, _ = read_value(kind, data, starts["value"])
    return Field(kind, value), at


def _check(
    action: str | None,
    schema: str | None,
    version: int | None,
    instance: str | None,
    fields: Mapping[str, Field] | None,
) -> tuple[Action, str]:
    """Holds a message's parts to the rules, in one order everywhere, so that the first reason is the same."""
    if action is None or schema is None or version is None:
        raise KeyMissing("A message needs the keys action, schema and version.")
    if action not in ("create", "update", "delete"):
        raise ActionUnknown(f"A message creates, updates or deletes; there is no action {action[:40]!r}.")
    if version != VERSION:
        raise VersionUnsupported(f"The message has version {version}; only version {VERSION} is known.")
    if not is_hex(schema):
        raise SchemaMalformed("The schema is not a hash of 132 lower-case hex digits.")
    if action == "create":
        if instance is not None:
            raise KeyNotAllowed("A create has no id: its entry's hash becomes the instance's id.")
    elif instance is None:
        raise KeyMissing(f"The {action} does not say which instance it is for.")
    elif not is_hex(instance):
        raise IdMalformed("The id is not a hash of 132 lower-case hex digits.")
    if action == "delete":
        if fields is not None:
            raise KeyNotAllowed("A delete has no fields.")
    elif fields is None:
        raise KeyMissing(f"The {action} has no fields.")
    elif not fields:
        raise FieldsEmpty(f"The {action} has not a single field.")
    return cast("Action", action), schema
