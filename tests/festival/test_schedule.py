"""From schedule files to talks: what is read, what is left out and told, and what is no schedule."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from panda_festival.schedule import (
    MAX_SLOTS,
    NotASchedule,
    Schedule,
    ScheduleEmpty,
    ScheduleFormatUnread,
    read_schedule,
)
from panda_festival.schemas import ROOM, TALK

from panda_web import messages
from tests.schedules import SMALL, by_guid, lists, small_talks


def test_mapping() -> None:
    read = read_schedule(json.dumps(SMALL()).encode())
    assert by_guid(lists(read.talks)) == by_guid(small_talks())
    assert read.left_out == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding: str) -> None:
    read = read_schedule(json.dumps(SMALL(), ensure_ascii=False).encode(encoding))
    assert by_guid(lists(read.talks)) == by_guid(small_talks())


def of_events(*events: Any, **day: Any) -> bytes:
    """A schedule of these events."""
    days = [{"rooms": {"Hall": list(events)}, **day}]
    return json.dumps({"schedule": {"conference": {"days": days}}}).encode()


def event(**fields: Any) -> dict[str, Any]:
    return {"guid": "g", "title": "A talk", "date": "2026-06-05T10:00:00+02:00", **fields}


def read_one(**fields: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The talk of one event, and which fields of which talk were left out."""
    read = read_schedule(of_events(event(**fields)))
    (talk,) = read.talks
    return dict(talk), [(each.talk, each.field) for each in read.left_out]


# -- odd values that have a reading ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "value", "field", "read"),
    [
        ("persons", [{"public_name": "A"}, {"full_public_name": "B"}], "persons", ("A", "B")),
        ("persons", [{"name": "C"}, "D", {"public_name": None, "name": "E"}], "persons", ("C", "D", "E")),
        ("persons", [{"first_name": "F", "last_name": "G"}, {"name": {"de": "H"}}], "persons", ("F G", "H")),
        ("persons", [{"public_name": ""}, None, {}, " ", {"public_name": "I"}], "persons", ("I",)),
        ("persons", "J", "persons", ("J",)),
        ("guid", 7, "guid", "7"),
        ("duration", 45, "duration", "00:45"),
        ("duration", 90.0, "duration", "01:30"),
        ("duration", "45", "duration", "00:45"),
        ("duration", "00:45:00", "duration", "00:45"),
        ("duration", "01:00:00", "duration", "01:00"),
        ("duration", "0:45:30", "duration", "00:45"),
        ("duration", "1:02:30", "duration", "26:30"),
        ("duration", "0:45", "duration", "0:45"),
        ("duration", "PT1H30M", "duration", "01:30"),
        ("track", {"de": "Kunst", "en": "Art"}, "track", "Art"),
        ("track", {"de": "Kunst", "fr": "Art"}, "track", "Kunst"),
        ("track", {"de": "Kunst", "en-GB": "Arts"}, "track", "Arts"),
        ("track", {"id": 3, "name": {"en": "Art"}, "color": "#fff"}, "track", "Art"),
        ("room", {"id": 1, "name": "Hall"}, "room", "Hall"),
        ("room", ["Hall", "Attic"], "room", "Hall, Attic"),
        ("language", ["de", "en"], "language", "de, en"),
        ("title", 2001, "title", "2001"),
        ("title", {"en": "Hello"}, "title", "Hello"),
        ("date", "2026-06-05T10:00+02:00", "start", "2026-06-05T10:00:00+02:00"),
        ("date", "2026-06-05 10:00:30+0200", "start", "2026-06-05T10:00:30+02:00"),
        ("date", "2026-06-05 9:05 +02", "start", "2026-06-05T09:05:00+02:00"),
        ("date", "2026-06-05T08:00Z", "start", "2026-06-05T08:00:00Z"),
        ("date", "2026-06-05t10:00:00.12345678901z", "start", "2026-06-05t10:00:00.12345678901z"),
        ("date", "2020-05-31T22:51:04+0000", "start", "2020-05-31T22:51:04+0000"),
        ("url", "", "url", None),
        ("subtitle", " \n\t ", "subtitle", None),
        ("track", {}, "track", None),
    ],
)
def test_odd_values_that_mean_something(source: str, value: Any, field: str, read: Any) -> None:
    talk, left_out = read_one(**{source: value})
    assert talk.get(field) == read
    assert left_out == []


