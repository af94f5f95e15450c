"""Whatever is given to a client in place of what it takes, it says in words what it takes: each a PandaError."""

import asyncio
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from panda_web import Client, PandaError
from panda_web.client.answers import Answers
from panda_web.client.store import MemoryStore
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.messages.schema import Schema
from panda_web.messages.schema.errors import FieldUnknown
from panda_web.records import FieldTypeHasNoPlace, NotADataclass, Record
from panda_web.records.errors import RecordsAreWhole
from panda_web.rpc.errors import InvalidParams
from panda_web.rpc.transport import InProcess
from tests.node.test_publish import Harness


@dataclass
class Room(Record):
    name: str


@dataclass(frozen=True)
class Hall(Record):
    name: str


@dataclass
class Unfit(Record):
    data: bytes


class Nothing:
    pass


class World:
    """A client, and what it has defined and created."""

    def __init__(self) -> None:
        self.node = InProcess(Harness().node.dispatcher())
        self.panda = self.client(CryptographySigner(bytes(32)))
        self.schema: Schema | None = None
        self.room = Room("Curie")

    def client(self, signer: Any) -> Client:
        return Client(
            self.node,
            signer,
            store=MemoryStore(),
            verifier=CryptographyVerifier(),
            sleep=lambda _: asyncio.sleep(0),
        )

    async def begin(self) -> None:
        self.schema = await self.panda.define(Room)
        await self.panda.define(Hall)
        await self.panda.create(self.room)

    @property
    def id(self) -> str:
        return str(self.schema and self.schema.id)

    def values(self) -> list[object]:
        """Something of each kind that may be given by mistake."""
        numbers: list[object] = [5, -1, 0, 1.5, float("nan"), True, 2**70]
        texts: list[object] = [b"x", "", "text", "x" * 300, "\ud800", self.id, self.room.meta.id]
        lists: list[object] = [["x"], [5], [None], (), [["name"]], set(), iter([1])]
        records: list[object] = [Room, Hall, Room("a"), self.room, Hall("b"), [self.room], [Room("c"), 5]]
        others: list[object] = [None, object(), Nothing, Nothing(), Unfit, Unfit(b""), Exception, [Room]]
        objects: list[object] = [{}, {"a": 1}, {5: 1}, {"name": 5}, {"name": object()}, {"not": "x"}]
        filters: list[object] = [{"name": {"eq": object()}}, {"name": {5: 1}}, {"and": 5}, {"or": [5]}]
        return [*numbers, *texts, *lists, *records, *others, *objects, *filters, self.schema]


Call = Callable[[World, Any], Any]
CALLS: Mapping[str, tuple[Call, ...]] = {
    "Client": (lambda w, it: Client(it).schemas(), lambda w, it: w.client(it).create(w.id, {"name": "a"})),
    "query": (
        lambda w, it: w.panda.query(it),
        lambda w, it: w.panda.query(it, filter={"name": "a"}),
        *(
            lambda w, it, by=by, name=name: w.panda.query(by or w.id, **{name: it})
            for by in (None, Room)
            for name in ("filter", "order_by", "limit", "after", "select", "include")
        ),
    ),
    "versions": (
        lambda w, it: w.panda.versions(it, w.room.meta.id),
        lambda w, it: w.panda.versions(w.id, it),
    ),
    "count": (
        lambda w, it: w.panda.count(it),
        lambda w, it: w.panda.count(w.id, filter=it),
        lambda w, it: w.panda.count(Room, filter=it),
    ),
    "removed": (
        lambda w, it: w.panda.removed(it),
        lambda w, it: w.panda.removed([it]),
        lambda w, it: w.panda.removed([], it),
        lambda w, it: w.panda.removed([], [it]),
    ),
    "log": (
        lambda w, it: w.panda.log(it, 1),
        lambda w, it: w.panda.log(str(w.panda.author), it),
        *(
            lambda w, it, name=name: w.panda.log(str(w.panda.author), 1, **{name: it})
            for name in ("at", "last", "limit")
        ),
    ),
    "subscribe": (
        lambda w, it: w.panda.subscribe(it),
        *(
            lambda w, it, by=by, name=name: w.panda.subscribe(by or w.id, **{name: it})
            for by in (None, Room)
            for name in ("filter", "order_by")
        ),
    ),
    "schema": (lambda w, it: w.panda.schema(it),),
    "schema_named": (lambda w, it: w.panda.schema_named(it),),
    "schemas": (lambda w, it: w.panda.schemas(it),),
    "learn": (lambda w, it: w.panda.learn(it), lambda w, it: w.panda.learn([it])),
    "define": (lambda w, it: w.panda.define(it),),
    "defined": (lambda w, it: w.panda.defined(it),),
    "create": (
        lambda w, it: w.panda.create(it),
        lambda w, it: w.panda.create(w.id, it),
        lambda w, it: w.panda.create("0040" + "ab" * 64, it),
        lambda w, it: w.panda.create(it, {"name": "a"}),
    ),
    "create_many": (
        lambda w, it: w.panda.create_many(it),
        lambda w, it: w.panda.create_many(w.id, it),
        lambda w, it: w.panda.create_many(w.id, [it]),
        lambda w, it: w.panda.create_many(it, [{"name": "a"}]),
    ),
    "update": (
        lambda w, it: w.panda.update(it),
        lambda w, it: w.panda.update(w.room, it),
        lambda w, it: w.panda.update(w.room, name=it),
        lambda w, it: w.panda.update(w.id, w.room.meta.id, it),
        lambda w, it: w.panda.update(w.id, it, {"name": "a"}),
        lambda w, it: w.panda.update(it, w.room.meta.id, {"name": "a"}),
    ),
    "delete": (
        lambda w, it: w.panda.delete(it) if it is not w.room else None,
        lambda w, it: w.panda.delete(w.id, it) if it != w.room.meta.id else None,
        lambda w, it: w.panda.delete(it, "0040" + "ab" * 64),
    ),
    "forked": (
        lambda w, it: w.panda.forked(it),
        lambda w, it: w.panda.forked(str(w.panda.author), it),
        lambda w, it: w.panda.forked(after=it),
    ),
    "vote": (
        lambda w, it: w.panda.vote(it, 1, 1, w.room.meta.id),
        lambda w, it: w.panda.vote(str(w.panda.author), it, 1, w.room.meta.id),
        lambda w, it: w.panda.vote(str(w.panda.author), 1, it, w.room.meta.id),
        lambda w, it: w.panda.vote(str(w.panda.author), 1, 1, it),
    ),
    "own": (lambda w, it: w.panda.own(it),),
    "is_complete": (lambda w, it: w.panda.is_complete(it),),
    "pending": (lambda w, it: w.panda.pending(it),),
    "flush": (lambda w, it: w.panda.flush(it),),
}
WITHOUT = {
    "close",
    "lost",
    "forks",
    "own_forks",
    "notice",
    "key_made",
    "key_copied",
    "key_restored",
    "hurry",
    "takes_no_definitions",
    "acknowledged",
}
"""Those that take nothing."""
OURS = {"keep", "alone", "not_carried"}
"""Those that are called with what another part of a program has made."""


