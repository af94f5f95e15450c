"""What of a dataclass has a place in a schema, and what is said where it has none."""

import subprocess
import sys
from dataclasses import KW_ONLY, InitVar, dataclass, field, make_dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated, Any, ClassVar, Literal, NewType, Optional

import pytest
from hypothesis import given

from panda_web import Relation
from panda_web.errors import PandaError
from panda_web.messages.schema import FieldDefinition, InvalidSchema, instant
from panda_web.messages.schema.errors import FieldNameReserved, OptionNotForType
from panda_web.records import (
    FieldTypeHasNoPlace,
    MetaHasNoPlace,
    NotADataclass,
    Record,
    called,
    cascade,
    pattern,
    schema,
    shape_of,
    text,
    timestamp,
    to,
    varchar,
)
from panda_web.records.times import to_datetime, to_timestamp
from tests.messages.schema.test_timestamp import timestamps
from tests.processes import ROOT

TARGET = "0040" + "ab" * 64
Title = NewType("Title", str)
Short = Annotated[str, pattern("[a-z]+")]


@dataclass
class Room(Record):
    name: str


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (str, FieldDefinition("a", "varchar")),
        (Annotated[str, varchar], FieldDefinition("a", "varchar")),
        (Annotated[str, text], FieldDefinition("a", "text")),
        (Annotated[str, timestamp], FieldDefinition("a", "timestamp")),
        (Annotated[str, text, pattern("a*")], FieldDefinition("a", "text", validation="a*")),
        (Annotated[Short, text], FieldDefinition("a", "text", validation="[a-z]+")),
        (Annotated[str, "something else"], FieldDefinition("a", "varchar")),
        (Title, FieldDefinition("a", "varchar")),
        (int, FieldDefinition("a", "integer")),
        (float, FieldDefinition("a", "float")),
        (bool, FieldDefinition("a", "boolean")),
        (datetime, FieldDefinition("a", "timestamp")),
        (int | None, FieldDefinition("a", "integer", optional=True)),
        (Optional[int], FieldDefinition("a", "integer", optional=True)),  # noqa: UP045
        (list[int], FieldDefinition("a", "integer[]")),
        (tuple[str, ...], FieldDefinition("a", "varchar[]")),
        (list[Annotated[str, text]] | None, FieldDefinition("a", "text[]", optional=True)),
        (Annotated[list[str], text], FieldDefinition("a", "text[]")),
        (Annotated[int | None, called("class")], FieldDefinition("class", "integer", optional=True)),
        (Annotated[Relation, to(TARGET)], FieldDefinition("a", "relation", schema=TARGET)),
        (Annotated[Relation, to(Room)], FieldDefinition("a", "relation", schema=TARGET)),
        (
            Annotated[Relation, to("self"), cascade],
            FieldDefinition("a", "relation", schema="self", cascade=True),
        ),
        (Room, FieldDefinition("a", "relation", schema=TARGET)),
        (list[Room], FieldDefinition("a", "relation[]", schema=TARGET)),
        (Annotated[Room | None, cascade], FieldDefinition("a", "relation", True, None, TARGET, True)),
    ],
)
def test_types_that_have_a_place(annotation: Any, expected: FieldDefinition) -> None:
    shape = shape_of(make_dataclass("Talk", [("a", annotation)]))
    (found,) = shape.schema(dict.fromkeys(shape.related, TARGET)).fields
    assert found == expected


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (date, "of the type date"),
        (bytes, "of the type bytes"),
        (dict[str, int], "of the type dict"),
        (set[str], "of the type set"),
        (list, "of the type list"),
        (Literal["a", "b"], "of the type"),
        (Any, "of the type"),
        (object, "of the type object"),
        (None, "of the type NoneType"),
        (int | str, "of several types"),
        (list[int | None], "of several types"),
        (list[list[int]], "of the type list"),
        (tuple[int, str], "of the type tuple"),
        (Relation, "does not say of which"),
        (Annotated[int, text], "is marked as text"),
        (Annotated[str, text, varchar], "two things of one kind"),
        ("Nowhere", "cannot be told: name 'Nowhere' is not defined"),
    ],
)
def test_types_that_have_none(annotation: Any, words: str) -> None:
    with pytest.raises(FieldTypeHasNoPlace, match=words):
        shape_of(make_dataclass("Talk", [("a", annotation)]))


