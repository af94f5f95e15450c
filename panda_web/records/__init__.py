"""Dataclasses as schemas: what one says of its fields, and its instances as messages carry them.

    @dataclass
    class Talk(Record):
        "What is said on a stage."

        title: str
        start: datetime
        abstract: Annotated[str, text] = ""

`Client.define`, `create`, `update`, `delete` and `query` take such classes and what is made of them. What a
type becomes is in docs/schemas.md.

    marks       what is said of a field beside its type, and of a class
    record      `Record`, and what is known of a record that is published
    shape       a class as a schema, values there and back
    types       which types have a place
    times       moments and the texts that say them
"""

from panda_web.records.errors import (
    FieldTypeHasNoPlace,
    MetaHasNoPlace,
    NotADataclass,
    NotPublished,
    RecordError,
    RecordRefused,
    RelatedMissing,
    SchemaDiffers,
    TimeNotHeld,
    TimeZoneMissing,
)
from panda_web.records.marks import called, cascade, pattern, schema, text, timestamp, to, varchar
from panda_web.records.record import Dataclass, Meta, Record, meta_of, stamp
from panda_web.records.shape import Shape, shape_of
from panda_web.records.types import Member

__all__ = [
    "Dataclass",
    "FieldTypeHasNoPlace",
    "Member",
    "Meta",
    "MetaHasNoPlace",
    "NotADataclass",
    "NotPublished",
    "Record",
    "RecordError",
    "RecordRefused",
    "RelatedMissing",
    "SchemaDiffers",
    "Shape",
    "TimeNotHeld",
    "TimeZoneMissing",
    "called",
    "cascade",
    "meta_of",
    "pattern",
    "schema",
    "shape_of",
    "stamp",
    "text",
    "timestamp",
    "to",
    "varchar",
]
