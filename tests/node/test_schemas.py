"""What a node takes into log 0, and that anybody can ask for it."""

from typing import Any

import pytest

from panda_web.messages import Field, Message, create
from panda_web.messages.schema import DEFINITION, FieldDefinition, Schema, write_definition
from panda_web.rpc.methods import GET_ENTRY_ARGUMENTS, QUERY
from tests.authors import Author
from tests.node.test_publish import Harness

LOG_0 = DEFINITION.id or ""
ROOM = Schema(
    "room",
    "Where talks are held",
    (
        FieldDefinition("name", "varchar", validation="[A-Z].*"),
        FieldDefinition("beside", "relation", schema="self", optional=True),
    ),
)


@pytest.fixture
def node() -> Harness:
    return Harness()


def definition(**changes: object) -> Message:
    """A definition with other fields; None leaves one out."""
    fields: dict[str, Any] = dict(write_definition(ROOM).fields)
    for name, value in changes.items():
        if value is None:
            del fields[name]
        else:
            kind = "int" if isinstance(value, int) else "str"
            fields[name] = value if isinstance(value, Field) else Field(kind, value)  # type: ignore[arg-type]
    return create(LOG_0, fields)


def test_definitions_are_taken_and_can_be_asked_for(node: Harness) -> None:
    author = Author(log_id=0)
    made = [author.write(definition(description=str(n))) for n in range(5)]
    for signed, payload in made:
        node.publish(signed, payload)
        node.publish(signed, payload)
    found = node.call(QUERY, schema=LOG_0, filter={"id": made[3][0].hash.hex()}, proof=True)
    assert [(item["description"], item["name"]) for item in found] == [("3", "room")]
    assert found[0]["_entries"]
    assert node.call(GET_ENTRY_ARGUMENTS, author=author.hex, schema=LOG_0).seq_num == 6


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"fields": "["}, "definition-not-json"),
        ({"fields": "[" * 100_000}, "definition-not-json"),
        ({"fields": '{"a": {"type": "text"}, "a": {"type": "text"}}'}, "definition-not-json"),
        ({"fields": "[]"}, "definition-value-wrong"),
        ({"fields": "{}"}, "schema-without-fields"),
        ({"fields": '{"a": {"type": "blob"}}'}, "schema-type-unknown"),
        ({"fields": '{"id": {"type": "text"}}'}, "field-name-reserved"),
        (
            {"fields": '{"a": {"type": "text", "validation": "(((((a{99}){99}){99}){99}){99})"}}'},
            "pattern-too-large",
        ),
        ({"fields": '{"a": {"type": "relation", "schema": "room"}}'}, "relation-target-malformed"),
        ({"version": 2}, "definition-version-unknown"),
        ({"version": "1"}, "value-type-mismatch"),
        ({"name": ""}, "schema-name-invalid"),
        ({"name": None}, "field-missing"),
        ({"name": "x" * 256}, "text-too-long"),
        ({"description": "x" * 10_001}, "schema-description-invalid"),
        ({"more": "x"}, "field-unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_definition_is_refused(node: Harness, changes: dict[str, object], reason: str) -> None:
    node.refuses(*Author(log_id=0).write(definition(**changes)), reason)
    # The slot is still free: the author's only log of definitions is not lost.
    node.publish(*Author(log_id=0).write(definition()))
