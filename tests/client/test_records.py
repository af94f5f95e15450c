"""Dataclasses as schemas, on a real node: what is written is what is read, whatever kind of class it is."""

import asyncio
import copy
import dataclasses
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import Client, Relation
from panda_web.client.store import MemoryStore
from panda_web.errors import PandaError
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.messages.schema import FieldDefinition, InvalidFields, Schema
from panda_web.messages.schema.errors import FieldUnknown
from panda_web.records import (
    NotADataclass,
    NotPublished,
    Record,
    RecordRefused,
    RelatedMissing,
    SchemaDiffers,
    called,
    cascade,
    meta_of,
    pattern,
    schema,
    text,
    to,
)
from panda_web.records.errors import DataclassNotDefined
from panda_web.rpc.errors import InvalidParams, NodeUnreachable
from panda_web.rpc.transport import InProcess
from panda_web.rpc.within import in_process
from tests.examples import examples
from tests.node.test_publish import Harness


@dataclass
class Room(Record):
    """Where talks are held."""

    name: str
    area: float | None = None


@dataclass(frozen=True)
class Talk(Record):
    """What is said on a stage.

    It lasts some time.
    """

    title: str
    start: datetime
    room: Room | None = None
    seats: int = 0
    tags: list[str] = field(default_factory=list, hash=False)


@dataclass
class Plain:
    title: str


@dataclass(frozen=True, slots=True)
class Everything(Record):
    """A field of each type."""

    word: str
    long: Annotated[str, text]
    code: Annotated[str | None, pattern("[a-z]{1,3}")]
    number: int
    real: float
    flag: bool
    moment: datetime
    leads: Annotated[Relation | None, to("self"), cascade]
    words: list[str]
    longs: tuple[Annotated[str, text], ...]
    numbers: list[int]
    reals: tuple[float, ...]
    flags: list[bool]
    moments: tuple[datetime, ...]
    class_: Annotated[str, called("class")]


class OutOfReach(InProcess):
    """A wire that is cut now and then."""

    cut = False

    async def send(self, body: bytes) -> bytes:
        if self.cut:
            raise NodeUnreachable("The wire is cut.")
        return await super().send(body)


@pytest.fixture
def node() -> OutOfReach:
    return OutOfReach(Harness().node.dispatcher())


def client(node: InProcess, key: int | None = 1, store: MemoryStore | None = None) -> Client:
    signer = CryptographySigner(bytes((key,)) * 32) if key is not None else None
    return Client(
        node, signer, store=store, verifier=CryptographyVerifier(), sleep=lambda _: asyncio.sleep(0)
    )


def test_a_talk_from_beginning_to_end(node: OutOfReach) -> None:
    noon = datetime(2026, 11, 28, 12, tzinfo=timezone(timedelta(hours=1)))

    async def work() -> None:
        panda = client(node)
        defined = await panda.define(Talk)
        assert (defined.name, defined.description) == (
            "talk",
            "What is said on a stage.\n\nIt lasts some time.",
        )
        assert [(each.name, each.type, each.optional) for each in defined.fields] == [
            ("title", "varchar", False),
            ("start", "timestamp", False),
            ("room", "relation", True),
            ("seats", "integer", False),
            ("tags", "varchar[]", False),
        ]
        room = await panda.create(Room("Curie"))
        given = Talk("Opening", noon, room, tags=["a", "b"])
        with pytest.raises(NotPublished):
            print(given.meta)
        talk = await panda.create(given)
        assert talk is given
        assert (talk.meta.author, talk.meta.edited, talk.meta.acknowledged) == (panda.author, False, True)

        (found,) = [each async for each in panda.query(Talk, filter={"room": room, "start": noon})]
        assert found == talk
        assert found.room == room
        assert (found.start.utcoffset(), found.meta.id) == (timedelta(hours=1), talk.meta.id)
        assert (found.meta.verified, found.meta.last_entry) == (True, talk.meta.last_entry)

        larger = await panda.update(found, seats=200, room=None)
        assert larger == replace(talk, seats=200, room=None)
        assert larger.meta.edited
        assert found.seats == 0, "frozen"
        last = await panda.update(larger, replace(larger, title="Ende", tags=[]))
        (read,) = await panda.query(Talk)
        assert read == last == Talk("Ende", noon, seats=200)

        await panda.delete(read)
        assert list(await panda.query(Talk)) == []
        room.area = 12  # an integer stands for a float
        assert await panda.update(room) is room
        assert await panda.update(room, name="Marie Curie") is room
        assert room.name == "Marie Curie"
        assert [each.area async for each in panda.query(Room, filter={"name": "Marie Curie"})] == [12.0]

    asyncio.run(work())