@pytest.mark.parametrize(
    ("fields", "guid"),
    [
        ({"id": 3, "slug": "s"}, "3"),
        ({"guid": "", "slug": "s", "url": "https://x.example"}, "s"),
        ({"guid": None, "code": "ABC", "id": 3}, "ABC"),
        ({"url": "https://x.example"}, "https://x.example"),
        ({}, "A talk"),
        ({"title": "T" * 300}, "T" * 255),
    ],
)
def test_a_talk_without_a_guid_is_known_by_what_else_it_has(fields: dict[str, Any], guid: str) -> None:
    given = {"title": "A talk", **fields}
    (talk,) = read_schedule(of_events(given)).talks
    assert talk["guid"] == guid


def test_nothing_is_no_event() -> None:
    read = read_schedule(of_events(None, event()))
    assert (len(read.talks), read.left_out) == (1, ())
    days = [{"rooms": None}, {}, None, {"rooms": {"Hall": None}}, {"rooms": {"Hall": [event()]}}]
    read = read_schedule(json.dumps({"schedule": {"conference": {"days": days}}}).encode())
    assert (len(read.talks), read.left_out) == (1, ())


def test_numbers_that_json_does_not_have() -> None:
    for number in ("NaN", "-Infinity", "1e999", "9" * 5_000):
        data = of_events(event(score="?")).replace(b'"?"', number.encode())
        assert len(read_schedule(data).talks) == 1


def test_a_start_gets_what_its_day_says() -> None:
    day = {"date": "2026-06-05", "day_start": "2026-06-05T06:00:00+02:00"}
    read = read_schedule(of_events(event(date="2026-06-05T10:00:00"), **day))
    assert read.talks[0]["start"] == "2026-06-05T10:00:00+02:00"
    read = read_schedule(of_events(event(date=None, start="10:30"), **day))
    assert read.talks[0]["start"] == "2026-06-05T10:30:00+02:00"


def test_two_slots_with_one_guid_are_two_talks() -> None:
    twice = (event(), event(date="2026-06-05T15:00:00+02:00"))
    assert [talk["start"][11:13] for talk in read_schedule(of_events(*twice)).talks] == ["10", "15"]  # type: ignore[index]
    assert len(read_schedule(of_events(event(), event())).talks) == 1, "said twice"
    many = [event(title=f"{number}") for number in range(MAX_SLOTS + 3)]
    read = read_schedule(of_events(*many))
    assert (len(read.talks), len(read.left_out)) == (MAX_SLOTS, 3)


# -- what is left out ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "field", "value"),
    [
        ("date", "start", "2026-08-01T10:30:00"),
        ("date", "start", "on Saturday"),
        ("date", "start", "2026-02-30T10:30:00+02:00"),
        ("date", "start", "2026-08-01"),
        ("date", "start", 1_790_000_000),
        ("duration", "duration", "a while"),
        ("duration", "duration", "1:60"),
        ("duration", "duration", -5),
        ("duration", "duration", 60_000),
        ("duration", "duration", True),
        ("room", "room", "R" * 256),
        ("track", "track", "T" * 256),
        ("track", "track", {"id": 1}),
        ("track", "track", True),
        ("guid", "guid", "g" * 256),
    ],
)
def test_what_has_no_reading_is_left_out_and_told(source: str, field: str, value: Any) -> None:
    read = read_schedule(of_events(event(**{source: value}), event(guid="other", title="Another")))
    assert [talk["title"] for talk in read.talks] == ["A talk", "Another"]
    (left_out,) = read.left_out
    assert (left_out.talk, left_out.field) == ("A talk", field)
    assert left_out.value == f"{value!r:.60}"
    assert len(left_out.why) > 10


