"""`select`, `include`, `count`: less of each instance, more beside them, or their number. And pages between writes."""

import asyncio
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import Client, messages
from panda_web.client.check import Instance
from panda_web.log import SignedEntry
from panda_web.messages import Relation, infer_all
from panda_web.messages.schema import FieldDefinition, Schema, write_definition
from panda_web.node.answer import including, instances
from panda_web.query.reading import MAX_HOPS, MAX_INCLUDES
from panda_web.rpc.errors import ErrorFromNode
from panda_web.rpc.methods import QUERY
from panda_web.rpc.transport import InProcess
from tests.authors import Author
from tests.defining import define
from tests.examples import examples
from tests.node.test_publish import Harness


class Festival:
    """Talks, the room of each, their speakers, and the town of each speaker."""

    def __init__(self) -> None:
        self.node = Harness()
        self.author = Author()
        definer = Author(77, log_id=0)

        def schema(name: str, *fields: FieldDefinition) -> str:
            signed, payload = definer.write(write_definition(Schema(name, "", fields)))
            self.node.publish(signed, payload)
            return signed.hash.hex()

        title = FieldDefinition("title", "varchar", optional=True)
        self.towns = schema("town", title)
        home = FieldDefinition("home", "relation", optional=True, schema=self.towns)
        friend = FieldDefinition("friend", "relation", optional=True, schema="self")
        self.speakers = schema("speaker", title, home, friend)
        self.rooms = schema("room", title)
        room = FieldDefinition("room", "relation", optional=True, schema=self.rooms)
        speakers = FieldDefinition("speakers", "relation[]", optional=True, schema=self.speakers)
        self.talks = schema("talk", title, room, speakers)
        self.logs: dict[str, Author] = {}

    def create(self, schema: str, title: str, **fields: Any) -> str:
        author = self.logs.setdefault(schema, Author(1, log_id=1 + 2 * len(self.logs)))
        signed, payload = author.write(messages.create(schema, infer_all({"title": title, **fields})))
        self.node.publish(signed, payload)
        return signed.hash.hex()

    def ask(self, schema: str, **params: Any) -> Any:
        return self.node.call(QUERY, schema=schema, **params)

    def client(self) -> Client:
        return Client(InProcess(self.node.node.dispatcher()))

    def read(self, schema: str, **params: Any) -> list[Instance]:
        answer = asyncio.run(self._read(schema, params))
        assert not answer.rejected, answer.rejected
        return list(answer)

    async def _read(self, schema: str, params: dict[str, Any]) -> Any:
        async with self.client() as panda:
            return await panda.query(schema, **params)


@pytest.fixture
def festival() -> Iterator[Festival]:
    found = Festival()
    yield found
    found.node.store.close()


@pytest.fixture
def filled(festival: Festival) -> Festival:
    """Two talks in one room; Marie of Paris speaks in both, with Lise, who has no home."""
    paris = festival.create(festival.towns, "Paris")
    marie = Relation(festival.create(festival.speakers, "Marie", home=Relation(paris)))
    lise = Relation(festival.create(festival.speakers, "Lise", friend=marie))
    room = Relation(festival.create(festival.rooms, "Curie"))
    festival.create(festival.talks, "1", room=room, speakers=[marie])
    festival.create(festival.talks, "2", room=room, speakers=[lise, marie])
    return festival


def title(instance: Any) -> Any:
    assert isinstance(instance, Instance)
    assert instance.verified
    return instance["title"]


def test_what_instances_lead_to_comes_with_them(filled: Festival) -> None:
    one, two = filled.read(
        filled.talks, order_by=["title"], include=["room", "speakers.home", "speakers.friend"]
    )
    assert title(one.included["room"]) == title(two.included["room"]) == "Curie"
    (marie,) = one.included["speakers"]  # type: ignore[misc]
    assert (title(marie), title(marie.included["home"]), marie.included["friend"]) == ("Marie", "Paris", None)
    lise, again = two.included["speakers"]  # type: ignore[misc]
    assert [title(lise), title(again)] == ["Lise", "Marie"]
    assert lise.included["home"] is None
    assert title(lise.included["friend"]) == "Marie"
    assert not lise.included["friend"].included, "nobody asked to go on from there"
    assert one.included["room"].schema == filled.rooms  # type: ignore[union-attr]
    assert not filled.read(filled.talks)[0].included


