"""A schema: which fields the instances of one kind have, and what their values must be like.

What is checked here is checked alike on client and node; a relation's target never decides validity.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from panda_web.bamboo import is_hex
from panda_web.messages.errors import SchemaMalformed
from panda_web.messages.fields import Field
from panda_web.messages.message import MAX_FIELDS
from panda_web.messages.schema.errors import (
    FieldNameTaken,
    PatternTooLarge,
    SchemaDescriptionInvalid,
    SchemaNameInvalid,
    SchemaTooManyFields,
    SchemaWithoutFields,
)
from panda_web.messages.schema.field import SELF, FieldDefinition
from panda_web.messages.schema.record import made_from, record_class, typed, values_of, with_lists
from panda_web.messages.schema.rules import Reference, Rule, check_fields, shown

MAX_NAME = 255
"""Code points of a schema's name."""
MAX_DESCRIPTION = 10_000
"""Code points of a schema's description: some pages."""
MAX_PATTERNS = 4_000
"""The sizes of all patterns of a schema: what is compiled of them stays below some MB."""

_UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema, which keeps to all rules: making one that does not is an error.

    Attributes:
        name: for people, 1 to 255 code points on one line. It need not be unique: the id decides.
        description: for people, at most 10,000 code points.
        fields: 1 to 256 of them, in the order in which people are to see them.
        id: the hash of the entry that published it, 132 hex digits; None before that.
        by_name: the fields, by their names.

    Raises:
        InvalidSchema: one of its subclasses, named after the broken rule.
        SchemaMalformed: the id is no hash.
    """

    name: str
    description: str
    fields: tuple[FieldDefinition, ...]
    id: str | None = None
    by_name: Mapping[str, FieldDefinition] = field(init=False, repr=False, compare=False)
    _rules: Mapping[str, Rule] = field(init=False, repr=False, compare=False)
    _required: frozenset[str] = field(init=False, repr=False, compare=False)
    _record: list[type[Any]] = field(init=False, repr=False, compare=False, default_factory=list)

    def __post_init__(self) -> None:
        if self.id is not None and not is_hex(self.id):
            raise SchemaMalformed("The schema's id is not a hash of 132 lower-case hex digits.")
        _check_texts(self.name, self.description)
        _check_names(self.fields)
        keep = object.__setattr__  # a frozen dataclass's own way
        keep(self, "by_name", MappingProxyType({each.name: each for each in self.fields}))
        keep(self, "_rules", self._made_ready())
        keep(self, "_required", frozenset(each.name for each in self.fields if not each.optional))

    @property
    def leads_to(self) -> frozenset[str]:
        """The ids of the schemas that its relations lead to, without its own."""
        return frozenset(each.schema for each in self.fields if each.schema not in (None, SELF))

    def _made_ready(self) -> dict[str, Rule]:
        rules: dict[str, Rule] = {}
        size = 0
        for each in self.fields:
            target = self.id or SELF if each.schema == SELF else each.schema
            rule = rules[each.name] = Rule(each, target)
            size += rule.pattern.size if rule.pattern is not None else 0
            if size > MAX_PATTERNS:
                raise PatternTooLarge(
                    f"The patterns of a schema have at most {MAX_PATTERNS} characters and classes together, "
                    f"those in repeats counted out; up to field {each.name!r} there are {size}.",
                    field=each.name,
                    most=MAX_PATTERNS,
                )
        return rules

    def check(
        self, fields: Mapping[str, Field], action: Literal["create", "update"]
    ) -> tuple[Reference, ...]:
        """Holds the fields of a message to the schema.

        A create has every field that is not optional; an update has any of them, one at least. It empties
        an optional field by the empty list of the field's type (`str[]` for a text).

        Returns:
            Its relations, one for each instance named, for a node to follow.

        Raises:
            InvalidFields: one of its subclasses; `data.field` names the field.
            FieldsEmpty: an update of nothing.
            RelationMalformed: a relation that is no hash, which no message that was read can hold.
        """
        return check_fields(self._rules, self._required, fields, action)

    def to_fields(
        self, values: Mapping[str, object] | object, action: Literal["create", "update"] = "create"
    ) -> dict[str, Field]:
        """The fields of a message for plain Python values, each of the type that the schema gives it.

        Here an empty list has a type, an integer can stand for a float, and a text is a relation where one
        belongs. None leaves a field out of a create, and in an update empties it. Whether the values are
        allowed, `check` says.

        Args:
            values: field names to values, or an instance of `dataclass()`.
            action: of the message.

        Raises:
            FieldUnknown: a name that the schema does not have.
            ValueTypeMismatch: a value that the field's type cannot hold.
        """
        given = values if isinstance(values, Mapping) else values_of(values)
        return typed(self.by_name, given, action)

    def dataclass(self) -> type[Any]:
        """A dataclass of the schema's fields: frozen, keyword-only, with slots; the same class every time.

        Its attributes are called as the fields are, but Python's keywords, which get an underscore behind
        them (`class_`; two, if a field is called `class_`). Arrays are tuples, optional fields are None by
        default. It checks nothing by itself: `to_record` makes instances that are valid, and `to_fields`
        takes them.
        """
        if not self._record:
            self._record.append(record_class(self.name, self.description, self.fields))
        return self._record[0]

    def to_record(self, values: Mapping[str, object]) -> Any:
        """An instance of `dataclass()` for plain values, or for what a query answers with.

        `id` and names that begin with an underscore (`_meta`) are no fields, and are passed over. A list
        that must be there and is missing has no items.

        Raises:
            InvalidFields: the values are not those of a valid create.
        """
        fields = self.to_fields(
            {name: value for name, value in values.items() if name != "id" and not name.startswith("_")}
        )
        fields = with_lists(self.fields, fields)
        self.check(fields, "create")
        return made_from(self.dataclass(), fields)


def _check_texts(name: str, description: str) -> None:
    if not 0 < len(name) <= MAX_NAME or _UNSHOWN.search(name) or name != name.strip(" ") or is_hex(name):
        raise SchemaNameInvalid(
            f"No schema can be called {shown(name)}: a name has 1 to {MAX_NAME} characters on one line, "
            "no space at its ends, and is not a hash.",
            most=MAX_NAME,
        )
    if len(description) > MAX_DESCRIPTION:
        raise SchemaDescriptionInvalid(
            f"The schema's description has {len(description)} characters; {MAX_DESCRIPTION} are allowed.",
            most=MAX_DESCRIPTION,
        )
    if _SURROGATES.search(description):
        raise SchemaDescriptionInvalid(
            "The schema's description holds half a surrogate pair.", most=MAX_DESCRIPTION
        )


def _check_names(fields: tuple[FieldDefinition, ...]) -> None:
    if not fields:
        raise SchemaWithoutFields("A schema has one field at least: nothing could be published without.")
    check_count(len(fields))
    names: dict[str, str] = {}
    for each in fields:
        folded = each.name.lower()
        if folded in names:
            raise FieldNameTaken(
                f"The schema has the fields {names[folded]!r} and {each.name!r}: names must differ in more "
                "than case.",
                field=each.name,
            )
        names[folded] = each.name


def check_count(count: int) -> None:
    """Raises SchemaTooManyFields."""
    if count > MAX_FIELDS:
        raise SchemaTooManyFields(
            f"The schema has {count} fields; {MAX_FIELDS} are allowed.", most=MAX_FIELDS
        )
