"""What a schema demands of the values of one field, made ready once: the hot path of publishing.

Pure, and the same on client and node. A message is held to its schema when it is well-formed: what no
message may hold (an integer of more than 64 bits, NaN) its codec refuses.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from panda_web.bamboo import is_hex
from panda_web.messages.errors import FieldsEmpty, RelationMalformed
from panda_web.messages.fields import Field, Scalar, Value
from panda_web.messages.instance import is_emptying
from panda_web.messages.schema.automaton import Automaton
from panda_web.messages.schema.errors import (
    ArrayTooLong,
    FieldMissing,
    FieldRequired,
    FieldUnknown,
    InvalidFields,
    InvalidPattern,
    PatternNotMatched,
    PatternTooCostly,
    TextTooLong,
    ValueTypeMismatch,
)
from panda_web.messages.schema.field import FieldDefinition
from panda_web.messages.schema.timestamp import instant

MAX_VARCHAR = 255
"""Code points of a varchar, and of a timestamp (which leaves some 230 digits to its fraction)."""
MAX_ITEMS = 10_000
"""Items of an array: a node may keep a row for each of them."""
MAX_WORK = 1 << 21
"""What matching the texts of one message may cost: for each text, its code points (and one more) times the
size of its pattern (and one more). So a text of 1 MiB can be held to one class of characters, and one of
2,000 characters to the largest pattern there may be; the worst that was found takes a second on Pyodide."""

_SHORT: Final = frozenset({"varchar", "timestamp"})


class Reference(NamedTuple):
    """A relation in a message: which field leads where. Whether that is there decides nothing here."""

    field: str
    schema: str
    """The id of the schema that the field's definition names; "self" while the schema has no id itself."""
    instance: str


class Rule:
    """One field's definition, ready for use.

    Attributes:
        definition: what it was made from.
        kind: the type that the field must have in a message.
        target: of a relation, the schema's id.
        pattern: the compiled validation.
    """

    __slots__ = ("_array", "_plain", "_short", "_timestamp", "definition", "kind", "pattern", "target")

    def __init__(self, definition: FieldDefinition, target: str | None) -> None:
        """Raises InvalidPattern."""
        self.definition = definition
        self.kind = definition.message_type
        self.target = target
        self.pattern = _compiled(definition)
        base = definition.base
        self._array = definition.is_array
        self._short = base in _SHORT
        self._timestamp = base == "timestamp"
        self._plain = not self._array and not self._short and self.pattern is None and base != "relation"

    def check(self, field: Field) -> tuple[Scalar, ...]:
        """Holds a field to all but its pattern: what all of them cost is counted before one is matched.

        Returns:
            The texts or relations in it, of an array each item.
        """
        if field.type != self.kind:
            raise ValueTypeMismatch(
                f"{self} needs a value of type {self.kind} in the message, and came as {field.type[:40]!r}.",
                field=self.definition.name,
            )
        if self._plain:
            return ()
        items = self._items(field.value)
        if self.kind in ("str", "str[]"):
            for item in items:
                self._check_text(item)
        elif self.target is not None:
            for item in items:
                if not isinstance(item, str) or not is_hex(item):
                    raise RelationMalformed(
                        f"{self} leads to instances: each is 132 lower-case hex digits that begin with "
                        f"0040, and not {shown(item)}.",
                        field=self.definition.name,
                    )
        return items

    def is_emptied(self, field: Field) -> bool:
        """Whether an update's field takes away the one value of this field. Raises FieldRequired."""
        if self._array or field.type != f"{self.kind}[]" or not is_emptying(field):
            return False
        if not self.definition.optional:
            raise FieldRequired(
                f"{self} is not optional: it can be changed, and not be emptied.", field=self.definition.name
            )
        return True

    def _items(self, value: Value) -> tuple[Scalar, ...]:
        if not self._array:
            return (value,)  # type: ignore[return-value]
        if not isinstance(value, tuple | list):
            raise self._mismatch(value)
        if len(value) > MAX_ITEMS:
            raise ArrayTooLong(
                f"{self} has {len(value)} items; {MAX_ITEMS} are allowed.",
                field=self.definition.name,
                most=MAX_ITEMS,
            )
        return tuple(value)

    def _check_text(self, text: Scalar) -> None:
        if not isinstance(text, str):
            raise self._mismatch(text)
        if self._short and len(text) > MAX_VARCHAR:
            more = "" if self._timestamp else ", and more in a field of the type text"
            raise TextTooLong(
                f"{self} has {len(text)} characters; {MAX_VARCHAR} are allowed{more}.",
                field=self.definition.name,
                most=MAX_VARCHAR,
            )
        if self._timestamp:
            try:
                instant(text)
            except InvalidFields as error:
                raise type(error)(f"{self}: {error}", field=self.definition.name) from None

    def _mismatch(self, value: object) -> ValueTypeMismatch:
        return ValueTypeMismatch(f"{self} cannot hold {shown(value)}.", field=self.definition.name)

    def __str__(self) -> str:
        return f"Field {self.definition.name!r} ({self.definition.type})"


