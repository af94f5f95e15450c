"""Who asks for what; places as they are kept; what of an answer belongs to what was asked for."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.rpc.stored import StoredEntry
from panda_web.rpc.within import in_process
from panda_web.sync import Place, Source, Standing, WantsTooMany, fitting
from panda_web.sync.errors import ItemUnfit
from panda_web.sync.wants import MOST_WANTS
from tests.authors import OTHER_SCHEMA, SCHEMA, Author
from tests.sync.test_filling import programme, whole
from tests.sync.world import a_node, author, here


def test_a_schema_is_filled_as_long_as_anybody_asks() -> None:
    async def work() -> None:
        dispatcher = a_node().dispatcher()
        async with here() as there, author(in_process(dispatcher)) as panda:
            room, talk, _ = await programme(panda, 3)
            way = in_process(dispatcher)
            source = Source("node", way)
            there.wants.ask("one", source, talk)
            there.wants.ask("other", source, talk)
            there.wants.ask("other", source, talk)
            await there.until("node", room, whole)
            assert {want[:2] for want in there.wants.standings} == {("node", talk), ("node", room)}
            there.wants.leave("one")
            assert {want[:2] for want in there.wants.standings} == {("node", talk), ("node", room)}
            there.wants.ask("third", source, room)
            there.wants.leave("other", ("node", talk))
            assert {want[:2] for want in there.wants.standings} == {("node", room)}
            assert there.wants.standing("node", talk) == Standing()
            there.wants.leave("third")
            there.wants.leave("third")
            assert not there.wants.standings
            await way.close()

    asyncio.run(work())


def test_as_many_as_may_be() -> None:
    async def work() -> None:
        async with here() as there:
            way = in_process(a_node().dispatcher())
            for number in range(MOST_WANTS):
                there.wants.ask("a page", Source("node", way), f"0040{number:0128x}")
            with pytest.raises(WantsTooMany):
                there.wants.ask("a page", Source("node", way), SCHEMA)
            await way.close()

    asyncio.run(work())


MOMENTS = st.none() | st.floats(0, 1e12)


@given(
    st.builds(
        Place,
        st.none() | st.text(),
        st.none() | st.just("") | st.just(SCHEMA),
        st.booleans(),
        st.integers(0, 1 << 30),
        MOMENTS,
        MOMENTS,
    )
)
def test_a_place_is_read_as_it_was_written(place: Place) -> None:
    try:
        (place.cursor or "").encode()
    except UnicodeEncodeError:
        assert Place.from_text(place.to_text()) is None
    else:
        assert Place.from_text(place.to_text()) == place


@given(st.text() | st.just('{"after": 3}') | st.just("[]"))
def test_what_is_no_place_is_none(text: str) -> None:
    assert Place.from_text(text) is None
    assert Place.from_text(None) is None


def stored(written: tuple, *, link: bool = False) -> StoredEntry:
    signed, payload = written
    return StoredEntry(signed.encoded, None if link else payload)


WRITER, STRANGER = Author(1), Author(2)
CREATED = [WRITER.create(n=n) for n in range(12)]
UPDATED = [WRITER.update(CREATED[3][0].hash, n=n) for n in range(3)]
OTHERS = [STRANGER.create(n=1), Author(3).create(OTHER_SCHEMA, n=1)]
INSTANCE = CREATED[3][0].hash.hex()
GOOD = [stored(CREATED[3]), stored(UPDATED[0]), stored(UPDATED[2])]
"""Entries 4, 13 and 15; the paths of these: 4 → 1, 13 → 4, 15 → 14 → 13."""
LINKS = [stored(CREATED[0], link=True), stored(UPDATED[1], link=True)]


@given(st.permutations([*GOOD, *LINKS]))
def test_what_belongs_to_an_instance_is_taken_in_any_order(entries: list[StoredEntry]) -> None:
    found = fitting.proof(SCHEMA, INSTANCE, entries)
    assert found == [LINKS[0], GOOD[0], GOOD[1], LINKS[1], GOOD[2]]


@given(
    st.sampled_from(
        [
            *(stored(each) for each in [CREATED[2], *OTHERS]),
            *(stored(each, link=True) for each in [CREATED[2], CREATED[8], *OTHERS]),
            StoredEntry(b"junk", None),
            StoredEntry(GOOD[0].entry, b"junk"),
        ]
    ),
    st.permutations([*GOOD, *LINKS]),
)
def test_what_does_not_is_found(strange: StoredEntry, entries: list[StoredEntry]) -> None:
    with pytest.raises(ItemUnfit):
        fitting.proof(SCHEMA, INSTANCE, [*entries, strange])
    with pytest.raises(ItemUnfit):
        fitting.proof(SCHEMA, INSTANCE, [])


def test_a_path_is_followed_as_far_as_it_is_there() -> None:
    every = [stored(each, link=True) for each in [*CREATED, *UPDATED, *OTHERS]]
    assert len(fitting.path(GOOD[2], every)) == 5
    assert fitting.path(GOOD[2], []) == [GOOD[2]]


def test_of_a_schema_without_a_view() -> None:
    deleted = stored(WRITER.delete(CREATED[3][0].hash))
    fit, strange = fitting.of_schema(SCHEMA, [*GOOD, *LINKS, *map(stored, OTHERS), StoredEntry(b"", None)])
    assert (len(fit), strange) == (6, 2)
    assert fitting.deletes(SCHEMA, frozenset((INSTANCE,)), [*GOOD, deleted]) == [deleted]
    assert fitting.deletes(SCHEMA, frozenset(), [deleted, StoredEntry(b"junk", b"junk")]) == []