def test_each_way_to_ask_is_looked_at() -> None:
    public = {name for name, _ in inspect.getmembers(Client, callable) if not name.startswith("_")}
    assert public - WITHOUT - OURS == CALLS.keys() - {"Client"}


async def outcome(given: Any) -> None:
    if isinstance(given, Answers):
        await given.first()
        async for _ in given:
            break
    elif isinstance(given, AsyncGenerator):
        await anext(given)
        await given.aclose()
    elif isinstance(given, Awaitable):
        await given


@pytest.mark.parametrize("name", CALLS)
def test_what_cannot_be_is_told_in_words(name: str) -> None:
    async def work() -> None:
        world = World()
        await world.begin()
        for number, call in enumerate(CALLS[name]):
            for it in world.values():
                try:
                    async with asyncio.timeout(40):
                        await outcome(call(world, it))
                except PandaError as error:
                    assert str(error).endswith("."), error
                except Exception as error:
                    raise AssertionError(f"{name} {number}: {it!r:.90}") from error

    asyncio.run(work())


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda panda: panda.define(Room("x")), NotADataclass, "the dataclass itself, Room, is needed"),
        (lambda panda: panda.create(Room), NotADataclass, "an instance of Room is needed, and not the class"),
        (lambda panda: panda.query("room", filter="name=Curie"), InvalidParams, "filter is an object, such"),
        (lambda panda: panda.query("room", order_by="name"), InvalidParams, "order_by is a list of names"),
        (lambda panda: panda.query(Room, order_by="name"), InvalidParams, "order_by is a list of names"),
        (lambda panda: panda.query("room", order_by=["author"]), FieldUnknown, "ordered by fields, and then"),
        (lambda panda: panda.query("room", order_by=["-id"]), FieldUnknown, "ordered by fields, and then"),
        (lambda panda: panda.query(Room, order_by=["author"]), FieldUnknown, "ordered by fields, and then"),
        (lambda panda: panda.query("room", select=["author"]), FieldUnknown, "come with every instance"),
        (lambda panda: panda.query(Room, select=["name"]), RecordsAreWhole, "`select` is for schemas"),
        (lambda panda: panda.query(Room, include=["name"]), RecordsAreWhole, "`include` is for schemas"),
        (
            lambda panda: panda.create(Room("a"), {"name": "b"}),
            InvalidParams,
            "the id or the name of a schema",
        ),
        (lambda panda: panda.define(Unfit), FieldTypeHasNoPlace, "of the type bytes"),
    ],
)
def test_what_is_said(call: Callable[[Client], Any], error: type[PandaError], words: str) -> None:
    async def work() -> None:
        world = World()
        await world.begin()
        await world.panda.schema_named("room")
        await outcome(call(world.panda))

    with pytest.raises(error, match=words):
        asyncio.run(work())