def test_each_comes_once_in_an_answer(filled: Festival) -> None:
    found = filled.ask(filled.talks, orderBy=["title"], include=["room", "speakers.home"], proof=True)
    titles = [sorted(each["title"] for each in talk["_included"].values()) for talk in found]
    assert titles == [["Curie", "Marie", "Paris"], ["Lise"]]
    assert all(
        key == each["id"] and each["_meta"]["schema"] and each["_entries"]
        for talk in found
        for key, each in talk["_included"].items()
    )
    assert "_included" not in filled.ask(filled.talks)[0]


def test_what_is_gone_is_not_there(filled: Festival) -> None:
    (room,) = filled.read(filled.rooms)
    (marie,) = filled.read(filled.speakers, filter={"title": "Marie"})
    for schema, instance in ((filled.rooms, room), (filled.speakers, marie)):
        filled.node.publish(*filled.logs[schema].delete(bytes.fromhex(instance.id), schema))
    filled.create(filled.talks, "3", room=Relation("0040" + "ab" * 64))
    _, two, three = filled.read(filled.talks, order_by=["title"], include=["room", "speakers"])
    assert [two.included["room"], three.included["room"]] == [None, None]
    assert [title(each) for each in two.included["speakers"]] == ["Lise"]  # type: ignore[union-attr]
    assert three.included["speakers"] is None


def test_what_is_included_is_proven(filled: Festival) -> None:
    """A node that lies about a room: the talk is shown, and the room is not."""
    honest = filled.node.node.query

    async def lie(**params: Any) -> Any:
        found = await honest(**params)
        for talk in found:
            for each in talk["_included"].values():
                if each["title"] == "Curie":
                    each["title"] = "Bunsen"
                if each["title"] == "Marie":
                    each["_meta"]["schema"] = filled.rooms
                if each["title"] == "Lise":
                    each["_entries"] = []
            talk["_included"]["more"] = 5
        return found

    dispatcher = filled.node.node.dispatcher()
    filled.node.node.query = lie  # type: ignore[method-assign]
    lying = filled.node.node.dispatcher()
    assert dispatcher is not lying

    async def run() -> Any:
        async with Client(InProcess(lying)) as panda:
            return await panda.query(filled.talks, order_by=["title"], include=["room", "speakers"])

    answer = asyncio.run(run())
    assert [talk["title"] for talk in answer] == ["1", "2"]
    assert [talk.included for talk in answer] == [{"room": None, "speakers": []}] * 2
    assert sorted(each.error.reason for each in answer.rejected) == [
        "proof-incomplete",
        "proof-incomplete",
        "proof-mismatch",
    ]


def refused(festival: Festival, **params: Any) -> str:
    with pytest.raises(ErrorFromNode) as error:
        festival.ask(festival.talks, **params)
    return f"{error.value.reason} {error.value.data.get('node', {}).get('param', '')}"


def test_what_leads_nowhere(festival: Festival) -> None:
    assert refused(festival, include=["title"]).startswith("not-a-relation")
    assert refused(festival, include=["nothing"]).startswith("field-unknown")
    assert refused(festival, include=["speakers.title"]).startswith("not-a-relation")
    assert refused(festival, include=["speakers.nothing"]).startswith("field-unknown")
    assert refused(festival, include=[""]).startswith("field-unknown")
    assert refused(festival, include=["speakers" + ".friend" * MAX_HOPS]).startswith("invalid-params")
    assert refused(festival, include=["room"] * (MAX_INCLUDES + 1)).startswith("invalid-params")
    assert refused(festival, select=["title", "nothing"]).startswith("field-unknown")
    assert refused(festival, select="title").startswith("invalid-params")
    assert festival.ask(festival.talks, include=["speakers.friend.friend.home"]) == []