def test_a_person_who_has_no_reading_costs_nobody_else() -> None:
    long = "P" * 300
    talk, left_out = read_one(persons=[{"public_name": long}, {"public_name": "Q"}, {"id": 3}, [True]])
    assert talk["persons"] == ("Q",)
    assert left_out == [("A talk", "persons")] * 3


def test_half_a_character_costs_nothing_else() -> None:
    talk, left_out = read_one(title="x\ud83c y", persons=[{"public_name": "\udf00"}])
    assert (talk["title"], talk["persons"]) == ("x\ufffd y", ("\ufffd",))
    assert left_out == [("x\ufffd y", "title"), ("x\ufffd y", "persons")]
    assert read_one(title="\U0001f43c")[0]["title"] == "🐼"


@pytest.mark.parametrize("title", [None, "", "  ", "\u3000\n", [], False])
def test_a_talk_without_a_title_is_left_out(title: Any) -> None:
    read = read_schedule(of_events(event(title=title), event(guid="other", title="Another")))
    assert [talk["guid"] for talk in read.talks] == ["other"]
    assert {(each.talk, each.field) for each in read.left_out} == {("g", "title")}
    with pytest.raises(ScheduleEmpty):
        read_schedule(of_events(event(title=title)))


def test_a_talk_that_no_message_can_hold_loses_its_longest_text() -> None:
    talk, left_out = read_one(description="🐼" * 200_000, abstract="A" * 400_000, title="T" * 200)
    assert (talk["abstract"], "description" in talk) == ("A" * 400_000, False)
    assert left_out == [("T" * 80, "description")]
    fields = {name: value for name, value in talk.items() if name != "room"}
    assert len(messages.create(str(TALK.id), TALK.to_fields(fields)).encode()) < messages.MAX_SIZE


# -- other formats ---------------------------------------------------------------------------------

V2_ROOMS = [
    {"name": "Hall", "events": [event(), event(guid="h", title="Second")]},
    {"name": "Attic", "talks": [event(guid="i", title="Third")]},
    {"name": "Empty"},
    None,
]
V2_EVENTS = [
    event(room="r1"),
    event(guid="h", title="Second", room=1),
    event(guid="i", title="Third", room="Attic"),
]


@pytest.mark.parametrize(
    "conference",
    [
        {"days": [{"rooms": V2_ROOMS}]},
        {"days": [{"events": V2_EVENTS}], "rooms": [{"name": "Hall", "id": 1, "slug": "r1"}]},
    ],
    ids=["listed under rooms", "naming rooms"],
)
def test_c3voc_version_2(conference: dict[str, Any]) -> None:
    read = read_schedule(json.dumps({"schedule": {"conference": conference}}).encode())
    assert [(talk["title"], talk["room"]) for talk in read.talks] == [
        ("A talk", "Hall"),
        ("Second", "Hall"),
        ("Third", "Attic"),
    ]
    assert read.left_out == ()


PRETALX_WIDGET = {
    "talks": [
        {
            "code": "ABCDEF",
            "title": "A talk",
            "abstract": "About it",
            "speakers": ["SPEAK1", "SPEAK2"],
            "track": 5,
            "start": "2026-06-05T10:00:00+02:00",
            "end": "2026-06-05T10:45:00+02:00",
            "room": 2,
        },
        {"id": 9, "title": {"en": "Lunch"}, "start": "2026-06-05T12:00:00+02:00", "room": 2, "duration": 60},
    ],
    "rooms": [{"id": 2, "name": {"en": "Hall"}}],
    "tracks": [{"id": 5, "name": {"en": "Art"}}],
    "speakers": [{"code": "SPEAK1", "name": "A. Person"}, {"code": "SPEAK2", "name": "B. Person"}],
}
PRETALX_LIST = {
    "count": 1,
    "results": [
        {
            "code": "ABCDEF",
            "title": "A talk",
            "abstract": "About it",
            "submission_type": {"en": "Talk"},
            "content_locale": "en",
            "track": {"en": "Art"},
            "duration": 45,
            "speakers": [{"code": "SPEAK1", "name": "A. Person"}, {"code": "SPEAK2", "name": "B. Person"}],
            "slot": {
                "room": {"en": "Hall"},
                "start": "2026-06-05T10:00:00+02:00",
                "end": "2026-06-05T10:45:00+02:00",
            },
        }
    ],
}
PRETALX_TALK = {
    "guid": "ABCDEF",
    "title": "A talk",
    "abstract": "About it",
    "persons": ("A. Person", "B. Person"),
    "track": "Art",
    "room": "Hall",
    "start": "2026-06-05T10:00:00+02:00",
    "duration": "00:45",
}


