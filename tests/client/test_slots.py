"""Messages that are bound to their slot: what is stored and sent always fits where it stands."""

from collections.abc import Awaitable, Callable, Mapping

import pytest

from panda_web import bamboo, messages
from panda_web.bamboo import Head, Slot
from panda_web.client import AtSlot
from panda_web.client.log_state import LogState
from panda_web.client.own_logs import OwnLogs
from panda_web.client.store import ClientStore, MemoryStore
from panda_web.messages import Message
from panda_web.messages.schema import FieldDefinition, InvalidFields, Schema
from panda_web.rpc.methods import GET_ITEMS, StoredEntry
from tests.authors import SCHEMA, Author
from tests.client.test_forks import forked
from tests.client.test_publishing import Weather, client, numbers, run
from tests.client.world import World, bound, fits
from tests.client.world import run as step
from tests.node.test_publish import Harness

AUTHOR = Author(1).signer.author


@pytest.fixture
def node() -> Harness:
    return Harness()


def held(node: Harness, log_id: int = 1) -> list[Message]:
    """What the node holds of a log, all of it where it belongs."""
    found = []
    for item in entries(node, log_id):
        assert item.payload is not None
        assert fits(item.entry, item.payload)
        found.append(messages.decode(item.payload))
    return found


def entries(node: Harness, log_id: int = 1) -> tuple[StoredEntry, ...]:
    """A log at the node."""
    return tuple(node.call(GET_ITEMS, author=AUTHOR.hex(), logId=log_id, start=1, end=-1).entries)


