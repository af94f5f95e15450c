"""A festival on an aquadoggo 0.1.0 node: what it cannot carry is left out and told before anything is signed."""

from typing import Any

import pytest
from panda_festival.importing import Imported, Plan, import_talks, plan_import
from panda_festival.schedule import Schedule
from panda_festival.schemas import TALK

from panda_web.client.errors import NodeTooOld
from panda_web.messages import Field
from panda_web.rpc.errors import NodeUnreachable
from panda_web.rpc.transport import InProcess
from tests.browser.festivals import event
from tests.festival.test_importing import file_of
from tests.interop.aquadoggo import Aquadoggo
from tests.interop.served import InProcessAquadoggo
from tests.interop.test_early_node import client, run
from tests.node.test_publish import Harness

TALKS = str(TALK.id)


async def imported(panda: Any, file: Schedule, **options: bool) -> Imported:
    return await import_talks(panda, file, lambda *_: None, **options)


def left_out(done: Imported | Plan) -> list[tuple[str, str]]:
    return [(each.talk, each.field) for each in done.left_out]


def test_talks_come_without_what_the_node_does_not_know() -> None:
    async def work() -> None:
        panda = client(Aquadoggo())
        file = file_of(event(1), event(2, persons=[]), event(3))
        plan = await plan_import(panda, file)
        assert left_out(plan) == [("Talk 1", "persons"), ("Talk 3", "persons")]
        assert "knows no field type str[]" in plan.left_out[0].why
        assert plan.left_out[0].value == "('Person 1',)"
        done = await imported(panda, file)
        assert (done.published, done.total) == (3, 3)
        assert done.left_out == plan.left_out
        talks = await panda.query(TALKS).all()
        assert sorted(str(talk["title"]) for talk in talks) == ["Talk 1", "Talk 2", "Talk 3"]
        assert not any("persons" in talk.fields for talk in talks)
        again = await imported(panda, file)
        assert (again.published, again.updated, again.unchanged) == (0, 0, 3)

    run(work())


def test_a_newer_version_there() -> None:
    """It knows no word for an emptied field, so the old value stays, and that is told."""

    async def work() -> None:
        panda = client(Aquadoggo())
        await imported(panda, file_of(event(1), event(2), event(3)))
        newer = file_of(event(1, title="Moved", track=None), event(2, track=None))
        done = await imported(panda, newer, withdraw=True)
        assert (done.published, done.updated, done.withdrawn, done.unchanged) == (0, 1, 1, 1)
        fields = ("persons", "track")
        assert sorted(left_out(done)) == [(title, field) for title in ("Moved", "Talk 2") for field in fields]
        titles = {talk["title"]: talk["track"] for talk in await panda.query(TALKS).all()}
        assert titles == {"Moved": "Odds", "Talk 2": "Odds"}

    run(work())


def test_resuming_goes_on() -> None:
    async def work() -> None:
        early = Aquadoggo()
        wire = InProcessAquadoggo(early)
        panda = client(wire)
        file = file_of(*(event(n) for n in range(10)))
        send, sent = wire.send, 0

        async def cut(body: bytes) -> bytes:
            nonlocal sent
            sent += b"panda_publishEntry" in body
            if sent > 4:
                raise NodeUnreachable("The node is away.")
            return await send(body)

        wire.send = cut  # type: ignore[method-assign]
        with pytest.raises(NodeUnreachable):
            await imported(panda, file)
        wire.send = send  # type: ignore[method-assign]
        done = await imported(panda, file)
        assert done.published + done.unchanged == 10
        assert len(await panda.query(TALKS).all()) == 10

    run(work())


def test_what_a_node_cannot_carry_is_asked_field_by_field() -> None:
    async def work() -> None:
        fields = {"persons": Field("str[]", ("A",)), "title": Field("str", "A"), "track": Field("str[]", ())}
        (found,) = await client(Aquadoggo()).not_carried(TALKS, [fields])
        assert {name: type(why) for name, why in found.items()} == dict.fromkeys(
            ("persons", "track"), NodeTooOld
        )
        assert await client(InProcess(Harness().node.dispatcher())).not_carried(TALKS, [fields]) == [{}]

    run(work())
