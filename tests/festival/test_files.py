"""The programme as a file: what an independent reader, and our own import, make of it."""

import json
import re
from collections.abc import Mapping
from typing import Any

import icalendar
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from panda_festival.calendar_file import LINE, ONE_LINE, calendar_file
from panda_festival.schedule import read_schedule
from panda_festival.schedule_file import schedule_file
from panda_festival.schemas import TALK
from panda_festival.told import ProgrammeEmpty, Told

from tests.browser.festivals import event, real_file, schedule
from tests.examples import examples
from tests.schedules import SMALL, by_guid, lists

EVIL = (
    "Talk\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:1",
    "a\nATTENDEE:mailto:x@y.example",
    "a\u2028BEGIN:VALARM\u2028ACTION:AUDIO",
    "a\u2029b\x85c\x0bd\x0ce\x1cf\x1dg\x1eh\ri",
    '\\n;,\\\\,\\;:"',
    "\x00\x1b[2J\x7f\x9b\ud83c",
    "\u202egnp.exe\u2066",
    "🎪" * 40,
    "e\u0301" * 60,
    " leading\t and trailing ",
    "",
)
TEXTS = st.sampled_from(EVIL[:5] + EVIL[6:]) | st.text(max_size=200)
SHORT = TEXTS.map(lambda text: text[:255])
STARTS = st.one_of(
    st.datetimes().map(lambda moment: moment.isoformat(timespec="seconds") + "Z"),
    st.sampled_from(
        (
            "2026-08-01T23:30:00+02:00",
            "2026-08-02T01:30:00.25+02:00",
            "2020-05-31T22:51:04+0000",
            "2016-12-31t23:59:60z",
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00-00:00",
            "9999-12-31T23:59:59Z",
        )
    ),
)
TALKS = st.fixed_dictionaries(
    {"title": TEXTS.filter(str.strip)},
    optional={
        "start": STARTS,
        "duration": st.sampled_from(("00:45", "999:59", "00:00", "0:05", "")),
        "room": SHORT,
        "track": SHORT,
        "kind": SHORT,
        "language": SHORT,
        "persons": st.lists(SHORT, max_size=4).map(tuple),
        "subtitle": TEXTS,
        "abstract": TEXTS,
        "description": TEXTS,
        "url": TEXTS | st.sampled_from(("https://a.example/?a=1,2;b#c", "javascript:alert(1)")),
        "guid": SHORT,
    },
)
SEVERAL = st.lists(TALKS, min_size=1, max_size=6)
ALLOWED = {
    "UID",
    "DTSTAMP",
    "SEQUENCE",
    "DTSTART",
    "DTEND",
    "SUMMARY",
    "LOCATION",
    "CATEGORIES",
    "DESCRIPTION",
    "URL",
}


def told(number: int, fields: Mapping[str, object], revision: int = 1) -> Told:
    return Told(f"0040{number:0128x}", revision, fields)


def all_told(talks: list[dict[str, Any]]) -> list[Told]:
    return [told(number, fields) for number, fields in enumerate(talks, 1)]


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def events(text: str) -> list[Any]:
    return list(icalendar.Calendar.from_ical(text).walk("VEVENT"))