def test_pretalx() -> None:
    talk, lunch = read_schedule(json.dumps(PRETALX_WIDGET).encode()).talks
    assert talk == PRETALX_TALK
    assert (lunch["guid"], lunch["title"], lunch["duration"]) == ("9", "Lunch", "01:00")
    for file in (PRETALX_LIST, PRETALX_LIST["results"]):
        read = read_schedule(json.dumps(file).encode())
        assert read == Schedule(({**PRETALX_TALK, "kind": "Talk", "language": "en"},), ())


def test_several_slots_of_pretalx() -> None:
    slots = [{"start": f"2026-06-05T1{hour}:00:00+02:00", "room": {"name": "Hall"}} for hour in (0, 5)]
    talk = {"code": "ABCDEF", "title": "A talk", "slots": slots}
    read = read_schedule(json.dumps({"results": [talk]}).encode())
    assert [(one["guid"], one["start"]) for one in read.talks] == [
        ("ABCDEF", slot["start"]) for slot in slots
    ]


XML = """<?xml version="1.0" encoding="{encoding}"?>
<schedule><generator name="x"/><version>1</version><conference><title>X</title></conference>
<day index="1" date="2026-06-05" start="2026-06-05T06:00:00+02:00" end="2026-06-06T06:00:00+02:00">
<room name="Höhle" guid="r">
<event guid="g" id="3"><date>2026-06-05T10:00:00+02:00</date><start>10:00</start><duration>00:45</duration>
<room>Höhle</room><slug>s</slug><url>https://x.example/3</url><title>A &lt;b&gt; &amp; c</title><subtitle/>
<track>Art</track><type>lecture</type><language>en</language><abstract></abstract>
<description>Of <![CDATA[<things>]]></description><logo/>
<persons><person id="1">A. Person</person><person id="2">B. Person</person><person/></persons><links/></event>
<event id="4"><start>11:30</start><duration>01:00</duration><title>Older</title></event>
</room></day></schedule>"""


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1"])
def test_xml(encoding: str) -> None:
    read = read_schedule(XML.format(encoding=encoding).encode(encoding))
    assert read.talks == (
        {
            "guid": "g",
            "title": "A <b> & c",
            "description": "Of <things>",
            "start": "2026-06-05T10:00:00+02:00",
            "duration": "00:45",
            "room": "Höhle",
            "track": "Art",
            "kind": "lecture",
            "language": "en",
            "url": "https://x.example/3",
            "persons": ("A. Person", "B. Person"),
        },
        {
            "guid": "4",
            "title": "Older",
            "start": "2026-06-05T11:30:00+02:00",
            "duration": "01:00",
            "room": "Höhle",
        },
    )
    assert read.left_out == ()


def test_xml_that_a_page_has_decoded() -> None:
    assert read_schedule(XML.format(encoding="ISO-8859-1").encode()).talks[0]["room"] == "Höhle"


