"""Importing schedules; the real programme where it is at hand."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from panda_festival.importing import Imported, import_talks, plan_import
from panda_festival.rooms import room_named
from panda_festival.schedule import Schedule, read_schedule
from panda_festival.schemas import ROOM, TALK

from panda_web.client import Client
from panda_web.client.errors import MessageRefused
from panda_web.client.lock import ProcessLock
from panda_web.client.store import MemoryStore
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.messages import Relation
from panda_web.messages.schema import InvalidFields
from panda_web.rpc.errors import NodeUnreachable
from panda_web.rpc.transport import InProcess
from tests.browser.festivals import event, schedule
from tests.node.test_publish import Harness
from tests.processes import ServedNode
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
    assert done == Imported(count, 0, 0, 0, (), count)
    again = await import_talks(panda, schedule, lambda *_: None)
    assert again == Imported(0, 0, 0, count, (), count)
    return await shown(panda), told


async def shown(panda: Client) -> list[dict[str, Any]]:
    """The talks at the node, with the names of their rooms, no two of which are one room."""
    listed = await panda.query(ROOMS).all()
    rooms = {room.id: room["name"] for room in listed}
    assert len(set(rooms.values())) == len(rooms)
    talks = await panda.query(TALKS).all()
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
        assert len(await tab(node).query(TALKS).all()) == 30
        emptied = Harness()
        assert (await import_talks(tab(emptied), talks, lambda *_: None)).published == 0
        assert by_guid(await shown(tab(emptied))) == by_guid(small_talks(30))

    asyncio.run(work())


def client(node: Harness, signer: CryptographySigner | None = None) -> Client:
    transport = InProcess(node.node.dispatcher())
    return Client(transport, signer or CryptographySigner.generate(), verifier=CryptographyVerifier())


def file_of(*events: dict[str, Any]) -> Schedule:
    return read_schedule(json.dumps(schedule(*events)).encode())


async def run_import(panda: Client, file: Schedule, **options: bool) -> tuple[int, int, int, int]:
    done = await import_talks(panda, file, lambda *_: None, **options)
    assert done.total == len(file.talks)
    return done.published, done.updated, done.withdrawn, done.unchanged


FIRST = (event(1, title="Opening"), event(2, title="Soldering"), event(3, title="Cancelled later"))
SECOND = (
    event(1, title="Opening ceremony"),
    event(2, title="Soldering", date="2026-08-02T11:00:00+02:00", room="Workshop", track=None),
    event(4, title="New talk"),
)


def test_a_newer_version_of_the_file() -> None:
    async def work() -> None:
        node = Harness()
        panda = client(node)
        assert await run_import(panda, file_of(*FIRST)) == (3, 0, 0, 0)
        before = {talk["title"]: talk.id for talk in await panda.query(TALKS)}
        plan = await plan_import(panda, file_of(*SECOND))
        assert plan.to_json() == {
            "new": ["New talk"],
            "changed": [
                {"talk": "Opening ceremony", "fields": ["title"]},
                {"talk": "Soldering", "fields": ["room", "start", "track"]},
            ],
            "withdrawn": ["Cancelled later"],
            "deleted": [],
            "unchanged": 0,
            "total": 3,
            "leftOut": [],
            "knowsDeleted": True,
        }
        assert {talk["title"]: talk.id for talk in await panda.query(TALKS)} == before, "a plan signs nothing"
        assert await run_import(panda, file_of(*SECOND)) == (1, 2, 0, 0)
        talks = {talk.id: talk for talk in await panda.query(TALKS)}
        assert talks[before["Opening"]]["title"] == "Opening ceremony"
        moved = talks[before["Soldering"]]
        assert moved["start"] == "2026-08-02T11:00:00+02:00"
        assert (await panda.query(ROOMS, filter={"id": moved["room"]}))[0]["name"] == "Workshop"
        assert "track" not in moved.fields
        assert before["Cancelled later"] in talks
        assert await run_import(panda, file_of(*SECOND)) == (0, 0, 0, 3)
        assert await run_import(panda, file_of(*SECOND), withdraw=True) == (0, 0, 1, 3)
        assert before["Cancelled later"] not in {talk.id for talk in await panda.query(TALKS)}
        assert await run_import(panda, file_of(*SECOND), withdraw=True) == (0, 0, 0, 3)

    asyncio.run(work())


def test_what_was_deleted_by_hand_stays_deleted_unless_chosen() -> None:
    async def work() -> None:
        panda = client(Harness())
        await run_import(panda, file_of(*FIRST))
        first = next(talk for talk in await panda.query(TALKS) if talk["title"] == "Opening")
        await panda.delete(TALKS, first.id)
        assert (await plan_import(panda, file_of(*FIRST))).to_json()["deleted"] == ["Opening"]
        assert await run_import(panda, file_of(*FIRST)) == (0, 0, 0, 2)
        assert len(await panda.query(TALKS)) == 2
        assert await run_import(panda, file_of(*FIRST), restore=True) == (1, 0, 0, 2)
        assert await run_import(panda, file_of(*FIRST)) == (0, 0, 0, 3)

    asyncio.run(work())


def test_a_restored_key_says_that_it_does_not_know_what_was_deleted() -> None:
    async def work() -> None:
        node, signer = Harness(), CryptographySigner.generate()
        panda = client(node, signer)
        await run_import(panda, file_of(*FIRST))
        first = next(talk for talk in await panda.query(TALKS) if talk["title"] == "Opening")
        restored = client(node, signer)
        await restored.key_restored()
        assert await run_import(restored, file_of(*FIRST)) == (0, 0, 0, 3)
        await restored.delete(TALKS, first.id)
        plan = await plan_import(restored, file_of(*FIRST))
        assert not plan.knows_deleted
        assert plan.to_json()["new"] == ["Opening"], "nobody keeps what was deleted elsewhere"
        await panda.key_restored()
        plan = await plan_import(panda, file_of(*FIRST))
        assert plan.to_json()["deleted"] == ["Opening"], "it signed that talk, and the node has it no more"

    asyncio.run(work())


def test_two_slots_of_one_talk() -> None:
    async def work() -> None:
        panda = client(Harness())
        twice = (event(1), event(1, date="2026-08-01T18:00:00+02:00"))
        assert await run_import(panda, file_of(*twice)) == (2, 0, 0, 0)
        assert await run_import(panda, file_of(*twice)) == (0, 0, 0, 2)
        later = (twice[0], event(1, date="2026-08-01T19:00:00+02:00"))
        assert await run_import(panda, file_of(*later)) == (0, 1, 0, 1)
        assert await run_import(panda, file_of(twice[0]), withdraw=True) == (0, 0, 1, 1)

    asyncio.run(work())


def test_two_spellings_of_a_room_are_one() -> None:
    async def work() -> None:
        panda = client(Harness())
        file = file_of(event(1, room="Caf\u00e9"), event(2, room="Cafe\u0301"))
        assert await run_import(panda, file) == (2, 0, 0, 0)
        assert [room["name"] for room in await panda.query(ROOMS)] == ["Caf\u00e9"]
        assert await room_named(panda, "Cafe\u0301") == (await panda.query(ROOMS))[0].id
        assert await run_import(panda, file) == (0, 0, 0, 2)

    asyncio.run(work())


def test_what_another_program_wrote_is_put_right() -> None:
    async def work() -> None:
        node, signer = Harness(), CryptographySigner.generate()
        other = client(node, signer)
        guid = event(1)["guid"]
        await other.create(TALKS, {"guid": guid, "title": 7, "room": "Meadow", "persons": "Person 1"})
        panda = client(node, signer)
        await panda.key_restored()
        assert await run_import(panda, file_of(event(1))) == (0, 1, 0, 0)
        assert await run_import(panda, file_of(event(1))) == (0, 0, 0, 1)

    asyncio.run(work())


def test_what_a_node_refuses_of_one_talk_costs_the_import_nothing(tmp_path: Path) -> None:
    async def work(url: str) -> None:
        panda, stranger = (Client(url, CryptographySigner.generate()) for _ in range(2))
        await run_import(panda, file_of(*FIRST))
        first = next(talk for talk in await panda.query(TALKS) if talk["title"] == "Opening")
        other = await stranger.create(TALKS, {"title": "No room"})
        refused = await panda.update(TALKS, first.id, {"room": other.id})
        assert isinstance(refused.error, MessageRefused), "only the node knows what it leads to"
        file = file_of(event(1, title="Opening ceremony"), event(4, title="New talk"))
        done = await import_talks(panda, file, lambda *_: None, withdraw=True)
        assert (done.published, done.updated, done.withdrawn) == (1, 1, 2)
        assert done.left_out == ()
        assert {talk["title"] for talk in await panda.query(TALKS)} == {
            "Opening ceremony",
            "New talk",
            "No room",
        }
        await panda.close()
        await stranger.close()

    with ServedNode(tmp_path / "node", None, "--festival") as served:
        asyncio.run(work(served.url))


def test_an_import_that_ends_anywhere_goes_on() -> None:
    async def work() -> None:
        wire = Wire(Harness().node.dispatcher())
        panda = Client(wire, CryptographySigner.generate(), verifier=CryptographyVerifier(), sleep=no_time)
        await run_import(panda, file_of(*(event(n) for n in range(12))))
        file = file_of(*(event(n, title=f"New {n}") for n in range(2, 14)))
        ends = 0
        while True:
            wire.lasts = ends
            wire.away = False
            try:
                done = await import_talks(panda, file, lambda *_: None, withdraw=True)
                break
            except NodeUnreachable:
                ends += 1
                wire.away = False
        assert ends > 3
        assert (done.total, len(await panda.query(TALKS))) == (12, 12)
        wire.lasts = None
        assert await run_import(panda, file, withdraw=True) == (0, 0, 0, 12)
        messages = [await panda.own(TALKS), await panda.own(TALKS, deleted=True)]
        assert [len(found) for found in messages] == [12, 2]

    asyncio.run(work())


class Wire(InProcess):
    """To a node that is away at times."""

    away = False
    closes_at: bytes | None = None
    lasts: int | None = None
    """So many entries are taken from now on."""

    async def send(self, body: bytes) -> bytes:
        self.away = self.away or (self.closes_at is not None and self.closes_at in body)
        if self.lasts is not None and b"panda_publishEntry" in body:
            self.away = self.away or self.lasts <= 0
            self.lasts -= 1
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
            for one in events:
                talk = {names.get(name, name): one[name] for name in wanted if one[name]}
                if one["persons"]:
                    talk["persons"] = [person["public_name"] for person in one["persons"]]
                expected.append(talk)
    assert len(found) == 79
    assert by_guid(found) == by_guid(expected)
