"""Whose talks are the programme, what stands apart, and what is one event said twice."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from panda_festival.profile import write_profile
from panda_festival.programme import Said, Stands, arrange
from panda_festival.schemas import PROFILE, ROOM, SCHEMAS, TALK

from panda_web.client import Client
from panda_web.client.store import MemoryStore
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.messages.schema import InvalidFields
from panda_web.rpc.transport import InProcess
from tests.node.test_publish import Harness

A, B, C, D = (letter * 64 for letter in "abcd")
NOON, LATER = "2026-08-01T12:00:00+02:00", "2026-08-01T14:00:00+02:00"
AUTHORS = st.sampled_from((A, B, C, D))
TALKS = st.lists(
    st.builds(
        Said,
        id=st.integers(0, 10**6).map(lambda number: f"{number:07}"),
        author=AUTHORS,
        guid=st.sampled_from(("", "one", "two", "Größe", "Gro\u0308ße")),
        title=st.sampled_from(("Opening", "Closing")),
        start=st.sampled_from((NOON, "2026-08-01T10:00:00Z", LATER, "some time")),
    ),
    max_size=12,
    unique_by=lambda each: each.id,
)
NAMED = st.lists(AUTHORS, unique=True, max_size=3)


@given(TALKS, NAMED, st.frozensets(AUTHORS), st.none() | AUTHORS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_decides_nothing(
    talks: list[Said], authors: list[str], muted: frozenset[str], me: str | None, random: object
) -> None:
    before = arrange(talks, authors, muted, me)
    random.shuffle(talks)  # type: ignore[attr-defined]
    assert arrange(talks, authors, muted, me) == before


@given(TALKS, NAMED.filter(bool), st.none() | AUTHORS, AUTHORS)
def test_nobody_displaces_a_talk_of_the_programme(
    talks: list[Said], authors: list[str], me: str | None, stranger: str
) -> None:
    """Whatever a stranger publishes, the programme is what it was."""
    theirs = [each for each in talks if each.author in authors]
    others = [each for each in talks if each.author not in authors]
    alone, among = arrange(theirs, authors, (), me), arrange([*others, *theirs], authors, (), me)
    assert {each.id: among[each.id] for each in theirs} == alone
    assert all(among[each.id].place == "proposed" for each in others)


@given(TALKS, NAMED, st.frozensets(AUTHORS), st.none() | AUTHORS)
def test_what_is_behind_another_can_be_opened_from_there(
    talks: list[Said], authors: list[str], muted: frozenset[str], me: str | None
) -> None:
    by_id = {each.id: each for each in talks}
    for each, stands in arrange(talks, authors, muted, me).items():
        if stands.behind is not None:
            front = by_id[stands.behind]
            found = arrange(talks, authors, muted, me)[front.id]
            assert found.behind is None
            assert found.place != "muted"
            assert front.author != by_id[each].author
            assert stands.place == "proposed" or found.place == "programme"
        if by_id[each].author == me:
            assert stands.behind is None
            assert stands.place != "muted"


@given(TALKS, st.none() | AUTHORS)
def test_where_nobody_is_named_nothing_is_hidden_by_what_says_something_else(
    talks: list[Said], me: str | None
) -> None:
    by_id = {each.id: each for each in talks}
    for each, stands in arrange(talks, (), (), me).items():
        assert stands.place == "programme"
        assert not stands.differs
        if stands.behind is not None:
            assert by_id[stands.behind].title == by_id[each].title


@given(TALKS, NAMED, st.frozensets(AUTHORS))
def test_of_muted_authors_nothing_is_shown_whoever_names_them(
    talks: list[Said], authors: list[str], muted: frozenset[str]
) -> None:
    found = arrange(talks, authors, muted)
    assert {each.id for each in talks if each.author in muted} == {
        each for each, stands in found.items() if stands.place == "muted"
    }
    rest = [each for each in talks if each.author not in muted]
    named = [author for author in authors if author not in muted]
    if bool(named) == bool(authors):  # else nobody is left of those who were named, and all stands apart
        assert {each.id: found[each.id] for each in rest} == arrange(rest, named)


def stands(talks: Sequence[Said], authors: Sequence[str], me: str | None = None) -> list[Stands]:
    found = arrange(talks, authors, (), me)
    return [found[each.id] for each in talks]


def test_two_people_import_one_schedule() -> None:
    first = Said("1", B, "guid", "Opening", NOON)
    again = replace(first, id="0", author=A, start="2026-08-01T10:00:00Z")  # the same moment
    front = Stands("programme")
    assert stands([first, again], ()) == [replace(front, behind="0"), front]
    assert stands([first, again], (), me=B) == [
        front,
        replace(front, behind="1"),
    ]  # their own, they can change
    assert stands([first, again], (B, A)) == [front, replace(front, behind="1")]
    assert stands([first, again], (B,)) == [front, Stands("proposed", behind="1")]
    assert stands([first, again], (B,), me=A) == [front, Stands("proposed")]
    assert stands([first, again], (C,)) == [Stands("proposed", behind="0"), Stands("proposed")]


def test_a_copied_guid_with_other_words() -> None:
    first = Said("1", B, "guid", "Opening", NOON)
    hostile = replace(first, id="0", author=A, title="Moved to midnight")
    assert stands([first, hostile], (B,)) == [Stands("programme"), Stands("proposed", "1", differs=True)]
    assert stands([first, hostile], ()) == [Stands("programme"), Stands("programme")]
    assert stands([first, hostile], (C,)) == [Stands("proposed"), Stands("proposed")]


def test_an_event_that_is_held_twice_is_one_authors_slots() -> None:
    slots = [Said("1", A, "guid", "Workshop", NOON), Said("2", A, "guid", "Workshop", LATER)]
    others = [replace(each, id=f"{each.id}b", author=B) for each in slots]
    front = Stands("programme")
    assert stands([*slots, *others], (A, B)) == [
        front,
        front,
        replace(front, behind="1"),
        replace(front, behind="2"),
    ]


def client(node: Harness, signer: CryptographySigner | None = None) -> Client:
    return Client(
        InProcess(node.node.dispatcher()),
        signer or CryptographySigner.generate(),
        store=MemoryStore(),
        verifier=CryptographyVerifier(),
    )


def test_a_profile_is_written_changed_and_deleted_and_the_least_id_counts() -> None:
    async def work() -> None:
        node, signer = Harness(), CryptographySigner.generate()
        panda, elsewhere = client(node, signer), client(node, signer)

        async def names() -> list[object]:
            return [each.values for each in await client(node).query(str(PROFILE.id)).all()]

        panda.learn([PROFILE])
        with pytest.raises(InvalidFields):
            await write_profile(panda, "x" * 61, "")
        assert await write_profile(panda, "", "") is None
        await write_profile(panda, " Ada ", "")
        assert await names() == [{"name": "Ada"}]
        assert await write_profile(panda, "Ada", "") is None
        await write_profile(panda, "Ada 🐼", "of the Meadow")
        assert await names() == [{"name": "Ada 🐼", "about": "of the Meadow"}]
        await write_profile(panda, "Ada", "")
        assert await names() == [{"name": "Ada"}]
        more = await panda.create(str(PROFILE.id), {"name": "Another"})
        counts = min(each.id for each in await client(node).query(str(PROFILE.id)).all())
        await write_profile(elsewhere, "Zoë", "")  # a second device: it asks the node
        (left,) = await client(node).query(str(PROFILE.id)).all()
        assert (left.id, left["name"]) == (counts, "Zoë")
        assert more.id
        await write_profile(elsewhere, "", "")
        assert await names() == []

    asyncio.run(work())


def test_what_was_shipped_before_has_the_ids_that_it_had() -> None:
    assert SCHEMAS == (ROOM, TALK, PROFILE)
    assert str(ROOM.id)[:12] == "00401299b1b8"
    assert str(TALK.id)[:12] == "0040b1200953"