BOMB = """<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<schedule><day><room><event><title>&b;</title></event></room></day></schedule>"""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (XML[:300].format(encoding="utf-8").encode(), "damaged or not whole"),
        (b"<schedule>" + b"<a>" * 100_000, "levels"),
        (BOMB.encode(), "entities"),
        (b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><schedule>&x;</schedule>', "entities"),
        (b'<?xml version="1.0" encoding="klingon"?><schedule>\xff</schedule>', "damaged"),
        (b"<opml/>", "no schedule"),
        (b"<schedule>\xff\xfe</schedule>", "damaged"),
    ],
    ids=["half", "deep", "bomb", "outside", "encoding", "other", "bytes"],
)
def test_xml_that_is_no_schedule(content: bytes, words: str) -> None:
    with pytest.raises(NotASchedule, match=words):
        read_schedule(content)


# -- what is no schedule ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"", b" \n", b"{", b"[]", b"null", b"7", b'"text"', b"\xff\xfe", b"[" * 100_000, b"{}", b"1" * 10_000,
        b'{"schedule": 1}', b'{"schedule": {"conference": {"days": 7}}}', b"guid;title\n1;A talk\n",
        b'{"schedule": {"conference": {"days": {"1": "Saturday"}}}}', b'[{"title": "no code"}]', b'{"results": [3]}',
    ],
)  # fmt: skip
def test_what_is_no_schedule(content: bytes) -> None:
    with pytest.raises(NotASchedule) as refused:
        read_schedule(content)
    assert refused.value.reason == "not-a-schedule"
    assert len(str(refused.value)) > 20


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "iCalendar"),
        (b"\xef\xbb\xbfBEGIN:VCALENDAR\n", "iCalendar"),
        (b'<?xml version="1.0"?><iCalendar><vcalendar/></iCalendar>', "iCalendar in XML"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"PK\x03\x04rest", "a ZIP archive or an office document"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "a picture"),
        (b"\x1f\x8b\x08\x00", "a compressed file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an office document"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b'<?xml version="1.0"?><rss version="2.0"/>', "a news feed"),
    ],
)
def test_what_is_not_read_is_named(content: bytes, what: str) -> None:
    with pytest.raises(ScheduleFormatUnread) as refused:
        read_schedule(content)
    assert str(refused.value).startswith(f"This is {what}. Schedules are read from JSON")


@pytest.mark.parametrize(
    "content",
    [
        b'{"schedule": {"conference": {"days": []}}}', b'{"schedule": {"conference": {"days": [3]}}}',
        b'{"schedule": {"conference": {"days": [{"rooms": []}]}}}', b'{"talks": []}', b"<schedule/>",
        of_events(1), of_events({"guid": "\ud800"}), of_events({"guid": "g", "title": True}),
    ],
)  # fmt: skip
def test_a_schedule_without_a_talk(content: bytes) -> None:
    with pytest.raises(ScheduleEmpty, match="not a single talk"):
        read_schedule(content)


def test_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    for bound, content in (
        ("MAX_SIZE", of_events(event())),
        ("MAX_XML", XML.encode()),
        ("MAX_EVENTS", of_events(event(), event())),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(f"panda_festival.schedule.{bound}", 1)
            with pytest.raises(NotASchedule, match=r"large|more than"):
                read_schedule(content)


# -- junk ------------------------------------------------------------------------------------------

NAMES = st.sampled_from(
    ["schedule", "conference", "days", "rooms", "guid", "title", "persons", "public_name", "date", "talks", "results",
     "events", "code", "slot", "slots", "name", "id", "en", "de", "day_start", "duration", "end", "track"]
)  # fmt: skip
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["45", "10:30", "1:02:30", "2026-06-05T10:00:00+02:00", "2026-06-05", "\ud800", "x" * 300])
)  # fmt: skip
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=10,
)


def assert_valid(read: Schedule) -> None:
    for talk in read.talks:
        ROOM.check(ROOM.to_fields({"name": talk.get("room", "any")}), "create")
        TALK.check(TALK.to_fields({k: v for k, v in talk.items() if k != "room"}), "create")
        assert "guid" in talk
    assert len({json.dumps(talk, sort_keys=True) for talk in read.talks}) == len(read.talks)
    assert all(len(each.value) <= 60 and each.talk and each.why for each in read.left_out)


