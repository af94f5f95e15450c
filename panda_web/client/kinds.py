"""A dataclass and the schema that it stands for, and records of instances."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from panda_web.client.check import Instance
from panda_web.messages.schema import Schema
from panda_web.records import Meta, Shape, stamp


@dataclass(frozen=True, slots=True)
class Kind:
    """A dataclass, and the schema that it stands for."""

    shape: Shape
    schema: Schema

    @property
    def id(self) -> str:
        """The schema's id, 132 hex digits."""
        return str(self.schema.id)

    def record(self, instance: Instance, related: Mapping[str, object]) -> Any:
        """The record of an instance, with its `meta`.

        Args:
            instance: of the schema, checked.
            related: the records that its relations lead to, by id.

        Raises:
            InvalidFields, TimeNotHeld, RelatedMissing, RecordRefused: see `Shape.record`.
        """
        record = self.shape.record(self.schema, instance.fields, related)
        known = Meta(
            id=instance.id,
            schema=instance.schema,
            author=instance.author,
            last_entry=instance.last_entry,
            edited=instance.edited,
            verified=instance.verified,
            complete=instance.complete,
            cursor=instance.cursor,
            said=self.shape.say(record),
        )
        return stamp(record, known)