@given(SEVERAL)
@example(
    [
        dict.fromkeys(("title", "subtitle", "description"), text) | {"start": "2026-08-01T10:00:00Z"}
        for text in EVIL
    ]
)
@examples(1)
def test_a_calendar_says_what_the_talks_say_and_nothing_else(talks: list[dict[str, Any]]) -> None:
    given = all_told(talks)
    timed = {talk.id: talk for talk in given if talk.moment}
    if not timed:
        with pytest.raises(ProgrammeEmpty):
            calendar_file(given)
        return
    text = calendar_file(reversed(given), "Fest\r\nBEGIN:VTODO")
    assert text == calendar_file(given, "Fest\r\nBEGIN:VTODO"), "the order of the talks decides nothing"
    lines = text.split("\r\n")
    assert lines.pop() == ""
    assert text.splitlines() == lines, "no program sees more lines"
    assert max(len(line.encode()) for line in lines) <= LINE
    assert not re.search("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    calendar = icalendar.Calendar.from_ical(text)
    assert [part.name for part in calendar.walk()] == ["VCALENDAR"] + ["VEVENT"] * len(timed)
    found = {str(each["UID"]): each for each in events(text)}
    assert found.keys() == timed.keys()
    assert not calendar.errors
    for talk in timed.values():
        each = found[talk.id]
        assert set(each) <= ALLOWED
        assert not each.errors
        title, summary = letters(talk.text("title")), letters(str(each.get("SUMMARY", "")))
        assert summary == title or (len(title) > ONE_LINE / 2 and title.startswith(summary))
        assert str(each.get("URL", "http")).startswith("http")
        assert each["DTSTART"].dt.strftime("%Y-%m-%dT%H:%M").zfill(16) == talk.moment[:16]
        if "DTEND" in each:
            hours, minutes = talk.text("duration").split(":")
            assert (each["DTEND"].dt - each["DTSTART"].dt).total_seconds() == int(hours) * 3600 + int(
                minutes
            ) * 60


def test_a_talk_in_a_calendar() -> None:
    text = calendar_file(
        [
            told(
                7,
                {
                    "title": "Bread, salt; and \\ more",
                    "subtitle": "A workshop",
                    "start": "2026-08-01T23:30:00+02:00",
                    "duration": "01:15",
                    "room": "Hall 1",
                    "track": "Food, drink",
                    "persons": ("Ada", "Grace"),
                    "description": "One\nTwo",
                    "url": "https://fest.example/7?a=1,2",
                },
                revision=12,
            )
        ],
        "Fest",
    )
    assert text.replace("\r\n ", "").split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//panda-web//festival//EN",
        "NAME:Fest",
        "X-WR-CALNAME:Fest",
        "BEGIN:VEVENT",
        f"UID:0040{7:0128x}",
        "DTSTAMP:20000101T000000Z",
        "SEQUENCE:12",
        "DTSTART:20260801T213000Z",
        "DTEND:20260801T224500Z",
        r"SUMMARY:Bread\, salt\; and \\ more",
        "LOCATION:Hall 1",
        r"CATEGORIES:Food\, drink",
        r"DESCRIPTION:A workshop\n\nAda\, Grace\n\nOne\nTwo",
        "URL:https://fest.example/7?a=1,2",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    (one,) = events(text)
    assert (str(one["SUMMARY"]), one["CATEGORIES"].cats) == ("Bread, salt; and \\ more", ["Food, drink"])
    assert str(one["DESCRIPTION"]) == "A workshop\n\nAda, Grace\n\nOne\nTwo"


@pytest.mark.parametrize("value", [None, 3, 2.5, True, ["x"], {}, ("a", 4)])
def test_fields_of_another_type_are_passed_over(value: object) -> None:
    talk = told(1, {**dict.fromkeys(TALK.by_name, value), "title": "Fine", "start": "2026-08-01T10:00:00Z"})
    assert "SUMMARY:Fine" in calendar_file([talk])
    (read,) = read_schedule(schedule_file([talk])).talks
    assert read["title"] == "Fine"
    with pytest.raises(ProgrammeEmpty):
        calendar_file([told(1, {"title": "Fine", "start": value})])


@given(SEVERAL)
@examples(1)
def test_a_schedule_is_read_again_as_the_same_talks(talks: list[dict[str, Any]]) -> None:
    given = all_told(talks)
    text = schedule_file(reversed(given), "Fest")
    assert text.isascii()
    assert text == schedule_file(given, "Fest")
    read = read_schedule(text.encode())
    assert read.left_out == ()
    wanted = []
    for talk in given:
        kept = {
            name: value for name, value in talk.fields.items() if isinstance(value, str) and value.strip()
        }
        persons = [{"persons": tuple(talk.persons)}] if talk.persons else []
        wanted.append({"guid": talk.id, **kept, **dict(*persons)})
    assert {json.dumps(each, sort_keys=True) for each in lists(read.talks)} == {
        json.dumps(each, sort_keys=True) for each in lists(wanted)
    }


@pytest.mark.parametrize("source", ["small", "odd", "real"])
def test_a_schedule_that_came_from_a_file_goes_into_one(source: str) -> None:
    data = (
        real_file().read_bytes()
        if source == "real"
        else json.dumps(SMALL(40) if source == "small" else schedule(event(1), event(2, room=None))).encode()
    )
    talks = read_schedule(data).talks
    again = read_schedule(schedule_file(all_told([dict(talk) for talk in talks])))
    assert (by_guid(again.talks), again.left_out) == (by_guid(talks), ())
    assert len(events(calendar_file(all_told([dict(talk) for talk in talks])))) == len(talks)


def test_days_and_rooms_of_a_schedule() -> None:
    late, day = "2026-08-02T04:30:00+02:00", "2026-08-02T05:00:00+02:00"
    talks = [
        {"title": "Day", "start": day, "room": "B"},
        {"title": "Late", "start": late},
        {"title": "Some time"},
    ]
    file = json.loads(schedule_file(all_told(talks), "Fest"))
    conference = file["schedule"]["conference"]
    assert (conference["title"], conference["daysCount"]) == ("Fest", 3)
    found = [
        (
            each["index"],
            each["date"],
            {room: [one["title"] for one in some] for room, some in each["rooms"].items()},
        )
        for each in conference["days"]
    ]
    assert found == [
        (1, "2026-08-01", {"": ["Late"]}),
        (2, "2026-08-02", {"B": ["Day"]}),
        (3, None, {"": ["Some time"]}),
    ]


def test_nothing_is_no_file() -> None:
    for write in (calendar_file, schedule_file):
        with pytest.raises(ProgrammeEmpty):
            write([])
