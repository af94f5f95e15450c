"""Records that are followed, with what they lead to: always what a query gives, whatever changes, and is cut."""

import asyncio
import random
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

import pytest

from panda_web import Client
from panda_web.client.live_records import AT_ONCE, MOST_SMALL, ChangedRecords
from panda_web.records import Record
from tests.client.test_subscribing import PATIENCE, soon, writer
from tests.client.wires import Wire, wire
from tests.server import serving
from tests.server.serving import Served


@dataclass
class House(Record):
    name: str


@dataclass
class Room(Record):
    name: str
    house: House | None = None


@dataclass
class Talk(Record):
    title: str
    room: Room | None = None
    others: list[Room] = field(default_factory=list)


@dataclass
class Meeting(Record):
    room: Room


class Told:
    """What somebody sees who shows all changes, and nothing else."""

    def __init__(self) -> None:
        self.records: dict[str, object] = {}
        self.kinds: list[str] = []
        self.rejected: list[str] = []
        self.more = asyncio.Event()

    def take(self, changed: ChangedRecords[Talk]) -> None:
        for each in changed.changes:
            before = self.records.pop(each.id, None)
            if each.record is not None:
                assert (before is None) == (each.kind == "added")
                self.records[each.id] = each.record
        assert list(changed.records) == sorted(changed.records, key=lambda talk: (talk.title, talk.meta.id))
        assert {each.meta.id: each for each in changed.records} == self.records
        self.kinds += [each.kind for each in changed.changes]
        self.rejected += [each.error.reason for each in changed.rejected]


async def follow(panda: Client, told: Told) -> None:
    async with aclosing(panda.subscribe(Talk, order_by=["title"])) as changes:
        async for changed in changes:
            told.take(changed)
            told.more.set()


async def until(following: asyncio.Task[None], told: Told, is_so: Callable[[], bool]) -> None:
    """Waits until something is so."""
    following.add_done_callback(lambda _: told.more.set())
    async with asyncio.timeout(PATIENCE):
        while not is_so() and not following.done():
            told.more.clear()
            await told.more.wait()
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following
    assert is_so()


def test_what_a_record_leads_to_is_kept_up_to_date_over_any_steps() -> None:
    async def work(node: Served) -> None:
        address = f"http://127.0.0.1:{node.port}"
        async with writer(address) as author, Client(address) as reader:
            await author.define(Talk)
            house = await author.create(House("Physics"))
            room = await author.create(Room("Curie", house))
            await author.create(Talk("a", room))
            other = await author.create(Talk("b", others=[room]))
            await author.create(Talk("c"))
            told = Told()
            async with (
                asyncio.timeout(PATIENCE),
                aclosing(reader.subscribe(Talk, order_by=["title"])) as told_of,
            ):

                async def news() -> list[tuple[str, str]]:
                    told.take(changed := await anext(told_of))
                    return [(each.kind, each.record.title if each.record else "") for each in changed.changes]

                assert await news() == [("added", "a"), ("added", "b"), ("added", "c")]
                await author.update(room, name="Marie Curie")
                assert await news() == [("changed", "a"), ("changed", "b")]
                await author.update(house, name="Chemistry")
                assert await news() == [("changed", "a"), ("changed", "b")]
                first, *_ = [each async for each in author.query(Talk, order_by=["title"])]
                assert first.room == Room("Marie Curie", House("Chemistry"))
                assert first in told.records.values()
                await author.update(other, others=[])
                assert await news() == [("changed", "b")]
                await author.delete(room)
                assert await news() == [("changed", "a")]

    serving.run(work)


