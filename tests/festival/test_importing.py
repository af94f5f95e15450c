"""Importing schedules; the real programme where it is at hand."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from panda_web.client import Client
from panda_web.client.lock import ProcessLock
from panda_web.client.store import MemoryStore
from panda_web.festival import ROOM, TALK, import_talks, read_schedule, room_named
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.messages import Relation
from panda_web.messages.schema import InvalidFields
from panda_web.rpc.errors import NodeUnreachable
from panda_web.rpc.transport import InProcess
from tests.node.test_publish import Harness
from tests.schedules import SMALL, by_guid, lists, small_talks

CAMP = Path(__file__).resolve().parents[3] / "shared" / "data" / "camp2019-schedule.json"
TALKS, ROOMS = str(TALK.id), str(ROOM.id)


async def imported(data: bytes, node: Harness) -> tuple[list[dict[str, Any]], list[tuple[int, int]]]:
    """What the node shows after an import, and the progress that was told."""
    panda = Client(
        InProcess(node.node.dispatcher()),
        CryptographySigner.generate(),
        store=MemoryStore(),
        verifier=CryptographyVerifier(),
    )
    told: list[tuple[int, int]] = []
    schedule = read_schedule(data)
    count = len(schedule.talks)
    done = await import_talks(panda, schedule, lambda n, total: told.append((n, total)))
    assert (done.published, done.skipped, done.total) == (count, 0, count)
    again = await import_talks(panda, schedule, lambda *_: None)
    assert (again.published, again.skipped) == (0, count)
    return await shown(panda), told


async def shown(panda: Client) -> list[dict[str, Any]]:
    """The talks at the node, with the names of their rooms, no two of which are one room."""
    listed = await panda.query_all(ROOMS)
    rooms = {room.id: room["name"] for room in listed}
    assert len(set(rooms.values())) == len(rooms)
    talks = await panda.query_all(TALKS)
    assert not listed.rejected + talks.rejected
    assert all(instance.verified for instance in (*listed, *talks))
    found = lists([talk.values for talk in talks])
    return [talk | {"room": rooms[talk["room"]]} if "room" in talk else talk for talk in found]


def test_import() -> None:
    found, told = asyncio.run(imported(json.dumps(SMALL(30)).encode(), Harness()))
    assert by_guid(found) == by_guid(small_talks(30))
    assert told[0] == (0, 30)
    assert told[-1] == (30, 30)
    assert told == sorted(told)


def test_two_tabs_import_at_once_and_an_emptied_node_gets_all() -> None:
    async def work() -> None:
        node, signer, store = Harness(), CryptographySigner.generate(), MemoryStore()
        lock = ProcessLock()

        def tab(at: Harness) -> Client:
            transport = InProcess(at.node.dispatcher())
            return Client(transport, signer, store=store, lock=lock, verifier=CryptographyVerifier())

        talks = read_schedule(json.dumps(SMALL(30)).encode())
        done = await asyncio.gather(*(import_talks(tab(node), talks, lambda *_: None) for _ in range(2)))
        assert sorted(one.published for one in done) == [0, 30]
        assert len(await tab(node).query_all(TALKS)) == 30
        emptied = Harness()
        assert (await import_talks(tab(emptied), talks, lambda *_: None)).published == 0
        assert by_guid(await shown(tab(emptied))) == by_guid(small_talks(30))

    asyncio.run(work())


def test_a_deleted_talk_comes_back_only_when_imported_again() -> None:
    async def work() -> None:
        node = Harness()
        panda = Client(
            InProcess(node.node.dispatcher()), CryptographySigner.generate(), verifier=CryptographyVerifier()
        )
        talks = read_schedule(json.dumps(SMALL(5)).encode())
        await import_talks(panda, talks, lambda *_: None)
        first = (await panda.query(TALKS))[0]
        await panda.update(TALKS, first.id, {"title": "mine now"})
        assert (await import_talks(panda, talks, lambda *_: None)).published == 0
        await panda.delete(TALKS, first.id)
        assert (await import_talks(panda, talks, lambda *_: None)).published == 1

    asyncio.run(work())


class Wire(InProcess):
    """To a node that is away at times."""

    away = False
    closes_at: bytes | None = None

    async def send(self, body: bytes) -> bytes:
        self.away = self.away or (self.closes_at is not None and self.closes_at in body)
        if self.away:
            raise NodeUnreachable("The node is away.")
        return await super().send(body)


def test_rooms_are_the_authors_own_and_there_once() -> None:
    async def work() -> None:
        node, signer, store = Harness(), CryptographySigner.generate(), MemoryStore()

        def client(signer: CryptographySigner, store: MemoryStore | None = None) -> tuple[Client, Wire]:
            wire = Wire(node.node.dispatcher())
            return Client(wire, signer, store=store, verifier=CryptographyVerifier(), sleep=no_time), wire

        panda, wire = client(signer, store)
        hall = await room_named(panda, "Hall")
        assert await room_named(panda, "Hall") == hall
        stranger, _ = client(CryptographySigner.generate())
        assert await room_named(stranger, "Hall") != hall
        restored, _ = client(signer)
        assert await room_named(restored, "Hall") == hall
        await panda.create(TALKS, {"title": "At home", "room": hall})
        wire.away = True
        assert await room_named(panda, "Hall") == hall
        attic = await room_named(panda, "Attic")
        talk = await panda.create(TALKS, {"title": "Signed on the train", "room": attic})
        assert not talk.acknowledged
        wire.away = False
        await panda.flush()
        (found,) = await panda.query(TALKS, filter={"title": "Signed on the train"})
        assert (found.id, found["room"]) == (talk.id, Relation(attic))
        assert {room["name"] for room in await panda.query(ROOMS, filter={"author": panda.author})} == {
            "Hall",
            "Attic",
        }
        with pytest.raises(InvalidFields):
            await room_named(panda, "R" * 256)
        assert len(await panda.query(ROOMS)) == 3

    asyncio.run(work())


async def no_time(_: float) -> None:
    """Sleeps that are over at once."""


def test_rooms_are_where_the_talks_are() -> None:
    async def work() -> None:
        first, second, signer, store = Harness(), Harness(), CryptographySigner.generate(), MemoryStore()
        for node in (first, second):
            transport = InProcess(node.node.dispatcher())
            name = "first" if node is first else "second"
            panda = Client(transport, signer, store=store, verifier=CryptographyVerifier(), name=name)
            hall = await room_named(panda, "Hall")
            assert (await panda.create(TALKS, {"title": name, "room": hall})).acknowledged
            assert [room.id for room in await panda.query(ROOMS)] == [hall]

    asyncio.run(work())


def test_no_more_rooms_are_signed_for_a_node_that_is_gone() -> None:
    async def work() -> None:
        wire = Wire(Harness().node.dispatcher())
        panda = Client(wire, CryptographySigner.generate(), verifier=CryptographyVerifier(), sleep=no_time)
        await room_named(panda, "Hall")
        wire.closes_at = b"panda_publishEntry"
        schedule = SMALL(0)
        rooms = schedule["schedule"]["conference"]["days"][0]["rooms"]
        event = SMALL(1)["schedule"]["conference"]["days"][0]["rooms"]["Main hall"][0]
        rooms["all"] = [event | {"guid": str(number), "room": f"Room {number}"} for number in range(500)]
        with pytest.raises(NodeUnreachable):
            await import_talks(panda, read_schedule(json.dumps(schedule).encode()), lambda *_: None)
        assert len(await panda.own(ROOMS)) == 101
        assert await panda.own(TALKS) == {}

    asyncio.run(work())


def test_rooms_that_are_lost_with_their_key_are_asked_for_first() -> None:
    async def work() -> None:
        node, signer = Harness(), CryptographySigner.generate()
        wire = Wire(node.node.dispatcher())
        panda = Client(wire, signer, verifier=CryptographyVerifier(), sleep=no_time)
        wire.away = True
        with pytest.raises(NodeUnreachable):
            await room_named(panda, "Hall")
        assert await panda.pending() == 0

    asyncio.run(work())


@pytest.mark.skipif(not CAMP.exists(), reason=f"NOT TESTED WITH THE REAL PROGRAMME: no {CAMP}")
def test_the_real_programme() -> None:
    found, _ = asyncio.run(imported(CAMP.read_bytes(), Harness()))
    names = {"date": "start", "type": "kind"}
    wanted = [
        "guid",
        "title",
        "subtitle",
        "abstract",
        "description",
        "date",
        "duration",
        "room",
        "track",
        "type",
        "language",
        "url",
    ]
    expected = []
    for day in json.loads(CAMP.read_text("utf-8"))["schedule"]["conference"]["days"]:
        for events in day["rooms"].values():
            for event in events:
                talk = {names.get(name, name): event[name] for name in wanted if event[name]}
                if event["persons"]:
                    talk["persons"] = [person["public_name"] for person in event["persons"]]
                expected.append(talk)
    assert len(found) == 79
    assert by_guid(found) == by_guid(expected)