class Commits(MemoryStore):
    """Counts its commits."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    async def commit(
        self,
        changes: Mapping[str, str | None],
        expected: Mapping[str, str | None],
        *,
        durable: bool = True,
    ) -> None:
        await super().commit(changes, expected, durable=durable)
        self.count += any(key.startswith("entry/") for key in changes)


def asked(n: int, slots: list[Slot], first: Callable[[], Awaitable[object]] | None = None) -> AtSlot:
    """Fields that note for which slots they were asked, and do something the first time."""

    async def fields(slot: Slot) -> Mapping[str, object]:
        slots.append(slot)
        if first is not None and len(slots) == 1:
            await first()
        return await bound(n).fields(slot)

    return AtSlot(fields)


def test_bound_and_ordinary_messages_are_signed_in_order_and_recorded_at_once(node: Harness) -> None:
    store = Commits()
    rows = [{"n": 1}, {"n": 2}, bound(3), {"n": 4}, bound(5), bound(6), {"n": 7}]
    assert all(written.acknowledged for written in run(client(node, store).create_many(SCHEMA, rows)))
    assert [message.fields["n"].value for message in held(node)] == [1, 2, 3, 4, 5, 6, 7]
    assert ["backlink" in message.fields for message in held(node)] == [0, 0, 1, 0, 1, 1, 0]
    assert store.count == 1


def test_the_slot_is_the_one_behind_what_is_signed(node: Harness) -> None:
    panda, slots = client(node), list[Slot]()
    first = run(panda.create(SCHEMA, {"n": 1}))
    run(panda.update(SCHEMA, first.id, asked(2, slots)))
    assert slots == [Slot(AUTHOR, 1, 2, bytes.fromhex(first.entry_hash))]
    assert numbers(node) == [2]
    assert len(held(node)) == 2


def test_it_is_made_anew_where_another_tab_was_faster(node: Harness) -> None:
    """The lock does not work, and the other tab writes while the fields for the slot are made."""
    store, slots = MemoryStore(), list[Slot]()
    panda, other = client(node, store), client(node, store)
    run(panda.create(SCHEMA, {"n": 0}))
    rows = [{"n": 1}, asked(2, slots, lambda: other.create(SCHEMA, {"n": 3})), {"n": 4}]
    run(panda.create_many(SCHEMA, rows))
    assert [message.fields["n"].value for message in held(node)] == [0, 3, 1, 2, 4]
    assert [slot.seq_num for slot in slots] == [3, 4]
    assert len({slot.backlink for slot in slots}) == 2


def test_it_stays_as_it_was_made_where_only_the_commit_was_lost(node: Harness) -> None:
    """The other tab records what a node holds, and takes no slot."""
    store, slots = MemoryStore(), list[Slot]()
    panda = client(node, store)
    run(panda.create(SCHEMA, {"n": 0}))

    async def acknowledged() -> None:
        own = OwnLogs(store, AUTHOR)
        log = await own.get(1)
        assert log is not None
        await own.acknowledge(log, "another node", 1)

    run(panda.create(SCHEMA, asked(1, slots, acknowledged)))
    assert [slot.seq_num for slot in slots] == [2]
    assert len(held(node)) == 2


def test_after_a_fork_it_is_made_for_the_branch_that_goes_on(node: Harness) -> None:
    store, slots = MemoryStore(), list[Slot]()
    old, _ = forked(node, store)
    run(client(node, store).update(SCHEMA, old, asked(5, slots)))
    run(client(node, store).create(SCHEMA, asked(6, slots)))
    assert [(slot.log_id, slot.seq_num) for slot in slots] == [(1, 4), (3, 1)]
    assert numbers(node) == [3, 5, 6]
    assert len(held(node)) == 4
    assert len(held(node, 3)) == 1


def test_it_is_held_to_its_schema_before_it_is_signed(node: Harness) -> None:
    store, slots = MemoryStore(), list[Slot]()
    panda = client(node, store)
    talk = run(panda.define(Schema("talk", "", (FieldDefinition("n", "integer"),))))
    assert talk.id is not None
    with pytest.raises(InvalidFields, match="seq_num"):
        run(panda.create_many(talk.id, [{"n": 1}, asked(2, slots)]))
    assert run(OwnLogs(store, AUTHOR).entries(1, 0, None)) == []
    assert run(panda.create(talk.id, {"n": 3})).acknowledged
    assert numbers(node, talk.id) == [3]


def test_what_making_it_raises_ends_the_write_and_leaves_the_slots_free(node: Harness) -> None:
    async def fails(_: Slot) -> Mapping[str, object]:
        raise TimeoutError("no key yet")

    panda = client(node)
    with pytest.raises(TimeoutError, match="no key yet"):
        run(panda.create_many(SCHEMA, [{"n": 1}, AtSlot(fails)]))
    assert run(panda.create(SCHEMA, {"n": 2})).acknowledged
    assert numbers(node) == [2]
    assert len(held(node)) == 1


def test_a_later_message_that_cannot_be_made_says_what_is_kept(node: Harness) -> None:
    """A log that was taken over without some hash goes on one by one, until the node has told the hash."""

    async def nothing(_: Slot) -> Mapping[str, object]:
        return {}

    run(client(node).create_many(SCHEMA, [{"n": n} for n in range(3)]))
    store: ClientStore = MemoryStore()
    known = Head(3, {3: bamboo.digest(entries(node)[-1].entry)})
    run(OwnLogs(store, AUTHOR).begin(LogState(1, SCHEMA, known, first=4, acknowledged={"node": 3})))
    with pytest.raises(messages.InvalidMessage) as told:
        run(client(node, store).create_many(SCHEMA, [bound(3), AtSlot(nothing)]))
    assert told.value.data["kept"] == [bamboo.digest(entries(node)[3].entry).hex()]
    assert len(held(node)) == 4


def test_it_waits_as_it_was_signed_until_there_is_a_network(node: Harness) -> None:
    store = MemoryStore()
    wire = Weather(node)
    panda = client(wire, store)
    run(panda.create(SCHEMA, bound(1)))
    wire.storm = True
    assert not run(panda.create_many(SCHEMA, [bound(2), {"n": 3}, bound(4)]))[0].acknowledged
    wire.storm = False
    assert run(panda.flush()) == 3
    assert numbers(node) == [1, 2, 3, 4]
    assert len(held(node)) == 4


def test_a_crash_while_it_is_made_leaves_the_slot_to_the_next_tab() -> None:
    world = World()
    step(world.tab().create(SCHEMA, {"n": 1}))
    slots: list[Slot] = []

    async def crash() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        step(world.tab().create(SCHEMA, asked(2, slots, crash)))
    step(world.tab().create(SCHEMA, asked(3, slots)))
    assert slots[0] == slots[1]
    assert world.misplaced() == []
    assert sorted(instance["n"] for instance in world.instances(SCHEMA)) == [1, 3]
