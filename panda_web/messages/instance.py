"""What messages make of an instance, field by field.

A message has no word for "no value", so an empty list is that word, in a create as in an update: a field
whose last setter says `[]` is missing. So a text or a number can be taken away again, and a list without
items is no other thing than no list. What a field is hangs on nothing but its last setter, and on no schema,
so nodes and clients agree, those that know the schema and those that do not.
Why: docs/decisions/emptying.md.
"""

from collections.abc import Mapping

from panda_web.messages.fields import Field


def is_emptying(field: Field) -> bool:
    """Whether a field of a message takes the field's value away."""
    return field.type.endswith("[]") and not field.value


def set_fields(fields: Mapping[str, Field], new: Mapping[str, Field]) -> dict[str, Field]:
    """An instance's fields after a message that sets some of them; neither argument is changed.

    Args:
        fields: as they were; empty before the create.
        new: what the message says.

    Returns:
        The fields that have a value.
    """
    both = {**fields, **new}
    return {name: field for name, field in both.items() if not is_emptying(field)}