def test_who_changes_nothing_publishes_nothing(node: OutOfReach) -> None:
    async def work() -> None:
        panda = client(node)
        await panda.define(Talk)
        moment = datetime(1890, 4, 1, 12, tzinfo=timezone(timedelta(hours=0, minutes=53, seconds=28)))
        room = await panda.create(Room("Curie"))
        await panda.create(Talk("Opening", moment, room))
        await panda.delete(room)
        (talk,) = await panda.query(Talk)  # its room is not to be had, and stays what it is
        assert (talk.room, talk.start) == (None, moment)
        assert await panda.update(talk) is talk
        assert await panda.update(talk, title="Opening") is talk
        (there,) = await panda.query(talk.meta.schema)
        assert (there.edited, there["room"]) == (False, room.meta.id)

    asyncio.run(work())


def test_a_program_that_runs_again_defines_nothing(node: OutOfReach) -> None:
    """By the same author, by another one, and by one who has no network and was there before."""

    async def define(panda: Client) -> tuple[str | None, str | None]:
        return (await panda.define(Room)).id, (await panda.define(Talk)).id

    async def work() -> None:
        first = await define(client(node))
        assert await define(client(node)) == first
        store = MemoryStore()
        assert await define(client(node, 2, store)) == first
        node.cut = True
        assert await define(client(node, 2, store)) == first
        newcomer = client(node, 3, own := MemoryStore())
        await newcomer.key_made()
        alone = await define(newcomer)
        assert set(alone).isdisjoint(first)
        node.cut = False
        assert await define(client(node, 3, own)) == alone, "one's own comes first"
        listed = [each.name for each in await client(node, 4).schemas()]
        assert (listed.count("room"), listed.count("talk")) == (2, 2), "it was brought to the node by then"
        assert await define(client(node, 4)) == first, "of several the node's first one"

    asyncio.run(work())


def test_a_better_description_is_no_other_schema(node: OutOfReach) -> None:
    async def work() -> None:
        before = await client(node).define(Room)
        again = dataclasses.make_dataclass(
            "Room",
            [("area", float | None, None), ("name", str, "")],
            bases=(Record,),
            namespace={"__doc__": "Where talks are."},
        )
        assert (await client(node).define(again)).id == before.id
        other = dataclasses.make_dataclass("Room", [("name", str)], bases=(Record,))
        assert (await client(node).define(other)).id != before.id

    asyncio.run(work())


def test_a_schema_by_its_id(node: OutOfReach) -> None:
    async def work() -> None:
        defined = await client(node).define(Schema("place", "", (FieldDefinition("name", "varchar"),)))

        @schema(id=defined.id)
        @dataclass(slots=True)
        class Place(Record):
            name: str

        @schema(id=defined.id)
        @dataclass
        class Longer(Record):
            name: Annotated[str, text]

        @schema(name="place")
        @dataclass
        class ByName(Record):
            name: str

        panda = client(node, 2)
        await panda.create(Place("Hall"))
        assert [each.name async for each in panda.query(ByName)] == ["Hall"]
        with pytest.raises(SchemaDiffers, match="its field 'name' is another"):
            await panda.define(Longer)

    asyncio.run(work())


def test_who_only_reads_finds_the_schema_too(node: OutOfReach) -> None:
    async def work() -> None:
        reader = client(node, None)
        with pytest.raises(DataclassNotDefined, match=r"await panda.define\(Plain\)"):
            await reader.query(Plain)
        panda = client(node)
        await panda.define(Plain)
        written = await panda.create_many([Plain(f"Talk {n}") for n in range(3)])
        assert [meta_of(each).acknowledged for each in written] == [True] * 3
        assert [each.title async for each in reader.query(Plain, order_by=["-title"], limit=2)] == [
            "Talk 2",
            "Talk 1",
        ]
        assert (await reader.count(Plain), await reader.count(Plain, filter={"title": "Talk 1"})) == (3, 1)
        (found,) = await reader.query(Plain, filter={"title": "Talk 1"})
        assert found == Plain("Talk 1") == copy.copy(found)
        assert (meta_of(found).author, repr(found)) == (panda.author, "Plain(title='Talk 1')")
        with pytest.raises(NotADataclass, match="of one dataclass"):
            await panda.create_many([Plain("a"), Room("b")])
        assert await panda.create_many([]) == []

    asyncio.run(work())


