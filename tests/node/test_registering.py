"""Registered schemas: what is held to them, what pending ones wait for, and what a node refuses of the others."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.bamboo import digest
from panda_web.client.errors import MessageRefused
from panda_web.errors import PandaError, StoreFailed
from panda_web.keys.with_cryptography import CryptographyVerifier
from panda_web.log import SignedEntry
from panda_web.messages import SYSTEM_LOGS, Field, Relation
from panda_web.messages.schema import (
    DEFINITION,
    FieldDefinition,
    Schema,
    read_definition,
    schema_to_dict,
    write_definition,
)
from panda_web.node import Node, views
from panda_web.node.answer import listing
from panda_web.node.schemas import Policy, drop, register, registry, states
from panda_web.node.schemas.states import MOST_LACKS
from panda_web.node.store.migrations import MIGRATIONS
from panda_web.node.views import view
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import ErrorFromNode
from panda_web.rpc.methods import (
    GET_ENTRY_ARGUMENTS,
    NO_SCHEMA,
    PUBLISH_ITEMS,
    QUERY,
    QUERY_ENTRIES,
    SCHEMAS,
)
from panda_web.rpc.transport import InProcess
from tests.authors import OTHER_SCHEMA, SCHEMA, Author
from tests.client.test_publishing import Patched, client, run
from tests.defining import definition
from tests.node import earlier
from tests.node.test_publish import Harness
from tests.node.waiting import until
from tests.sqlite import Store

ROOM = Schema(
    "room",
    "Where talks are held",
    (
        FieldDefinition("name", "varchar", validation="[A-Z].*"),
        FieldDefinition("seats", "integer", optional=True),
        FieldDefinition("beside", "relation[]", schema="self", optional=True),
    ),
)


def talk_in(room: str) -> Schema:
    return Schema(
        "talk",
        "What is said",
        (
            FieldDefinition("title", "text"),
            FieldDefinition("room", "relation", schema=room),
            FieldDefinition("also", "relation[]", schema=room, optional=True),
        ),
    )


class Administered(Harness):
    """A node whose administrator registers schemas."""

    def __init__(self, policy: Policy = "any", path: Path | None = None) -> None:
        self.store = Store(path)
        self.start(policy)

    def start(self, policy: Policy = "any") -> None:
        """The node begins anew, with what is stored."""
        self.node = Node(self.store, CryptographyVerifier(), version="0", policy=policy)
        self.connection = Connection(InProcess(self.node.dispatcher()))

    def register(self, *schemas: str) -> None:
        for schema in schemas:
            asyncio.run(register(self.store, schema))
        asyncio.run(self.node.keep_views())

    def drop(self, *schemas: str) -> None:
        for schema in schemas:
            asyncio.run(drop(self.store, schema))
        asyncio.run(self.node.keep_views())

    def names(self) -> list[Any]:
        """Of the rooms, as a query answers."""
        return [each["name"] for each in self.call(QUERY, schema=ROOMS, orderBy=["name"])]

    def states(self) -> dict[str, tuple[str, list[tuple[str, str]]]]:
        return {
            each["id"]: (each["state"], [(lack["what"], lack["id"]) for lack in each["waitsFor"]])
            for each in self.call(SCHEMAS)
        }

    def fails(self, reason: str, method: Any, **params: Any) -> None:
        with pytest.raises(ErrorFromNode) as refused:
            self.call(method, **params)
        assert refused.value.reason == reason
        assert len(str(refused.value)) > 20


@pytest.fixture
def node() -> Administered:
    return Administered()


ROOMS, ROOM_DEFINED = definition(ROOM)


def test_a_registered_schema_is_held_to(node: Administered) -> None:
    before = Author()
    node.publish(*before.create(ROOMS, name="whatever, nobody looks yet"))
    node.publish(*ROOM_DEFINED)
    assert node.states()[ROOMS] == ("registered", [])
    assert node.names() == [], "it is not valid"
    author = Author(2)
    hall, payload = author.create(ROOMS, name="Hall", seats=3)
    node.publish(hall, payload)
    node.publish(*author.update(hall.hash, ROOMS, seats=4))
    for fields, reason in (
        ({"name": "hall"}, "pattern-not-matched"),
        ({"seats": 1}, "field-missing"),
        ({"name": "Hall", "colour": "red"}, "field-unknown"),
        ({"name": "Hall", "seats": 1.5}, "value-type-mismatch"),
        ({"name": "H" * 256}, "text-too-long"),
        ({"name": "Hall", "beside": Relation(ROOMS)}, "value-type-mismatch"),
    ):
        head = author.head
        node.refuses(*author.create(ROOMS, **fields), reason)
        author.head = head
    node.refuses(*author.update(hall.hash, ROOMS, name="x"), "pattern-not-matched")
    author.head = head
    node.publish(*author.delete(hall.hash, ROOMS))
    # Other schemas are nobody's concern here.
    node.publish(*Author(3).create(SCHEMA, name="hall"))


def test_a_name_is_taken_where_one_registered_schema_has_it(node: Administered) -> None:
    node.fails("schema-name-unknown", QUERY, schema=ROOM.name)
    node.publish(*ROOM_DEFINED)
    node.publish(*Author().create(ROOMS, name="Hall"))
    other, defined = definition(replace(ROOM, description="Another one"), 78)
    assert [each["name"] for each in node.call(QUERY, schema=ROOM.name)] == ["Hall"]
    node.publish(*defined)
    node.fails("schema-name-ambiguous", QUERY, schema=ROOM.name)
    node.drop(other)
    assert len(node.call(QUERY, schema=ROOM.name)) == 1
    node.register(other)
    node.fails("schema-name-ambiguous", QUERY, schema=ROOM.name)
    assert len(node.call(QUERY, schema=ROOMS)) == 1
    node.fails("schema-name-unknown", QUERY, schema="x" * 10_000)
    node.fails("schema-name-unknown", QUERY, schema="")
    node.fails("invalid-params", QUERY, schema=ROOMS.upper())


def test_what_is_there_already_is_still_acknowledged(node: Administered) -> None:
    author = Author()
    held = author.create(ROOMS, name="hall")
    node.publish(*held)
    node.publish(*ROOM_DEFINED)
    assert node.publish(*held).next.seq_num == 2
    node.refuses(*author.create(ROOMS, name="hall"), "pattern-not-matched")


def test_dropped_it_is_held_to_no_more(node: Administered) -> None:
    node.publish(*ROOM_DEFINED)
    author = Author()
    node.refuses(*author.create(ROOMS, name="hall"), "pattern-not-matched")
    node.drop(ROOMS)
    assert node.states() == {}
    node.publish(*Author().create(ROOMS, name="hall"))
    node.publish(*ROOM_DEFINED)
    node.start()
    assert node.states() == {ROOMS: ("not-registered", [])}, "nor is it registered by itself again"
    (listed,) = node.call(SCHEMAS)
    assert (listed["name"], listed["definition"]) == ("room", schema_to_dict(ROOM))
    node.fails("schema-not-registered", QUERY, schema=ROOMS)
    assert len(node.call(QUERY_ENTRIES, schema=ROOMS)) == 1
    with pytest.raises(PandaError) as refused:
        node.drop(ROOMS)
    assert refused.value.reason == "schema-not-registered"
    node.register(ROOMS)
    node.publish(*Author(2).create(ROOMS, name="Cellar"))
    assert node.names() == ["Cellar"]


# -- by itself -----------------------------------------------------------------------------------------


def test_what_is_defined_is_registered_by_itself_and_shown_at_once(node: Administered) -> None:
    """Also what came before its definition, and what another schema waited for."""
    talks, talk_defined = definition(talk_in(ROOMS), 78)
    node.publish(*talk_defined)
    assert node.states() == {talks: ("pending", [("registration", ROOMS)])}
    early = Author(2)
    hall = early.create(ROOMS, name="Hall")
    node.publish(*hall)
    node.fails("schema-not-defined", QUERY, schema=ROOMS)
    node.publish(*ROOM_DEFINED)
    assert node.states() == {talks: ("registered", []), ROOMS: ("registered", [])}
    assert node.names() == ["Hall"]
    assert node.call(QUERY, schema=talks) == []
    node.publish(*Author(3).create(talks, title="Opening", room=Relation(hall[0].hash.hex())))
    assert [each["title"] for each in node.call(QUERY, schema=talks)] == ["Opening"]
    assert len(node.call(QUERY, schema=DEFINITION.id)) == 2


def test_no_more_by_themselves_than_a_bound_and_more_by_the_administrator(
    node: Administered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "MOST_BY_THEMSELVES", registry.MOST_OF_AUTHOR + 2)
    author, other = Author(70, log_id=0), Author(71, log_id=0)

    def define(author: Author, number: int) -> str:
        signed, payload = author.write(write_definition(replace(ROOM, description=str(number))))
        node.publish(signed, payload)
        return signed.hash.hex()

    mine = [define(author, n) for n in range(registry.MOST_OF_AUTHOR + 1)]
    assert list(node.states()) == mine[:-1]
    node.fails("schema-not-registered", QUERY, schema=mine[-1])
    theirs = [define(other, n) for n in range(3)]
    assert list(node.states()) == mine[:-1] + theirs[:2]
    node.register(mine[-1])
    assert node.call(QUERY, schema=mine[-1]) == []
    node.register(mine[0])  # by the administrator from now on, which makes room for another
    theirs.append(define(other, 3))
    assert theirs[3] in node.states() and theirs[2] not in node.states()
    node.start()
    assert theirs[2] not in node.states(), "there is no room for it"
    node.drop(mine[1])
    node.start()
    assert theirs[2] in node.states() and mine[1] not in node.states()


def test_for_registered_schemas_only_those_count_that_were_chosen(node: Administered) -> None:
    node.publish(*ROOM_DEFINED)
    node.publish(*Author().create(ROOMS, name="Hall"))
    assert node.names() == ["Hall"]
    node.start("registered")
    asyncio.run(node.node.keep_views())
    assert node.states() == {}
    node.fails("schema-not-registered", QUERY, schema=ROOMS)
    node.start("any")
    asyncio.run(node.node.keep_views())
    assert node.names() == ["Hall"]
    node.register(ROOMS)
    node.start("registered")
    assert node.names() == ["Hall"]


def test_a_list_of_large_definitions_is_bounded(node: Administered, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strangers define them, and nobody else could have the list any more."""
    monkeypatch.setattr(listing, "MAX_DEFINITIONS", 30_000)
    author, ids = Author(70, log_id=0), []
    for number in range(registry.MOST_OF_AUTHOR + 5):
        leads = [
            FieldDefinition(f"to_{n}", "relation", schema=digest(b"%d" % n).hex(), optional=True)
            for n in range(40)
        ]
        signed, payload = author.write(write_definition(Schema(f"s{number}", "x" * 1000, tuple(leads))))
        node.publish(*Author(71 + number).create(signed.hash.hex(), n=1))  # held to nothing yet
        node.publish(signed, payload)
        ids.append(signed.hash.hex())
    listed = node.call(SCHEMAS)
    registered, others = listed[: registry.MOST_OF_AUTHOR], listed[registry.MOST_OF_AUTHOR :]
    assert [each["name"] for each in registered] == [f"s{n}" for n in range(registry.MOST_OF_AUTHOR)]
    assert all(len(each["waitsFor"]) == MOST_LACKS for each in registered)
    assert sorted(each["id"] for each in others) == sorted(ids[registry.MOST_OF_AUTHOR :])
    assert {(each["state"], each["name"]) for each in others} == {("not-registered", None)}
    with_definition = [each for each in listed if each["definition"] is not None]
    assert with_definition == listed[: len(with_definition)]
    assert 1 < len(with_definition) < 10
    assert len(str(listed)) < 100_000
    page = node.call(SCHEMAS, after="0040" + "00" * 64)
    assert [each["id"] for each in page] == [each["id"] for each in others]
    assert all(each["name"] for each in page[:3]), "there is room for them, where they are first"