@pytest.mark.parametrize(
    ("name", "annotation", "error"),
    [
        ("id", str, FieldNameReserved),
        ("ö", str, InvalidSchema),
        ("a", Annotated[int, pattern("a")], OptionNotForType),
        ("a", Annotated[str, cascade], OptionNotForType),
        ("a", Annotated[str, to(Room)], OptionNotForType),
        ("a", Annotated[Relation, to("nowhere")], InvalidSchema),
        ("meta", str, MetaHasNoPlace),
    ],
)
def test_what_schemas_forbid(name: str, annotation: Any, error: type[PandaError]) -> None:
    with pytest.raises(error):
        shape_of(make_dataclass("Talk", [(name, annotation)]))


def test_what_stands_beside_fields() -> None:
    @schema(name="a talk")
    @dataclass
    class Talk(Record):
        """What is said.

        On a stage.
        """

        count: ClassVar[int] = 0
        title: str
        _: KW_ONLY
        end: str | None = None

    shape = shape_of(Talk)
    assert (shape.name, shape.description) == ("a talk", "What is said.\n\nOn a stage.")
    assert [each.attribute for each in shape.members] == ["title", "end"]
    assert shape_of(make_dataclass("HTTPTalkOf2026", [("a", int)])).name == "http_talk_of2026"
    assert shape_of(Room).description == "", "what `dataclass` says of a constructor is nobody's word"


def test_classes_that_cannot_be() -> None:
    @dataclass(slots=True)
    class Slotted:
        title: str

    @dataclass
    class Computed:
        title: str
        upper: str = field(init=False)

    @dataclass
    class Own:
        title: str

        @property
        def meta(self) -> str:
            return self.title

    class Nothing:
        title: str

    for cls, error, words in (
        (Slotted, MetaHasNoPlace, "give it the base panda_web.records.Record"),
        (Own, MetaHasNoPlace, "Own has an attribute called meta"),
        (Computed, FieldTypeHasNoPlace, "Computed.upper cannot come back"),
        (Nothing, NotADataclass, "Nothing is no dataclass"),
        (Room("a"), NotADataclass, "the dataclass itself, Room, is needed"),
    ):
        with pytest.raises(error, match=words):
            shape_of(cls)  # type: ignore[arg-type]


@dataclass
class Salted:
    title: str
    salt: InitVar[str] = ""


def test_what_only_a_constructor_takes_could_not_come_back() -> None:
    with pytest.raises(FieldTypeHasNoPlace, match=r"Salted.salt is an InitVar"):
        shape_of(Salted)


@given(written=timestamps())
def test_a_timestamp_is_the_moment_that_python_says(written: Any) -> None:
    """But for what `datetime` cannot hold: it says so."""
    words = written[0]
    try:
        found = to_datetime(words)
    except PandaError as error:
        assert error.reason == "time-not-held"
        assert words.startswith(("0000", "9999"))
        return
    if words[17:19] != "60":
        assert instant(words).startswith(instant(to_timestamp(found, "start")))


def test_moments_and_timestamps() -> None:
    east = timezone(timedelta(hours=1))
    for words, moment in (
        ("2026-11-23T02:14:03.5+01:00", datetime(2026, 11, 23, 2, 14, 3, 500_000, east)),
        ("2020-05-31T22:51:04+0000", datetime(2020, 5, 31, 22, 51, 4, tzinfo=UTC)),
        ("2020-05-31t22:51:04.123456789z", datetime(2020, 5, 31, 22, 51, 4, 123_456, UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
    ):
        assert to_datetime(words) == moment
        assert to_datetime(words).utcoffset() == moment.utcoffset()


def test_who_uses_no_dataclasses_loads_nothing_of_it() -> None:
    """A tab's first visit does not grow."""
    loads = "import panda_web.client, sys; sys.exit('panda_web.records' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loads], cwd=ROOT).returncode == 0