def test_what_a_class_does_not_take_is_told_beside_the_rest(node: OutOfReach) -> None:
    """Anybody can publish what another one's class refuses, and hides nothing but that."""

    @dataclass
    class Strict(Record):
        title: str
        start: datetime

        def __post_init__(self) -> None:
            if self.title == "bad":
                raise ValueError("That is a bad title.")

    @dataclass
    class Needy(Record):
        room: Room

    async def work() -> None:
        panda = client(node)
        defined = str((await panda.define(Strict)).id)
        for title, start in (("good", "2026-01-01T00:00:00Z"), ("bad", "2026-01-01T00:00:00Z")):
            await panda.create(defined, {"title": title, "start": start})
        await panda.create(defined, {"title": "old", "start": "0000-01-01T00:00:00Z"})
        asked = panda.query(Strict)
        assert [each.title async for each in asked] == ["good"]
        assert {each.error.reason for each in asked.rejected} == {"record-refused", "time-not-held"}
        (good,) = await asked
        with pytest.raises(ValueError, match="bad title"):
            await panda.update(good, title="bad")

        needy = str((await panda.define(Needy)).id)
        await panda.create(needy, {"room": "0040" + "ab" * 64})
        answer = await panda.query(Needy)
        assert [(type(each.error), len(answer)) for each in answer.rejected] == [(RelatedMissing, 0)]
        assert RecordRefused.reason == "record-refused"

    asyncio.run(work())


Odd = Callable[[Client], Awaitable[object]]


@pytest.mark.parametrize(
    ("odd", "error", "words"),
    [
        (lambda panda: panda.create(Room("x" * 256)), InvalidFields, "255"),
        (lambda panda: panda.create(Room(7)), InvalidFields, "name"),
        (lambda panda: panda.update(Room("a"), name="b"), NotPublished, "This Room is not published"),
        (lambda panda: panda.delete(Room("a")), NotPublished, "This Room is not published"),
        (
            lambda panda: panda.create(Talk("a", datetime.now(UTC), Room("b"))),
            NotPublished,
            "This Room is not published",
        ),
        (lambda panda: panda.create(Talk("a", datetime(2026, 1, 1))), PandaError, "without a time zone"),
        (lambda panda: panda.create(7), NotADataclass, "an instance of a dataclass is needed, and not 7"),
        (lambda panda: panda.define(int), NotADataclass, "int is no dataclass"),
        (lambda panda: panda.query(Talk, filter={"titel": "a"}), PandaError, "no such field"),
    ],
)
def test_what_cannot_be_says_why(node: OutOfReach, odd: Odd, error: type[PandaError], words: str) -> None:
    async def work() -> None:
        panda = client(node)
        await panda.define(Talk)
        await odd(panda)

    with pytest.raises(error, match=words):
        asyncio.run(work())


def test_filters_name_attributes_and_hold_values_of_python(node: OutOfReach) -> None:
    @dataclass
    class Slot(Record):
        class_: Annotated[str, called("class")]
        contains: Annotated[str, called("holds")]  # what an operator is called too
        start: datetime
        rooms: list[Room] = field(default_factory=list)

    async def work() -> None:
        panda = client(node)
        await panda.define(Slot)
        rooms = [await panda.create(Room(name)) for name in ("Curie", "Noether")]
        days = [datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2, 3)]
        await panda.create_many([Slot("a", "ab", days[0], rooms), Slot("b", "bc", days[1], rooms[:1])])
        for wanted, found in (
            ({"class_": "a"}, ["a"]),
            ({"contains": {"contains": "b"}}, ["a", "b"]),
            ({"start": {"gt": days[0], "lte": days[2]}}, ["b"]),
            ({"start": {"gt": date(2026, 11, 1)}}, ["b"]),
            ({"rooms": {"contains": rooms[1]}}, ["a"]),
            ({"rooms": rooms[:1]}, ["b"]),
            ({"or": [{"class_": {"in": ["a"]}}, {"not": {"start": {"ne": days[1]}}}]}, ["a", "b"]),
        ):
            slots = [each async for each in panda.query(Slot, filter=wanted, order_by=["class_"])]
            assert [each.class_ for each in slots] == found, wanted
        assert [each.name for each in slots[0].rooms] == ["Curie", "Noether"]
        assert slots[0].rooms[0] is slots[1].rooms[0], "read once"
        with pytest.raises(InvalidParams):
            await panda.query(Slot, filter={"or": 3})

    asyncio.run(work())


