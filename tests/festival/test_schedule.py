"""From schedule files to talks."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web import messages
from panda_web.festival import ROOM, TALK, LeftOut, NotASchedule, read_schedule
from tests.schedules import SMALL, by_guid, lists, small_talks


def test_mapping() -> None:
    read = read_schedule(json.dumps(SMALL()).encode())
    assert by_guid(lists(read.talks)) == by_guid(small_talks())
    assert read.left_out == ()


def test_a_byte_order_mark_and_double_events() -> None:
    assert len(read_schedule(b"\xef\xbb\xbf" + json.dumps(SMALL(3)).encode()).talks) == 3
    schedule = SMALL(3)
    rooms = schedule["schedule"]["conference"]["days"][0]["rooms"]
    rooms["Main hall"] += rooms["Main hall"]
    assert len(read_schedule(json.dumps(schedule).encode()).talks) == 3


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"7", b'"text"', b"\x89PNG\r\n\x1a\n", b"\xff\xfe", b"[" * 100_000, b"{}",
        b'{"schedule": 1}', b'{"schedule": {"conference": {"days": []}}}', b'{"schedule": {"conference": {"days": 7}}}',
        b'{"schedule": {"conference": {"days": [{"rooms": []}]}}}',
        b'{"schedule": {"conference": {"days": [{"rooms": {"a": [1]}}]}}}',
        b'{"schedule": {"conference": {"days": [{"rooms": {"a": [{"title": "no guid"}]}}]}}}',
        b'{"schedule": {"conference": {"days": [{"rooms": {"a": [{"guid": 7}]}}]}}}',
        b'{"schedule": {"conference": {"days": [{"rooms": {"a": [{"guid": "g", "title": []}]}}]}}}',
        b'{"schedule": {"conference": {"days": [{"rooms": {"a": [{"guid": "\\ud800"}]}}]}}}',
        b'{"schedule": {"conference": {"days": [{"rooms": {"a": [{"guid": "g", "persons": [1]}]}}]}}}',
        b'{"schedule": {"conference": {"days": [{"rooms": {"a": [{"guid": "g", "persons": [{"public_name": 1}]}]}}]}}}',
        b"1" * 10_000,
    ],
)  # fmt: skip
def test_what_is_no_schedule(content: bytes) -> None:
    with pytest.raises(NotASchedule) as refused:
        read_schedule(content)
    assert len(str(refused.value)) > 20


NAMES = st.sampled_from(
    ["schedule", "conference", "days", "rooms", "guid", "title", "persons", "public_name", "date"]
)
JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=10,
)


@given(JSON)
def test_noise_is_a_named_error(value: Any) -> None:
    for content in (value, {"schedule": {"conference": {"days": [{"rooms": {"a": [value]}}]}}}):
        try:
            talks = read_schedule(json.dumps(content).encode()).talks
        except NotASchedule:
            continue
        for talk in talks:
            room = {"name": talk["room"]} if "room" in talk else {"name": "any"}
            ROOM.check(ROOM.to_fields(room), "create")
            rest = {name: value for name, value in talk.items() if name != "room"}
            TALK.check(TALK.to_fields(rest), "create")


def one_event(**fields: Any) -> bytes:
    schedule = SMALL(1)
    schedule["schedule"]["conference"]["days"][0]["rooms"]["Main hall"][0] |= fields
    return json.dumps(schedule).encode()


@pytest.mark.parametrize(
    ("source", "field", "value"),
    [
        ("date", "start", "2026-08-01T10:30:00"),
        ("date", "start", "on Saturday"),
        ("date", "start", "2026-02-30T10:30:00+02:00"),
        ("duration", "duration", "a while"),
        ("duration", "duration", "1:60"),
        ("room", "room", "R" * 256),
        ("track", "track", "T" * 256),
        ("persons", "persons", [{"public_name": "P" * 256}]),
    ],
)
def test_what_does_not_fit_is_left_out_and_said(source: str, field: str, value: Any) -> None:
    read = read_schedule(one_event(**{source: value}))
    (whole,) = read_schedule(one_event(persons=[{"public_name": "Ada"}])).talks
    (talk,) = read.talks
    assert talk.keys() == whole.keys() - {field} - ({"persons"} if field != "persons" else set())
    (left_out,) = read.left_out
    assert (left_out.talk, left_out.field) == (talk["title"], field)
    assert len(left_out.why) > 20


@pytest.mark.parametrize("fields", [{"title": None}, {"title": ""}, {"guid": "g" * 256}])
def test_a_talk_without_a_title_or_a_guid_is_left_out(fields: dict[str, Any]) -> None:
    schedule = json.loads(one_event(**fields))
    schedule["schedule"]["conference"]["days"][0]["rooms"] |= {
        "Garden": SMALL(2)["schedule"]["conference"]["days"][0]["rooms"]["Garden 🌿"]
    }
    read = read_schedule(json.dumps(schedule).encode())
    assert [talk["guid"] for talk in read.talks] == ["guid-0001"]
    assert [isinstance(each, LeftOut) and each.field for each in read.left_out] == [next(iter(fields))]
    with pytest.raises(NotASchedule):
        read_schedule(one_event(**fields))


def test_a_talk_that_no_message_can_hold_loses_its_longest_text() -> None:
    read = read_schedule(one_event(description="🐼" * 200_000, abstract="A" * 400_000, title="T" * 200))
    (talk,) = read.talks
    assert (talk["abstract"], "description" in talk) == ("A" * 400_000, False)
    (left_out,) = read.left_out
    assert (left_out.talk, left_out.field) == ("T" * 80, "description")
    talk_message = messages.create(str(TALK.id), TALK.to_fields({**talk, "room": ROOM.id}))
    assert len(talk_message.encode()) < messages.MAX_SIZE