def test_one_more_schema_costs_nothing_for_those_that_are_there(
    node: Administered, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There may be 1,000, of 256 fields each: to read a definition takes milliseconds."""
    authors = [Author(70 + number, log_id=0) for number in range(5)]
    for number in range(100):
        node.publish(*authors[number % 5].write(write_definition(replace(ROOM, description=str(number)))))
    asyncio.run(node.node.keep_views())
    read, count = read_definition, 0

    def counted(*args: Any) -> Schema:
        nonlocal count
        count += 1
        return read(*args)

    for module in (view, states):
        monkeypatch.setattr(module, "read_definition", counted)
    node.publish(*ROOM_DEFINED)
    asyncio.run(node.node.keep_views())
    assert count < 5
    assert len(node.states()) == 101


@pytest.mark.parametrize("first", [0, 1])
def test_a_definition_counts_whatever_becomes_of_its_log(node: Administered, first: int) -> None:
    """Its id names its bytes. Else who defined a schema could take away what all others wrote under it."""
    defined = [definition(ROOM), definition(replace(ROOM, description="Another one"))]  # two in one slot
    room, _ = defined[first]

    def bring(entry: SignedEntry, payload: bytes) -> str | None:
        item = {"entryBytes": entry.encoded.hex(), "payloadBytes": payload.hex()}
        (outcome,) = node.call(PUBLISH_ITEMS, items=[item])
        assert outcome.state == "stored"
        return outcome.reason

    assert bring(*defined[first][1]) is None
    node.publish(*Author().create(room, name="Hall"))
    assert bring(*defined[1 - first][1]) is None
    before = {schema: ("registered", []) for schema, _ in defined}
    for _ in range(2):
        assert node.states() == before
        assert [each["name"] for each in node.call(QUERY, schema=room)] == ["Hall"]
        assert node.call(QUERY, schema=DEFINITION.id) == [], "as of any log, nothing is shown from there on"
        node.start()
        asyncio.run(node.node.keep_views())


@pytest.mark.parametrize("number", [1, earlier.FORMATS[-1]])
def test_what_was_defined_before_is_registered_at_the_start(tmp_path: Path, number: int) -> None:
    author = Author()
    written = [author.create(ROOMS, name="hall"), ROOM_DEFINED, author.create(ROOMS, name="Hall")]
    earlier.folder(tmp_path / "node.db", number, written)
    node = Administered(path=tmp_path / "node.db")
    assert node.names() == ["Hall"]
    node.store.close()


def test_a_long_chain_of_schemas_starts_as_its_first_one_comes(node: Administered) -> None:
    chain = chain_of(registry.MOST_OF_AUTHOR, 1)
    for _, defined in reversed(chain):
        assert {state for state, _ in node.states().values()} <= {"pending"}
        node.publish(*defined)
    assert [state for state, _ in node.states().values()] == ["registered"] * len(chain)
    assert all(node.call(QUERY, schema=schema) == [] for schema, _ in chain)


def test_registrations_last_and_an_earlier_data_folder_opens(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    node = Administered(path=path)
    node.publish(*ROOM_DEFINED)
    node.register(ROOMS)
    node.store.close()
    again = Administered(path=path)
    assert again.states()[ROOMS] == ("registered", [])
    again.store.close()
    old_path = tmp_path / "old.db"
    (before,) = (number for number, step in enumerate(MIGRATIONS) if "CREATE TABLE schemas" in step)
    with contextlib.closing(sqlite3.connect(old_path)) as old:
        old.executescript(f"{';'.join(MIGRATIONS[:before])}; PRAGMA user_version={before};")
    old_node = Administered(path=old_path)
    assert old_node.states() == {}
    old_node.publish(*ROOM_DEFINED)
    old_node.register(ROOMS)
    assert old_node.states()[ROOMS] == ("registered", [])
    old_node.store.close()


# -- pending -------------------------------------------------------------------------------------------


def test_pending_ones_start_when_all_is_there(node: Administered) -> None:
    talk = talk_in(ROOMS)
    talks, talk_defined = definition(talk, 78)
    node.register(talks)
    assert node.states() == {talks: ("pending", [("definition", talks)])}
    # Nobody knows yet what a talk is like.
    node.publish(*Author().create(talks, whatever=1))
    node.publish(*talk_defined)
    assert node.states()[talks] == ("pending", [("registration", ROOMS)])
    node.register(ROOMS)
    assert node.states()[talks] == ("pending", [("start", ROOMS)])
    assert node.states()[ROOMS] == ("pending", [("definition", ROOMS)])
    # What is known is held to already, without a view to be asked.
    node.refuses(*Author(2).create(talks, whatever=1), "field-unknown")
    node.publish(*ROOM_DEFINED)
    assert node.states()[talks] == node.states()[ROOMS] == ("registered", [])
    listed = {each["id"]: each for each in node.call(SCHEMAS)}
    assert listed[talks]["name"] == "talk"
    assert listed[talks]["definition"] == schema_to_dict(talk)


def test_a_definition_and_what_it_forbids_in_one_batch(node: Administered) -> None:
    node.register(ROOMS)

    async def work() -> Sequence[object]:
        return await asyncio.gather(
            node.node.publish_entry(ROOM_DEFINED[0].encoded, ROOM_DEFINED[1]),
            *(
                node.node.publish_entry(signed.encoded, payload)
                for signed, payload in (Author(n).create(ROOMS, name="hall") for n in range(1, 4))
            ),
            return_exceptions=True,
        )

    first, *_ = asyncio.run(work())
    assert not isinstance(first, Exception)
    node.refuses(*Author(9).create(ROOMS, name="hall"), "pattern-not-matched")


def chain_of(length: int, wide: int) -> list[tuple[str, tuple[SignedEntry, bytes]]]:
    """Schemas, each of which leads to some before it and to itself."""
    made: list[tuple[str, tuple[SignedEntry, bytes]]] = []
    for number in range(length):
        fields = [FieldDefinition("own", "relation", schema="self", optional=True)]
        fields += [
            FieldDefinition(f"to_{n}", "relation", schema=target, optional=True)
            for n, (target, _) in enumerate(made[-wide:])
        ]
        made.append(definition(Schema(f"s{number}", "", tuple(fields)), 100 + number))
    return made


CHAIN = chain_of(6, 2)


@given(
    st.lists(st.tuples(st.sampled_from(["register", "define"]), st.integers(0, len(CHAIN) - 1)), max_size=12),
    st.sampled_from(["any", "registered"]),
)
def test_states_depend_on_what_is_there_and_not_on_its_order(
    steps: list[tuple[str, int]], policy: Policy
) -> None:
    node = Administered(policy)
    registered, defined = set(), set()
    for what, number in steps:
        schema, (signed, payload) = CHAIN[number]
        if what == "register":
            node.register(schema)
            registered.add(number)
        else:
            node.publish(signed, payload)
            defined.add(number)
            if policy == "any":
                registered.add(number)
    started: set[int] = set()
    for number in range(len(CHAIN)):
        leads = set(range(max(0, number - 2), number))
        if number in registered & defined and leads <= started:
            started.add(number)
    states = node.states()
    for number in registered:
        state, lacks = states[CHAIN[number][0]]
        assert (state == "registered") == (number in started) == (not lacks)
        if number not in defined:
            assert lacks == [("definition", CHAIN[number][0])]
        if number in started:
            assert node.call(QUERY, schema=CHAIN[number][0]) == []
    before = node.call(SCHEMAS)
    node.start(policy)
    assert node.call(SCHEMAS) == before


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ("", "schema-malformed"),
        ("room", "schema-malformed"),
        ("0040" + "zz" * 64, "schema-malformed"),
        ("'; DROP TABLE schemas; --", "schema-malformed"),
        (DEFINITION.id or "", "system-schema"),
        (SYSTEM_LOGS[4], "system-schema"),
        ("talk", "schema-malformed"),
    ],
)
def test_ids_that_no_schema_can_have(node: Administered, schema: str, reason: str) -> None:
    with pytest.raises(PandaError) as refused:
        node.register(schema)
    assert refused.value.reason == reason
    assert node.states() == {}


def test_what_is_no_definition_cannot_be_registered(node: Administered) -> None:
    signed, payload = Author().create()
    node.publish(signed, payload)
    with pytest.raises(PandaError) as refused:
        node.register(signed.hash.hex())
    assert refused.value.reason == "not-a-definition"
    # Registered before it came, it waits for a definition for ever, and the node goes on.
    other, other_payload = Author(2).create()
    node.register(other.hash.hex())
    node.publish(other, other_payload)
    assert node.states()[other.hash.hex()] == ("pending", [("definition", other.hash.hex())])


# -- relations -----------------------------------------------------------------------------------------


def test_relations_lead_to_their_schema_where_that_is_known(node: Administered) -> None:
    talks, talk_defined = definition(talk_in(ROOMS), 78)
    node.publish(*ROOM_DEFINED)
    node.publish(*talk_defined)
    node.register(ROOMS, talks)
    rooms, others = Author(1), Author(2)
    hall, hall_payload = rooms.create(ROOMS, name="Hall")
    node.publish(hall, hall_payload)
    changed, changed_payload = rooms.update(hall.hash, ROOMS, seats=5)
    node.publish(changed, changed_payload)
    other, other_payload = others.create(SCHEMA, n=1)
    node.publish(other, other_payload)

    author = Author(3)

    def talk(room: bytes, *also: bytes) -> tuple[SignedEntry, bytes]:
        fields: dict[str, object] = {"title": "x", "room": Relation(room.hex())}
        if also:
            fields["also"] = Field("relation[]", tuple(Relation(each.hex()) for each in also))
        return author.create(talks, **fields)

    def refused(room: bytes, *also: bytes) -> None:
        head = author.head
        node.refuses(*talk(room, *also), "relation-target-foreign")
        author.head = head

    opening = talk(hall.hash)
    node.publish(*opening)
    node.publish(*talk(digest(b"not here yet")))
    many = [digest(str(n).encode()) for n in range(2000)]
    node.publish(*talk(hall.hash, *many, hall.hash))
    refused(other.hash)
    refused(changed.hash)  # an entry about an instance, and none itself
    refused(opening[0].hash)
    refused(ROOM_DEFINED[0].hash)
    refused(hall.hash, *many, other.hash)
    head = author.head
    node.refuses(
        *author.update(opening[0].hash, talks, room=Relation(other.hash.hex())), "relation-target-foreign"
    )
    author.head = head
    # A target that is deleted was one.
    node.publish(*rooms.delete(hall.hash, ROOMS))
    node.publish(*talk(hall.hash))


# -- the policy ----------------------------------------------------------------------------------------


def test_registered_only() -> None:
    node = Administered("registered")
    author = Author()
    for method in (QUERY, QUERY_ENTRIES):
        node.fails("schema-not-registered", method, schema=SCHEMA)
    node.fails("schema-not-registered", GET_ENTRY_ARGUMENTS, author=author.hex, schema=SCHEMA)
    node.refuses(*author.create(SCHEMA), "schema-not-registered")
    node.register(ROOMS)
    node.fails("schema-pending", GET_ENTRY_ARGUMENTS, author=author.hex, schema=ROOMS)
    node.refuses(*Author().create(ROOMS, name="Hall"), "schema-pending")
    node.fails("schema-pending", QUERY, schema=ROOMS)
    # Definitions come in always, and can be asked for; so do the other system logs.
    assert node.call(GET_ENTRY_ARGUMENTS, author=author.hex, schema=DEFINITION.id).log_id == 0
    node.publish(*ROOM_DEFINED)
    assert [each["id"] for each in node.call(QUERY, schema=DEFINITION.id)] == [ROOMS]
    node.publish(*Author(4, log_id=4).create(SYSTEM_LOGS[4]))
    assert node.call(GET_ENTRY_ARGUMENTS, author=author.hex, schema=ROOMS).log_id == 1
    node.publish(*Author().create(ROOMS, name="Hall"))
    assert [each["name"] for each in node.call(QUERY, schema=ROOMS)] == ["Hall"]
    # A client that needs a free log asks as if for no schema; nothing can be published under it.
    assert node.call(GET_ENTRY_ARGUMENTS, author=author.hex, schema=NO_SCHEMA).log_id == 3
    node.refuses(*Author(5).create(NO_SCHEMA), "schema-not-registered")
    assert node.states().keys() == {ROOMS}


def test_registered_only_with_targets_that_are_not() -> None:
    node = Administered("registered")
    talks, talk_defined = definition(talk_in(ROOMS), 78)
    node.publish(*talk_defined)
    node.register(talks)
    node.publish(*Author().create(talks, title="x", room=Relation(ROOMS)))
    node.fails("schema-pending", QUERY, schema=talks)
    node.publish(*ROOM_DEFINED)
    node.register(ROOMS)
    assert [each["title"] for each in node.call(QUERY, schema=talks)] == ["x"]
    node.drop(ROOMS)
    node.fails("schema-pending", QUERY, schema=talks)


def test_any_gives_the_entries_of_what_is_pending_or_unknown(node: Administered) -> None:
    """And a client makes of them what a view would."""
    node.register(ROOMS)
    node.publish(*Author().create(ROOMS, name="hall"))
    node.publish(*Author(2).create(OTHER_SCHEMA))
    node.fails("schema-pending", QUERY, schema=ROOMS)
    node.fails("schema-not-defined", QUERY, schema=OTHER_SCHEMA)
    for schema in (ROOMS, OTHER_SCHEMA):
        assert len(node.call(QUERY_ENTRIES, schema=schema)) == 1
        assert len(run(client(node).query(schema))) == 1
    assert node.states() == {ROOMS: ("pending", [("definition", ROOMS)]), OTHER_SCHEMA: ("not-defined", [])}


# -- clients -------------------------------------------------------------------------------------------


def test_a_client_that_knows_the_schema_signs_nothing_wrong(node: Administered) -> None:
    panda = client(node)
    room = run(panda.define(ROOM)).id or ""
    node.register(room)
    with pytest.raises(PandaError):
        run(panda.create(room, {"name": "hall"}))
    assert run(panda.create(room, {"name": "Hall", "beside": []})).acknowledged


def test_a_client_that_cannot_know_it_goes_on_in_the_log(node: Administered) -> None:
    """The node holds the definition, and does not show it."""
    room = run(client(node, seed=bytes((9,)) * 32).define(ROOM)).id or ""
    node.register(room)

    class Hiding(Patched):
        hides = True

        def answer(self, method: str, result: Any) -> Any:
            return [] if self.hides and method == "panda_query" else result

    run(node.node.views.add(replace(ROOM, id=room)))
    wire = Hiding(node)
    panda = client(wire)
    run(panda.create(room, {"name": "Hall"}))
    refused = run(panda.create(room, {"name": "hall"}))
    assert isinstance(refused.error, MessageRefused)
    assert refused.error.data["node"] == "pattern-not-matched"
    assert run(panda.create(room, {"name": "Cellar"})).acknowledged
    wire.hides = False
    found = run(panda.query(room, order_by=["name"]))
    assert [(each["name"], each.log_id) for each in found] == [("Cellar", 1), ("Hall", 1)]


def test_what_is_not_registered_is_not_signed() -> None:
    node = Administered("registered")
    panda = client(node)
    with pytest.raises(ErrorFromNode) as refused:
        run(panda.create(SCHEMA, {"n": 1}))
    assert refused.value.reason == "schema-not-registered"
    assert run(panda.pending()) == 0
    room = run(panda.define(ROOM)).id or ""
    node.register(room)
    assert run(panda.create(room, {"name": "Hall"})).acknowledged
    # Dropped, and registered again: what was signed in between waits, and the log goes on.
    node.drop(room)
    kept = run(panda.create(room, {"name": "Cellar"}))
    assert kept.error is not None
    assert (kept.acknowledged, kept.error.reason) == (False, "schema-not-registered")
    node.register(room)
    assert run(panda.create(room, {"name": "Attic"})).acknowledged
    assert {each.log_id for each in run(panda.query(room))} == {1}


def test_watching_goes_on_after_a_fault(
    node: Administered, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the disk, or of ours: what could not be read is read again."""
    node.publish(*ROOM_DEFINED)
    node.drop(ROOMS)

    def broken(**_: object) -> tuple[str, ...]:
        raise StoreFailed("The disk is gone.")

    def fault() -> set[str]:
        raise ZeroDivisionError

    async def work() -> None:
        watching = asyncio.create_task(node.node.watch(0.001))
        with monkeypatch.context() as patched:
            await node.node.keep_views()
            await node.store.begin()
            with node.store.transaction():
                node.store.registrations.choose(ROOMS)
            patched.setattr(node.store.registrations, "all", broken)
            await node.store.durable()
            await until(lambda: len(caplog.records) > 1)
            patched.undo()
            patched.setattr(node.store.views, "schemas", fault)
            await until(lambda: "ZeroDivisionError" in caplog.text)
        await until(lambda: views.in_place(node.store, ROOMS))
        watching.cancel()

    asyncio.run(work())
    node.refuses(*Author().create(ROOMS, name="hall"), "pattern-not-matched")


def test_views_follow_what_is_registered(tmp_path: Path) -> None:
    """By another program, as an administrator does it; what was invalid before is not shown then."""
    path = tmp_path / "node.db"
    node = Administered(path=path)
    author = Author()
    for name in ("hall", "Hall"):
        node.publish(*author.create(ROOMS, name=name))
    node.publish(*ROOM_DEFINED)

    async def names() -> list[Any]:
        found = await node.connection.call(QUERY, schema=ROOMS, orderBy=["name"])
        return [each["name"] for each in found]

    async def work() -> None:
        told: list[tuple[Schema, int, int]] = []
        watching = asyncio.create_task(node.node.watch(0.001, lambda *how_far: told.append(how_far)))
        administrator = Store(path)
        assert await names() == ["Hall"]
        await drop(administrator, ROOMS)
        await until(lambda: views.in_place(node.store, ROOMS) is None)
        with pytest.raises(ErrorFromNode, match="not registered"):
            await names()
        await register(administrator, ROOMS)
        await until(lambda: views.in_place(node.store, ROOMS))
        assert told[-1] == (replace(ROOM, id=ROOMS), 2, 2)
        assert await names() == ["Hall"]
        administrator.close()
        watching.cancel()
        await asyncio.wait([watching])
        await node.node.finish()

    asyncio.run(work())
    node.store.close()