def _compiled(definition: FieldDefinition) -> Automaton | None:
    if definition.validation is None:
        return None
    try:
        return Automaton(definition.validation)
    except InvalidPattern as error:
        raise type(error)(
            f"The validation of field {definition.name!r} is no pattern that can be used. {error}",
            **error.data | {"field": definition.name},
        ) from None


def check_fields(
    rules: Mapping[str, Rule],
    required: frozenset[str],
    fields: Mapping[str, Field],
    action: Literal["create", "update"],
) -> tuple[Reference, ...]:
    """The work of `Schema.check`."""
    references: list[Reference] = []
    matched: list[tuple[Rule, Automaton, str]] = []
    work = 0
    for name, field in fields.items():
        rule = rules.get(name)
        if rule is None:
            raise FieldUnknown(
                f"The schema has no field {name[:70]!r}. It has {listed(rules)}.", field=name[:70]
            )
        if action == "update" and rule.is_emptied(field):
            continue
        values = rule.check(field)
        if rule.target is not None:
            references += [Reference(name, rule.target, str(value)) for value in values]
        elif rule.pattern is not None:
            for value in values:
                text = str(value)
                work += (len(text) + 1) * (rule.pattern.size + 1)
                matched.append((rule, rule.pattern, text))
    if work > MAX_WORK:
        raise PatternTooCostly(
            f"The texts in this message are too long for the patterns that they must match: {work} steps, "
            f"of which {MAX_WORK} are allowed."
        )
    for rule, pattern, text in matched:
        if not pattern.matches(text):
            raise PatternNotMatched(
                f"{rule} must match {shown(rule.definition.validation)} as a whole, and {shown(text)} "
                "does not.",
                field=rule.definition.name,
            )
    if action == "create":
        missing = required - fields.keys()
        if missing:
            raise FieldMissing(
                f"A create needs every field that is not optional, and lacks {listed(sorted(missing))}.",
                field=min(missing),
            )
    elif not fields:
        raise FieldsEmpty(f"The {action} has not a single field.")
    return tuple(references)


def listed(names: Mapping[str, object] | list[str]) -> str:
    """Names for an error's sentence: the first ten, and how many more there are."""
    first = list(names)[:10]
    more = f" and {len(names) - len(first)} more" if len(names) > len(first) else ""
    return ", ".join(first) + more


def shown(value: object) -> str:
    """A value from a stranger for an error's sentence: short, on one line, whatever it is."""
    if isinstance(value, str):
        return repr(value[:60]) + ("…" if len(value) > 60 else "")
    if isinstance(value, int) and abs(value) >= 1 << 64:
        return "a very large integer"
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    return f"a {type(value).__name__}"
