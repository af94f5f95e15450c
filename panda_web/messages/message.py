"""The message codec: create, update, delete.

A message is a CBOR map with the keys `action`, `schema`, `version` (1), `id` and `previous` (update and
delete only) and `fields` (create and update only, never empty), written in this order; `fields` is sorted by
the names' UTF-8 bytes. Reading takes keys in any order.

`previous` is for instances that several devices write (`messages.instance`): 1 to 16 entry hashes, ascending.
Who writes alone leaves it out, and then the bytes are those of p2panda-js 0.2.1, which does not know it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from panda_web.bamboo import HEX_SIZE, is_hex
from panda_web.messages import cbor
from panda_web.messages.errors import (
    ActionUnknown,
    CborTrailing,
    FieldNameTooLong,
    FieldsEmpty,
    FieldsTooMany,
    IdMalformed,
    InvalidMessage,
    KeyDuplicate,
    KeyMissing,
    KeyNotAllowed,
    KeyUnknown,
    PayloadTooLarge,
    PreviousEmpty,
    PreviousMalformed,
    PreviousTooMany,
    PreviousUnordered,
    SchemaMalformed,
    VersionUnsupported,
)
from panda_web.messages.fields import READERS_BEHIND, Field, Shape, Value, read_value

Action = Literal["create", "update", "delete"]
_ACTIONS: tuple[Action, ...] = ("create", "update", "delete")
_BEGINNINGS: tuple[tuple[Action, bool], ...] = (
    *((action, False) for action in _ACTIONS),
    ("update", True),
    ("delete", True),
)
"""How messages may begin: with which action, and whether `previous` follows."""
VERSION = 1
MAX_SIZE = 1 << 20
"""A payload is at most 1 MiB, protocol-wide."""
MAX_FIELDS = 256
"""Fields of a message, and of a schema, whose fields become columns: PostgreSQL has 1,600 in a table, SQLite
2,000."""
MAX_FIELD_NAME = 255
"""Code points of a field's name. Those of a schema have 64; nodes keep the others in an index too."""

MAX_PREVIOUS = 16
"""Hashes in a message's `previous`: as many as a person may have devices."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. Made by `create`, `update`, `delete` or `decode`, which hold it to the rules.

    Attributes:
        action: what is done.
        schema: the schema's id, 132 hex digits.
        id: the instance, by the entry hash of its create; None in a create.
        fields: name to value; empty in a delete.
        previous: the last entries about the instance in other logs that the writer holds, by their hashes of
            132 hex digits, ascending; empty where there are none.
    """

    action: Action
    schema: str
    id: str | None = None
    fields: Mapping[str, Field] = field(default_factory=dict)
    previous: tuple[str, ...] = ()

    def encode(self) -> bytes:
        """The payload. Raises InvalidMessage where the message breaks a rule."""
        parts = [_beginning(self.action, self.schema, bool(self.previous))]
        fields = self.fields or None if self.action == "delete" else self.fields
        _check_parts(self.action, self.id, self.previous or None, fields)
        if self.id is not None:
            parts += (_ID, cbor.write_text(self.id)[2:])
        if self.previous:
            parts += (_PREVIOUS, cbor.head(cbor.ARRAY, len(self.previous)))
            parts += map(cbor.write_text, self.previous)
        if fields is not None:
            parts.append(_FIELDS)
            shape = _shape(tuple(fields), tuple([each.type for each in fields.values()]))
            parts += shape.write(fields)
        payload = b"".join(parts)
        if len(payload) > MAX_SIZE:
            raise PayloadTooLarge(f"The message has {len(payload)} bytes; {MAX_SIZE} are allowed.")
        return payload


@lru_cache(maxsize=256)  # one author's messages begin alike, and so do those of one schema
def _beginning(action: str, schema: str, has_previous: bool) -> bytes:
    """A message up to its version, as it is written. Raises InvalidMessage."""
    known = _check_beginning(action, schema, VERSION)
    return b"".join(
        (
            cbor.head(cbor.MAP, (5 if known == "update" else 4) + has_previous),
            b"\x66action",
            cbor.write_text(action),
            b"\x66schema",
            cbor.write_text(schema),
            b"\x67version\x01",
        )
    )


