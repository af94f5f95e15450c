"""What an import has to do, found by comparing: for all schedules and all that may be published."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from panda_festival.comparing import NEAR, Comparison, Published, compare
from panda_festival.schedule import Talk

FIELDS = ("guid", "title", "start", "room", "persons")
DAY = "2026-06-05T"

TALKS: st.SearchStrategy[Talk] = st.fixed_dictionaries(
    {"guid": st.sampled_from("abc"), "title": st.sampled_from(["A", "B", "Caf\u00e9"])},
    optional={
        "start": st.sampled_from([f"{DAY}10:00:00Z", f"{DAY}12:00:00+02:00", f"{DAY}15:00:00Z", f"{DAY}15:30:00Z"]),
        "room": st.sampled_from(["Hall", "Attic"]),
        "persons": st.sampled_from([("A",), ("A", "B")]),
    },
)  # fmt: skip
SCHEDULES = st.lists(TALKS, max_size=6, unique_by=lambda talk: tuple(sorted(talk.items())))
# What other programs may have written, too.
ODD = st.fixed_dictionaries(
    {},
    optional={
        "guid": st.sampled_from(["a", 7, ("b",)]),
        "title": st.sampled_from([3, ("A",), "A"]),
        "start": st.sampled_from(["soon", 5, ("2026",)]),
        "persons": st.sampled_from(["A, B", (), (1, 2)]),
        "other": st.just("kept"),
    },
)


def published(talks: list[Any], prefix: str = "") -> list[Published]:
    return [Published(f"{prefix}{number}", talk) for number, talk in enumerate(talks)]


def carried_out(
    there: list[Published], found: Comparison, *, withdraw: bool, restore: bool
) -> list[Published]:
    """What is published after an import."""
    changes = {each.published.id: each.fields for each in found.changed}
    gone = {one.id for one in found.withdrawn} if withdraw else set()
    after = []
    for one in there:
        fields = {**one.fields, **changes.get(one.id, {})}
        if one.id not in gone:
            after.append(Published(one.id, {k: v for k, v in fields.items() if v is not None}))
    return after + published([*found.new, *(found.deleted if restore else ())], "new ")


def counts(found: Comparison) -> tuple[int, int, int, int, int]:
    parts = (found.new, found.changed, found.unchanged, found.withdrawn, found.deleted)
    return tuple(map(len, parts))  # type: ignore[return-value]


@given(SCHEDULES, st.lists(TALKS | ODD, max_size=6), st.lists(TALKS | ODD, max_size=4), st.booleans())
def test_the_same_file_again_changes_nothing(
    file: list[Talk], there: list[Any], gone: list[Any], withdraw: bool
) -> None:
    before = published(there)
    found = compare(file, before, published(gone, "gone "), FIELDS)
    assert found.talks == len(file)
    shown = [
        one.id for one in (*found.unchanged, *found.withdrawn, *(each.published for each in found.changed))
    ]
    assert len(shown) == len(set(shown)), "each published talk is one thing only"
    after = carried_out(before, found, withdraw=withdraw, restore=True)
    again = compare(file, after, published(gone, "gone "), FIELDS)
    new, changed, unchanged, withdrawn, deleted = counts(again)
    assert (new, changed, unchanged, deleted) == (0, 0, len(file), 0)
    assert withdrawn == (0 if withdraw else len(found.withdrawn))


@given(SCHEDULES)
def test_what_was_just_imported_is_unchanged(file: list[Talk]) -> None:
    assert counts(compare(file, published(file), [], FIELDS)) == (0, 0, len(file), 0, 0)
    assert counts(compare(file, published(file[::-1]), [], FIELDS)) == (0, 0, len(file), 0, 0)
    assert counts(compare(file, [], [], FIELDS)) == (len(file), 0, 0, 0, 0)


@given(SCHEDULES, st.data())
def test_what_was_deleted_by_hand_stays_so(file: list[Talk], data: st.DataObject) -> None:
    kept = [data.draw(st.booleans()) for _ in file]
    there = [talk for talk, keep in zip(file, kept, strict=True) if keep]
    gone = [talk for talk, keep in zip(file, kept, strict=True) if not keep]
    found = compare(file, published(there), published(gone, "gone "), FIELDS)
    assert counts(found) == (0, 0, len(there), 0, len(gone))
    assert list(found.deleted) == gone


def talk(guid: str, hour: int | None = None, **fields: Any) -> dict[str, Any]:
    start = {} if hour is None else {"start": f"{DAY}{hour:02}:00:00+02:00"}
    return {"guid": guid, "title": guid.upper(), **start, **fields}


def test_a_talk_that_moved_is_changed() -> None:
    there = published([talk("a", 14, room="Hall"), talk("b", 16), talk("c", 18)])
    file = [talk("a", 11, room="Workshop"), talk("c", 18), talk("d", 20)]
    found = compare(file, there, [], FIELDS)
    (moved,) = found.changed
    assert (moved.published.id, moved.fields) == ("0", {"start": f"{DAY}11:00:00+02:00", "room": "Workshop"})
    assert [one.id for one in found.withdrawn] == ["1"]
    assert [one.id for one in found.unchanged] == ["2"]
    assert [one["guid"] for one in found.new] == ["d"]


def test_of_one_guid_the_nearest_belong_together() -> None:
    there = published([talk("a", 15), talk("a", 11)])
    found = compare([talk("a", 12), talk("a", 16)], there, [], FIELDS)
    assert {each.published.id: each.fields["start"] for each in found.changed} == {
        "1": f"{DAY}12:00:00+02:00",
        "0": f"{DAY}16:00:00+02:00",
    }
    found = compare([talk("a", 14)], there, [], FIELDS)
    assert [each.published.id for each in found.changed] == ["0"]
    assert [one.id for one in found.withdrawn] == ["1"]


def test_a_field_that_the_file_has_no_more_is_emptied() -> None:
    there = published([talk("a", 10, room="Hall", persons=("A",))])
    (changed,) = compare([talk("a")], there, [], FIELDS).changed
    assert changed.fields == {"start": None, "room": None, "persons": None}
    (changed,) = compare([talk("a")], there, [], ("guid", "title", "start")).changed
    assert changed.fields == {"start": None}, "what is not compared stays"


def test_two_spellings_of_unicode_are_no_difference() -> None:
    there = published([talk("a", room="Cafe\u0301", persons=("Zoe\u0308",))])
    assert counts(compare([talk("a", room="Caf\u00e9", persons=("Zo\u00eb",))], there, [], FIELDS)) == (
        0,
        0,
        1,
        0,
        0,
    )


@pytest.mark.parametrize(("days", "withdrawn"), [(30, 1), (33, 0), (-30, 1), (-33, 0), (365, 0)])
def test_a_festival_of_another_year_is_not_withdrawn(days: int, withdrawn: int) -> None:
    from datetime import UTC, datetime, timedelta

    assert timedelta(seconds=NEAR) == timedelta(days=31)
    other = datetime(2026, 6, 5, 10, tzinfo=UTC) + timedelta(days=days)
    there = published([{"guid": "x", "title": "X", "start": other.isoformat()}])
    found = compare([talk("a", 10)], there, [], FIELDS)
    assert len(found.withdrawn) == withdrawn


def test_what_was_written_by_hand_is_not_withdrawn() -> None:
    there = published([{"title": "Mine", "start": f"{DAY}10:00:00Z"}])
    assert counts(compare([talk("a", 10)], there, [], FIELDS)) == (1, 0, 0, 0, 0)