def test_records_are_followed() -> None:
    """First all, then what changes; what the class does not take is told, and hides nothing."""

    async def work() -> None:
        node = Harness().node
        panda, reader = (
            Client(in_process(node.dispatcher()), signer, verifier=CryptographyVerifier())
            for signer in (CryptographySigner(bytes(32)), None)
        )
        await panda.define(Talk)
        noon = datetime(2026, 11, 28, 12, tzinfo=UTC)
        room = await panda.create(Room("Curie"))
        first = await panda.create(Talk("a", noon, room))
        async with aclosing(reader.subscribe(Talk, filter={"seats": {"lt": 9}}, order_by=["-title"])) as told:
            changed = await anext(told)
            assert (changed.records, [each.kind for each in changed.changes]) == ((first,), ["added"])
            second = await panda.create(Talk("b", noon))
            assert (changed := await anext(told)).records == (second, first)
            assert [each.record for each in changed.changes] == [second]
            await panda.update(first, seats=8)
            changed = await anext(told)
            assert [(each.kind, each.record and each.record.seats) for each in changed.changes] == [
                ("changed", 8)
            ]
            await panda.delete(second)
            changed = await anext(told)
            assert [(each.kind, each.record) for each in changed.changes] == [("deleted", None)]
            assert [each.title for each in changed.records] == ["a"]
            await panda.create(
                first.meta.schema, {"title": "old", "start": "0000-01-01T00:00:00Z", "seats": 0, "tags": []}
            )
            changed = await anext(told)
            assert [each.error.reason for each in changed.rejected] == ["time-not-held"]
            assert [each.title for each in changed.records] == ["a"]
        await reader.close()
        await panda.close()

    asyncio.run(work())


def test_an_unknown_attribute(node: OutOfReach) -> None:
    async def work() -> None:
        panda = client(node)
        await panda.define(Room)
        room = await panda.create(Room("Curie"))
        with pytest.raises(FieldUnknown, match="A Room has no 'size'; it has name, area"):
            await panda.update(room, size=3)

    asyncio.run(work())


WORDS = st.text(st.characters(codec="utf-8"), max_size=20)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
INTEGERS = st.integers(-(2**63), 2**63 - 1)
ZONES = st.integers(-86_399, 86_399).map(lambda seconds: timezone(timedelta(seconds=seconds)))
MOMENTS = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=ZONES)
RECORDS = st.builds(
    Everything,
    word=WORDS,
    long=WORDS,
    code=st.none() | st.text("abc", min_size=1, max_size=3),
    number=INTEGERS,
    real=FLOATS,
    flag=st.booleans(),
    moment=MOMENTS,
    leads=st.none() | st.binary(min_size=64, max_size=64).map(lambda data: Relation("0040" + data.hex())),
    words=st.lists(WORDS, max_size=3),
    longs=st.lists(WORDS, max_size=3).map(tuple),
    numbers=st.lists(INTEGERS, max_size=3),
    reals=st.lists(FLOATS, max_size=3).map(tuple),
    flags=st.lists(st.booleans(), max_size=3),
    moments=st.lists(MOMENTS, max_size=3).map(tuple),
    class_=WORDS,
)


def exactly(record: Everything) -> Any:
    """A record's values, where equal ones of another type, or of another zone, are others."""
    return repr(
        [getattr(record, each.name) for each in dataclasses.fields(record) if each.name[:6] != "moment"]
    )


@examples(0.5)
@given(records=st.lists(RECORDS, min_size=2, max_size=6))
def test_whatever_a_record_says_comes_back(records: list[Everything]) -> None:
    """Created, and changed into each other, through a real node."""

    async def work() -> None:
        node = InProcess(Harness().node.dispatcher())
        panda, reader = client(node), client(node, None)
        await panda.define(Everything)
        for record, said in zip(await panda.create_many(records), records, strict=True):
            (found,) = await reader.query(Everything, filter={"id": record.meta.id})
            assert found == said
            assert exactly(found) == exactly(said)
        first, *others = [each async for each in reader.query(Everything)]
        for other in others:
            first = await panda.update(first, other)
            (found,) = await reader.query(Everything, filter={"id": first.meta.id})
            assert found == other

    asyncio.run(work())