@lru_cache(maxsize=64)  # messages of one schema have the same fields
def _shape(names: tuple[str, ...], kinds: tuple[str, ...]) -> Shape:
    """What is written of fields beside their values. Raises InvalidMessage."""
    _check_names(names)
    return Shape.of(names, kinds)


_ID = b"\x62id\x78\x84"  # the head says 132 digits
_PREVIOUS = b"\x68previous"
_FIELDS = b"\x66fields"
_SCHEMA_AT = len(b"\xa4\x66action\x66create\x66schema\x78\x84")
_BEGINNING_SIZE = _SCHEMA_AT + HEX_SIZE + len(b"\x67version\x01")


def create(schema: str, fields: Mapping[str, Field]) -> Message:
    """A new instance of `schema`."""
    return Message("create", schema, None, fields)


def update(
    schema: str, instance: str, fields: Mapping[str, Field], previous: tuple[str, ...] = ()
) -> Message:
    """New values for some fields of an instance."""
    return Message("update", schema, instance, fields, previous)


def delete(schema: str, instance: str, previous: tuple[str, ...] = ()) -> Message:
    """The end of an instance."""
    return Message("delete", schema, instance, previous=previous)


def decode(payload: bytes) -> Message:
    """Reads one message that fills `payload` exactly.

    Raises:
        InvalidMessage: one of its subclasses, named after the broken rule.
    """
    if len(payload) > MAX_SIZE:
        raise PayloadTooLarge(f"The message has {len(payload)} bytes; {MAX_SIZE} are allowed.")
    return read_as_written(payload) or read_any(payload)


def read_as_written(data: bytes) -> Message | None:
    """The message, if it is written as `encode` would (though its fields may stand in any order).

    So are nearly all, and then whole stretches of bytes can be compared instead of being taken apart. None
    says nothing but that `read_any` has to look, which alone knows what is wrong, and what is wrong first.
    """
    try:
        beginning = _read_beginning(data[:_BEGINNING_SIZE])
        if beginning is None:
            return None
        action, schema, has_previous = beginning
        instance = None
        previous: tuple[str, ...] = ()
        at = _BEGINNING_SIZE
        if action != "create":
            end = at + len(_ID) + HEX_SIZE
            instance = data[at + len(_ID) : end].decode()
            if not (data.startswith(_ID, at) and is_hex(instance)):
                return None
            at = end
        if has_previous:
            if not data.startswith(_PREVIOUS, at):
                return None
            previous, at = _read_previous(data, at + len(_PREVIOUS))
            _check_previous(previous)
        fields: dict[str, Field] = {}
        if action != "delete":
            if not data.startswith(_FIELDS, at):
                return None
            count, at = cbor.read_map(data, at + len(_FIELDS))
            if count > MAX_FIELDS:
                return None
            for _ in range(count):
                name, at = cbor.read_text(data, at)
                if len(name) > MAX_FIELD_NAME:
                    return None
                # Up to the value a field has 13 bytes and its type's name, whose length is in the seventh.
                end = at + 13 + data[at + 6] - 0x60
                kind, read = READERS_BEHIND[data[at:end]]
                value, at = read(data, end)
                fields[name] = Field(kind, value)
            if len(fields) != count or not fields:
                return None
        return Message(action, schema, instance, fields, previous) if at == len(data) else None
    except (InvalidMessage, LookupError, UnicodeDecodeError):
        return None


@lru_cache(maxsize=256)
def _read_beginning(data: bytes) -> tuple[Action, str, bool] | None:
    """The action and the schema of which `data` is the beginning, and whether `previous` follows."""
    schema = data[_SCHEMA_AT : _SCHEMA_AT + HEX_SIZE].decode("ascii", "replace")
    if is_hex(schema):
        for action, has_previous in _BEGINNINGS:
            if data == _beginning(action, schema, has_previous):
                return action, schema, has_previous
    return None


