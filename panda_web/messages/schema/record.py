"""Between the fields of messages and Python's values: plain ones, and a dataclass for each schema."""

import keyword
from collections.abc import Mapping
from dataclasses import field, fields, is_dataclass, make_dataclass
from typing import Any, Literal

from panda_web.messages.fields import Field, Relation, Scalar
from panda_web.messages.schema.errors import FieldUnknown, ValueTypeMismatch
from panda_web.messages.schema.field import TYPES, FieldDefinition
from panda_web.messages.schema.rules import shown

_EXACT = 1 << 53
"""Integers up to here are floats too, without loss."""


def record_class(name: str, description: str, definitions: tuple[FieldDefinition, ...]) -> type[Any]:
    """The work of `Schema.dataclass`."""
    members = []
    for definition, attribute in zip(definitions, _attributes(definitions), strict=True):
        scalar: Any = TYPES[definition.base][1]
        annotation = tuple[scalar, ...] if definition.is_array else scalar
        metadata = {"name": definition.name}
        members.append(
            (attribute, annotation | None, field(default=None, metadata=metadata))
            if definition.optional
            else (attribute, annotation, field(metadata=metadata))
        )
    # `__module__` is where a reader of a repr would look for it
    namespace = {"__doc__": description, "__module__": __name__}
    return make_dataclass(
        _class_name(name), members, namespace=namespace, frozen=True, slots=True, kw_only=True
    )


def _attributes(definitions: tuple[FieldDefinition, ...]) -> list[str]:
    """Field names, and for Python's keywords the name with as many underscores behind it as make it free."""
    taken = {definition.name for definition in definitions}
    attributes = []
    for definition in definitions:
        name = definition.name
        if keyword.iskeyword(name):
            while name in taken or keyword.iskeyword(name):
                name += "_"
        attributes.append(name)
    return attributes


def _class_name(name: str) -> str:
    words = "".join(character if character.isalnum() else " " for character in name).split()
    joined = "".join(word[0].upper() + word[1:] for word in words)
    return joined if joined.isidentifier() and not keyword.iskeyword(joined) else "Record"


def with_lists(definitions: tuple[FieldDefinition, ...], given: Mapping[str, Field]) -> dict[str, Field]:
    """An instance's fields with the lists that it must have: one without items is missing in an instance."""
    needed = (each for each in definitions if each.is_array and not each.optional)
    return {**{each.name: Field(each.message_type, ()) for each in needed}, **given}


def made_from(record: type[Any], given: Mapping[str, Field]) -> Any:
    """A record of a message's fields, all of which its class has."""
    names = ((member.name, member.metadata["name"]) for member in fields(record))
    return record(**{attribute: given[name].value for attribute, name in names if name in given})


def values_of(record: object) -> dict[str, object]:
    """A record's values under the names that its fields have in messages."""
    if not is_dataclass(record) or isinstance(record, type):
        raise ValueTypeMismatch(
            f"Fields are given as a mapping or as an instance of Schema.dataclass(), not as {shown(record)}."
        )
    return {
        member.metadata.get("name", member.name): getattr(record, member.name) for member in fields(record)
    }


def typed(
    by_name: Mapping[str, FieldDefinition], values: Mapping[str, object], action: Literal["create", "update"]
) -> dict[str, Field]:
    """The work of `Schema.to_fields`."""
    found = {}
    for name, value in values.items():
        definition = by_name.get(name)
        if definition is None:
            raise FieldUnknown(f"The schema has no field {shown(name)}.", field=str(name)[:70])
        if value is not None:
            found[name] = _typed(definition, value, action)
        elif action == "update":
            found[name] = _emptied(definition)
    return found


def _emptied(definition: FieldDefinition) -> Field:
    return Field(f"{definition.message_type.removesuffix('[]')}[]", ())


def _typed(definition: FieldDefinition, value: object, action: Literal["create", "update"]) -> Field:
    kind = definition.message_type
    if isinstance(value, Field):
        if action == "update" and value == _emptied(definition):
            return value
        if value.type != kind:
            raise _mismatch(definition, value.value)
        value = value.value
    if not definition.is_array:
        return Field(kind, _scalar(definition, value))
    if not isinstance(value, list | tuple):
        raise _mismatch(definition, value)
    return Field(kind, tuple(_scalar(definition, item) for item in value))


def _scalar(definition: FieldDefinition, value: object) -> Scalar:
    python_type = TYPES[definition.base][1]
    if isinstance(value, bool):  # which is an int in Python, and none here
        if python_type is bool:
            return value
    elif python_type is Relation and isinstance(value, str):
        return Relation(value)
    elif python_type is float and isinstance(value, int) and -_EXACT <= value <= _EXACT:
        return float(value)
    elif isinstance(value, python_type):
        return value
    raise _mismatch(definition, value)


def _mismatch(definition: FieldDefinition, value: object) -> ValueTypeMismatch:
    return ValueTypeMismatch(
        f"Field {definition.name!r} ({definition.type}) cannot hold {shown(value)}.", field=definition.name
    )