def test_an_include_that_multiplies(festival: Festival, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many lead to many: the answer is bounded, comes page by page, and says where it was cut."""
    everybody = [Relation(festival.create(festival.speakers, "x" * 200)) for _ in range(30)]
    for n in range(6):
        festival.create(festival.talks, str(n), speakers=everybody[n * 5 : n * 5 + 5])
    festival.create(festival.talks, "all", speakers=everybody * 10)
    monkeypatch.setattr(including, "MAX_FOLLOWED", 12)
    first = festival.ask(festival.talks, orderBy=["title"], include=["speakers.friend"])
    assert [talk["title"] for talk in first] == ["0", "1"]
    last = festival.ask(festival.talks, orderBy=["-title"], include=["speakers"], limit=2)
    assert ([talk["title"] for talk in last], len(last[0]["_included"])) == (["all"], 12)
    assert last[0]["_meta"]["cut"]

    async def run() -> list[Any]:
        async with festival.client() as panda:
            return [
                talk async for talk in panda.query(festival.talks, order_by=["title"], include=["speakers"])
            ]

    found = asyncio.run(run())
    assert [talk["title"] for talk in found] == [*"012345", "all"]
    assert [len(talk.included["speakers"]) for talk in found[:-1]] == [5] * 6
    assert [talk.cut for talk in found] == [False] * 6 + [True]
    assert [talk.meta.get("cut") for talk in found] == [None] * 6 + [True]
    monkeypatch.undo()
    monkeypatch.setattr(instances, "MAX_ANSWER", 4_000)
    (only,) = festival.ask(festival.talks, orderBy=["title"], include=["speakers"])
    assert only["_meta"]["cut"]
    assert 1 <= len(only["_included"]) < 5


def test_select(filled: Festival) -> None:
    found = filled.ask(filled.talks, select=["title"], filter={"title": "1"})
    assert [set(talk) for talk in found] == [{"title", "id", "_meta"}]
    assert set(filled.ask(filled.talks, select=["id"])[0]) == {"id", "_meta"}
    one, two = filled.read(filled.talks, order_by=["-title"], select=["room"], include=["speakers"])
    assert [set(one.fields), set(two.fields)] == [{"room"}] * 2
    assert [title(each) for each in two.included["speakers"]] == ["Marie"]  # type: ignore[union-attr]
    (by_name,) = filled.read("talk", filter={"title": {"gt": "1"}})
    assert by_name["title"] == "2"


def test_count(filled: Festival) -> None:
    assert filled.ask(filled.talks, count=True) == {"count": 2}
    assert filled.ask("talk", filter={"title": {"gt": "1"}}, count=True, limit=1) == {"count": 1}
    assert refused(filled, filter={"nothing": 1}, count=True).startswith("field-unknown")


def test_count_without_a_view_is_evaluated() -> None:
    node, author = Harness(), Author()
    for n in range(5):
        node.publish(*author.create(n=n))

    async def run() -> tuple[int, int]:
        async with Client(InProcess(node.node.dispatcher())) as panda:
            (schema,) = [each.id for each in await panda.schemas()]
            return await panda.count(schema), await panda.count(schema, filter={"n": {"gt": 2}})

    assert asyncio.run(run()) == (5, 2)
    node.store.close()


@examples(0.4)
@given(st.randoms(use_true_random=False), st.sampled_from(["n", "-n", "text"]), st.integers(1, 4))
def test_pages_between_which_somebody_writes(draw: Random, order: str, limit: int) -> None:
    """Nothing comes twice, and nothing is lost that was there all the time and stood in its place."""
    node, author = Harness(), Author()
    schema = define(node, n="integer", text="varchar", other="integer")
    ids: set[bytes] = set()

    async def publish(written: tuple[SignedEntry, bytes]) -> bytes:
        signed, payload = written
        await node.node.publish_entry(signed.encoded, payload)
        return signed.hash

    async def write() -> bytes | None:
        """Something; gives the instance that does not stand where it stood."""
        n, text = draw.randint(0, 3), draw.choice("ab")
        what = draw.choice(("create", "delete", "move", "change"))
        if what == "create" or not ids:
            ids.add(await publish(author.create(schema, n=n, text=text, other=0)))
            return None
        one = draw.choice(sorted(ids))
        if what == "delete":
            await publish(author.delete(one, schema))
            ids.discard(one)
        elif what == "move":
            await publish(author.update(one, schema, n=n, text=text))
        else:
            await publish(author.update(one, schema, other=n))
        return None if what == "change" else one

    async def run() -> None:
        for _ in range(draw.randint(0, 15)):
            await write()
        there, found = set(ids), []
        async with Client(InProcess(node.node.dispatcher())) as client:
            async for page in client.query(schema, order_by=[order], filter={"n": {"gte": 0}}).pages(limit):
                assert not page.rejected
                found += [each.id for each in page]
                for _ in range(draw.choice((0, 1, 2)) if len(found) < 40 else 0):
                    moved = await write()
                    there -= {moved} if moved is not None else set()
        assert len(found) == len(set(found))
        assert {each.hex() for each in there} <= set(found)

    asyncio.run(run())
    node.store.close()