def test_a_record_goes_with_what_it_needs() -> None:
    async def work(node: Served) -> None:
        address = f"http://127.0.0.1:{node.port}"
        async with writer(address) as author, Client(address) as reader:
            await author.define(Meeting)
            room = await author.create(Room("Curie"))
            await author.create(Meeting(room))
            async with asyncio.timeout(PATIENCE), aclosing(reader.subscribe(Meeting)) as told_of:
                assert [each.room for each in (await anext(told_of)).records] == [room]
                await author.delete(room)
                changed = await anext(told_of)
                assert [(each.kind, each.record) for each in changed.changes] == [("gone", None)]
                assert [each.error.reason for each in changed.rejected] == ["related-missing"]
                assert changed.records == ()

    serving.run(work)


def test_who_begins_without_a_network_begins_with_it() -> None:
    """Neither the dataclass nor what its records lead to is asked for once alone."""

    async def work(node: Served) -> None:
        async with (
            wire(node.port) as between,
            writer(f"http://127.0.0.1:{node.port}") as author,
            Client(f"ws://127.0.0.1:{between.port}", sleep=soon) as reader,
        ):
            between.down = True
            told = Told()
            following = asyncio.create_task(follow(reader, told))
            await author.define(Talk)
            talk = await author.create(Talk("a", await author.create(Room("Curie"))))
            between.down = False
            await until(following, told, lambda: list(told.records.values()) == [talk])

    serving.run(work)


@pytest.mark.parametrize("seed", [1, 2])
def test_cut_at_random_places_records_are_what_a_query_gives(seed: int) -> None:
    chance = random.Random(seed)

    async def write(author: Client, between: Wire) -> None:
        houses = [await author.create(House(f"{n}")) for n in range(2)]
        rooms = [await author.create(Room(f"{n}", chance.choice([*houses, None]))) for n in range(3)]
        talks: list[Talk] = []
        for number in range(2 * MOST_SMALL + 12):
            if number < MOST_SMALL + 2:  # so many questions about rooms that they are put together
                rooms.append(await author.create(Room(f"{number}", chance.choice(houses))))
                talks.append(await author.create(Talk(f"{number}", rooms[-1])))
            match chance.randrange(5):
                case 0:
                    await author.update(chance.choice(rooms), name=f"x{number}")
                case 1:
                    await author.update(chance.choice(houses), name=f"y{number}")
                case 2:
                    chosen = chance.choice(talks)
                    await author.update(chosen, room=chance.choice(rooms), others=chance.sample(rooms, 2))
                case 3:
                    await author.update(chance.choice(rooms), house=chance.choice([*houses, None]))
                case 4 if len(talks) > 2:
                    await author.delete(talks.pop(chance.randrange(len(talks))))
            if chance.random() < 0.3:
                between.cut()
            await asyncio.sleep(chance.choice([0, 0.002, 0.01]))

    async def work(node: Served) -> None:
        address = f"ws://127.0.0.1:{node.port}"
        async with (
            wire(node.port) as between,
            writer(address) as author,
            Client(f"ws://127.0.0.1:{between.port}", sleep=soon) as reader,
        ):
            await author.define(Talk)
            told = Told()
            following = asyncio.create_task(follow(reader, told))
            await write(author, between)
            there = {each.meta.id: each async for each in author.query(Talk)}
            await until(following, told, lambda: told.records == there)
            assert told.rejected == []

    serving.run(work)


def test_many_are_led_to() -> None:
    """More than one question holds."""

    async def work(node: Served) -> None:
        address = f"http://127.0.0.1:{node.port}"
        async with writer(address) as author, Client(address) as reader:
            await author.define(Meeting)
            rooms = await author.create_many([Room(f"{n}") for n in range(2 * AT_ONCE + 1)])
            await author.create_many([Meeting(room) for room in rooms])
            async with asyncio.timeout(PATIENCE), aclosing(reader.subscribe(Meeting)) as told_of:
                assert {each.room.name for each in (await anext(told_of)).records} == {r.name for r in rooms}
                await author.update(rooms[-1], name="last")
                assert [each.record and each.record.room for each in (await anext(told_of)).changes] == [
                    rooms[-1]
                ]

    serving.run(work)
