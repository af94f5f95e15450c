"""What was dropped stays away, from whomever; who dropped other things than their peers comes to rest with them."""

import asyncio
import random
from typing import Any

import pytest

from panda_web.node.dropping import Keeping, Rule, Sweep, allow, refuse
from panda_web.node.slices import Pace
from panda_web.rpc.methods import GET_ITEMS, GET_REMOVED
from panda_web.rpc.within import in_process
from panda_web.sync import Source
from tests.authors import Author
from tests.sync.test_filling import programme, whole
from tests.sync.test_replicating import Party, parties, run
from tests.sync.world import Between, Here, a_node, alike, author, here, view

Json = Any


async def drop(node: Party | Here, **rule: Any) -> None:
    await Sweep(node.store, Rule(**rule)).run(node.node.write, Pace(asyncio.sleep))


async def states(party: Party, who: Author) -> list[str | None]:
    items = await party.here.call(GET_ITEMS, author=who.hex, logId=1, start=1, end=-1)
    return [each.state for each in items.entries]


def test_two_nodes_that_dropped_different_things_come_to_rest() -> None:
    async def work() -> None:
        async with parties(3) as (one, other, third):
            who = Author(1)
            written = [who.create(n=n) for n in range(12)]
            for signed, payload in written:
                await one.node.publish_entry(signed.encoded, payload)
            between = Between(one.to(other))
            both = one.with_(other, between)
            await both.once()
            for place, party in ((0, one), (1, one), (1, other), (2, other)):
                await drop(party, instance=written[place][0].hash)
            await both.once()
            assert await states(one, who) == ["dropped", "dropped", *["held"] * 10]
            assert await states(other, who) == ["held", "dropped", "dropped", *["held"] * 9]
            between.calls.clear()
            await both.once()
            assert between.calls == {"panda_getLogs": 1}
            # Through a peer that lacks payloads in the middle, all entries travel, and verify.
            await third.with_(other).once()
            assert [each for each, _ in await third.all()] == [each for each, _ in await one.all()]
            assert [payload is None for _, payload in await third.all()] == [False, True, True, *[False] * 9]
            update = who.update(written[0][0].hash, n=99)
            await other.node.publish_entry(update[0].encoded, update[1])
            await both.once()
            assert (await states(one, who))[-1] == "dropped", "its instance was"

    run(work())


def test_a_refused_author_is_brought_in_vain_once() -> None:
    async def work() -> None:
        async with parties(2) as (one, other):
            who = Author(1)
            await one.write(who, 20)
            await refuse(other.store, bytes.fromhex(who.hex), "No.", other.node.write, Pace(asyncio.sleep))
            offered = 0

            def count(method: str, params: Json, answer: Json) -> Json:
                nonlocal offered
                offered += len(params["items"]) if method == "panda_publishItems" else 0
                return answer

            both = one.with_(other, Between(one.to(other), count))
            await both.once()
            assert (both.contact.error, both.contact.refused) == (None, 20)
            assert await other.all() == []
            for _ in range(5):
                await one.write(who)
                await both.once()
            assert offered == 25, "what was refused is not offered again with each that is new"
            await one.write(Author(2))
            await both.once()
            assert len(await other.all()) == 1
            await allow(other.store, bytes.fromhex(who.hex), other.node.write)

    run(work())


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_dropped_where_all_is_quiet_at_the_end(seed: int) -> None:
    chance = random.Random(seed)

    async def work() -> None:
        async with parties(3) as all_:
            who = {number: Author(number) for number in (1, 2, 3)}
            made: list[Any] = []
            links = [(a, b) for a in all_ for b in all_ if a is not b]
            joined = {(id(a), id(b)): a.with_(b) for a, b in links}
            for _ in range(60):
                party = chance.choice(all_)
                kind = chance.choice(["write", "write", "drop", "author", "keep", "meet", "meet"])
                match kind:
                    case "write":
                        number = 1 + all_.index(party)  # each writes at their own node
                        made.append(who[number].create(n=chance.randrange(99)))
                        await party.node.publish_entry(made[-1][0].encoded, made[-1][1])
                    case "drop" if made:
                        instance = chance.choice(made)[0].hash
                        if party.store.entries.log_of(instance) is not None:
                            await drop(party, instance=instance)
                    case "author":
                        key = bytes.fromhex(who[chance.randrange(1, 4)].hex)
                        await drop(party, author=key, larger_than=chance.randrange(150, 300))
                    case "keep":
                        await Keeping(party.store).run(party.node.write, Pace(asyncio.sleep))
                    case "meet":
                        other = chance.choice([each for each in all_ if each is not party])
                        await joined[id(party), id(other)].once()
            for _ in range(3):
                for a, b in links:
                    await joined[id(a), id(b)].once()
            before = [await party.all() for party in all_]
            assert len({tuple(entry for entry, _ in each) for each in before}) == 1, "all have all entries"
            for party in all_:
                held = {entry for entry, payload in await party.all() if payload is not None}
                removed = await party.here.call(GET_REMOVED, instances=[each[0].hash.hex() for each in made])
                away = {each.id for each in removed.instances}
                assert not any(signed.hash.hex() in away for signed, _ in made if signed.encoded in held)
            calls = []
            for a, b in links:
                between = Between(a.to(b))
                again = a.with_(b, between)
                await again.once()
                calls.append(between.calls["panda_publishItems"])
            assert sum(calls) == 0
            assert [await party.all() for party in all_] == before

    run(work())


def test_a_filling_does_not_bring_back_what_was_dropped() -> None:
    async def work() -> None:
        dispatcher = a_node().dispatcher()
        async with here() as there, author(in_process(dispatcher)) as panda:
            _, talk, (_, first, second, third) = await programme(panda, 3)
            between = Between(in_process(dispatcher))
            source = Source("node", between)
            there.wants.ask("a page", source, talk)
            await there.until("node", talk, whole)
            await drop(there, instance=bytes.fromhex(first))
            asked = len(between.asked)
            await _compared_again(there, talk)
            assert set(await view(there.dispatcher, talk)) == {second, third}
            assert not any(first in str(each) for each in between.asked[asked:]), "it is not even asked for"
            await panda.update(talk, first, {"n": 77})
            await panda.update(talk, second, {"n": 78})
            await _compared_again(there, talk)
            shown = await view(there.dispatcher, talk)
            assert isinstance(shown, dict)
            assert {each: shown[each]["n"] for each in shown} == {second: 78, third: 2}
            keeping = Keeping(there.store, instance=bytes.fromhex(first))
            await keeping.run(there.node.write, Pace(asyncio.sleep))
            await there.wants.again(keeping.schemas)
            await alike(dispatcher, there.dispatcher, talk)
            await between.close()

    asyncio.run(work())


async def _compared_again(there: Here, schema: str) -> None:
    before = there.wants.standing("node", schema).as_of
    there.wants.hurry()
    await there.until("node", schema, lambda standing: standing.as_of != before)