def read_any(payload: bytes) -> Message:
    """The message, however its CBOR is written. Raises InvalidMessage."""
    count, at = cbor.read_map(payload, 0)
    action = schema = instance = None
    version: int | None = None
    fields: dict[str, Field] | None = None
    previous: tuple[str, ...] | None = None
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
            case "previous":
                previous, at = _read_previous(payload, at)
            case "fields":
                fields, at = _read_fields(payload, at)
            case _:
                raise KeyUnknown(f"Messages have no key {key[:40]!r}.")
    if at != len(payload):
        raise CborTrailing(f"{len(payload) - at} bytes follow the message.")
    if action is None or schema is None or version is None:
        raise KeyMissing("A message needs the keys action, schema and version.")
    known = _check_beginning(action, schema, version)
    _check_parts(known, instance, previous, fields)
    _check_names(fields or ())
    return Message(known, schema, instance, fields or {}, previous or ())


def _read_previous(data: bytes, at: int) -> tuple[tuple[str, ...], int]:
    count, at = cbor.read_array(data, at)
    _check_previous_count(count)
    hashes = []
    for _ in range(count):
        text, at = cbor.read_text(data, at)
        hashes.append(text)
    return tuple(hashes), at


def _read_fields(data: bytes, at: int) -> tuple[dict[str, Field], int]:
    count, at = cbor.read_map(data, at)
    _check_count(count)
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


def _check_beginning(action: str, schema: str, version: int) -> Action:
    """Holds what every message has to the rules. First this, then `_check_parts`: one order everywhere."""
    if action not in _ACTIONS:
        raise ActionUnknown(f"A message creates, updates or deletes; there is no action {action[:40]!r}.")
    if version != VERSION:
        raise VersionUnsupported(f"The message has version {version}; only version {VERSION} is known.")
    if not is_hex(schema):
        raise SchemaMalformed("The schema is not a hash of 132 lower-case hex digits.")
    return action


def _check_parts(
    action: Action,
    instance: str | None,
    previous: tuple[str, ...] | None,
    fields: Mapping[str, Field] | None,
) -> None:
    """Holds what depends on the action to the rules."""
    if action == "create":
        if instance is not None:
            raise KeyNotAllowed("A create has no id: its entry's hash becomes the instance's id.")
        if previous is not None:
            raise KeyNotAllowed("A create has no previous entries: it begins the instance.")
    elif instance is None:
        raise KeyMissing(f"The {action} does not say which instance it is for.")
    elif not is_hex(instance):
        raise IdMalformed("The id is not a hash of 132 lower-case hex digits.")
    if previous is not None:
        _check_previous(previous)
    if action == "delete":
        if fields is not None:
            raise KeyNotAllowed("A delete has no fields.")
    elif fields is None:
        raise KeyMissing(f"The {action} has no fields.")
    elif not fields:
        raise FieldsEmpty(f"The {action} has not a single field.")


def _check_names(names: Collection[str]) -> None:
    _check_count(len(names))
    longest = max(names, key=len, default="")
    if len(longest) > MAX_FIELD_NAME:
        raise FieldNameTooLong(
            f"The name {longest[:40]!r}… of a field has {len(longest)} characters; "
            f"{MAX_FIELD_NAME} are allowed."
        )


def _check_previous(previous: tuple[str, ...]) -> None:
    _check_previous_count(len(previous))
    for each in previous:
        if not is_hex(each):
            raise PreviousMalformed("The previous entries are not all hashes of 132 lower-case hex digits.")
    for one, other in pairwise(previous):
        if one >= other:
            raise PreviousUnordered("The previous entries must stand in ascending order, each of them once.")


def _check_previous_count(count: int) -> None:
    if count == 0:
        raise PreviousEmpty("The message has the key previous with nothing in it; leave it out.")
    if count > MAX_PREVIOUS:
        raise PreviousTooMany(f"The message names {count} previous entries; {MAX_PREVIOUS} are allowed.")


def _check_count(count: int) -> None:
    if count > MAX_FIELDS:
        raise FieldsTooMany(
            f"The message has {count} fields; {MAX_FIELDS} are allowed. A list can hold what is alike."
        )
