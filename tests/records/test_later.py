"""Annotations that are texts, as with `from __future__ import annotations`: what they name may come later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from panda_web import Relation
from panda_web.records import Record, shape_of, to


@dataclass
class Talk(Record):
    start: datetime
    room: Room | None
    follows: Annotated[Relation | None, to("self")] = None


@dataclass
class Room(Record):
    beside: Annotated[list[Relation], to("self")]


def test_what_annotations_name_may_come_later() -> None:
    shape = shape_of(Talk)
    assert shape.related == (Room,)
    found = shape.schema({Room: "0040" + "ab" * 64}).fields
    assert [each.type for each in found] == ["timestamp", "relation", "relation"]
    assert [each.schema for each in found[1:]] == ["0040" + "ab" * 64, "self"]