@given(JSON)
def test_noise_is_a_named_error(value: Any) -> None:
    shapes = (
        value,
        {"schedule": value},
        {"schedule": {"conference": {"days": [{"rooms": {"a": [value]}}]}}},
        {"schedule": {"conference": {"days": [{"rooms": value, "events": value, "day_start": value}]}}},
        {"talks": [value], "rooms": value, "tracks": value, "speakers": value},
        {"results": [value]},
    )
    for content in shapes:
        try:
            assert_valid(read_schedule(json.dumps(content).encode()))
        except NotASchedule as error:
            assert len(str(error)) > 20


FRAB = SMALL(1)["schedule"]["conference"]["days"][0]["rooms"]["Main hall"][0]
FORMATS: dict[str, tuple[dict[str, Any], Any]] = {
    "frab": (FRAB, lambda *events: {"schedule": {"conference": {"days": [{"rooms": {"a": events}}]}}}),
    "c3voc 2": (
        FRAB,
        lambda *events: {"schedule": {"conference": {"days": [{"rooms": [{"events": events}]}]}}},
    ),
    "pretalx widget": (PRETALX_WIDGET["talks"][0], lambda *events: PRETALX_WIDGET | {"talks": events}),  # type: ignore[dict-item]
    "pretalx list": (PRETALX_LIST["results"][0], lambda *events: {"results": events}),  # type: ignore[index]
}


@pytest.mark.parametrize("kind", FORMATS)
@given(data=st.data())
def test_junk_in_one_talk_costs_no_other(kind: str, data: st.DataObject) -> None:
    usual, shape = FORMATS[kind]
    fields = data.draw(st.lists(st.sampled_from(sorted(usual)), min_size=1, max_size=3, unique=True))
    junk = {name: data.draw(JSON) for name in fields}
    key = "code" if "code" in usual else "guid"
    before, after = ({**usual, key: f"{n}", "title": f"Sound {n}"} for n in range(2))
    content = json.dumps(shape(before, {**usual, **junk}, after)).encode()
    read = read_schedule(content)
    assert_valid(read)
    titles = [talk["title"] for talk in read.talks]
    assert "Sound 0" in titles
    assert "Sound 1" in titles
    gone = {"title"} & set(fields) and len(titles) == 2
    assert len(titles) >= 3 or gone or kind.startswith("pretalx"), read.left_out


@given(
    st.sampled_from(
        ["date", "start", "duration", "room", "title", "persons", "url", "guid=", "id=", "name="]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=["Cc"]), max_size=20),
)
def test_junk_in_xml(where: str, junk: str) -> None:
    from xml.sax.saxutils import escape, quoteattr

    text = XML.format(encoding="utf-8")
    at = text.index(f" {where}" if where.endswith("=") else f"<{where}>")
    if where.endswith("="):
        end = text.index('"', text.index('"', at) + 1) + 1
        text = f"{text[:at]} {where}{quoteattr(junk)}{text[end:]}"
    else:
        end = text.index(f"</{where}>", at)
        text = f"{text[:at]}<{where}>{escape(junk)}{text[end:]}"
    read = read_schedule(text.encode())
    assert_valid(read)
    assert "Older" in [talk["title"] for talk in read.talks]


@given(
    st.binary(max_size=60),
    st.sampled_from([b"", b"{", b"[", b"<", b"<schedule>", b'{"schedule":', b"\xff\xfe", b"<?xml "]),
)
def test_bytes_are_a_named_error(data: bytes, begin: bytes) -> None:
    with pytest.raises(NotASchedule):
        read_schedule(begin + data)


def test_a_file_is_read_without_copies_of_it() -> None:
    """The memory of a tab's Python only grows, so what counts is the most that there was at once."""
    events = (event(guid=str(n), abstract="What it is about. " * 20) for n in range(2000))
    text = of_events(*events).decode()
    size = len(text)
    held = [text]
    del text
    tracemalloc.start()
    try:
        read = read_schedule(held.pop())
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(read.talks) == 2000
    assert most < 3 * size, "its text, once more as values, and the talks"
