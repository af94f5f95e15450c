"""Schedule files: from what festivals export to talks.

A file is refused only where it is no schedule at all. Within one, a value that has a sensible reading gets it
(`festival.values`); one that has none is left out and told, and the rest of its talk, and all others, come
through.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from panda_festival.formats import Event, events
from panda_festival.markup import XmlUnusable, schedule_of
from panda_festival.schemas import ROOM, TALK
from panda_festival.values import (
    NoReading,
    duration_between,
    read_duration,
    read_person,
    read_start,
    read_text,
    shown,
)
from panda_web import strict_json
from panda_web.errors import PandaError
from panda_web.messages.schema import MAX_ITEMS, MAX_VARCHAR, InvalidFields
from panda_web.rpc.types import Json

if TYPE_CHECKING:  # no tab loads it
    from panda_festival import shapes

MAX_SIZE = 64 << 20
"""Bytes of a schedule file; the largest festivals have some 3 MB."""

MAX_PARTS = 2_000_000
"""Values of a file in JSON (see `strict_json.MAX_PARTS`): 100 for each of `MAX_EVENTS`."""

MAX_XML = 16 << 20
"""Bytes of a schedule in XML, which takes many times as much memory."""

MAX_EVENTS = 20_000
"""Events of a schedule; the largest festivals have some 1,000."""

MAX_SLOTS = 200
"""Events under one guid: which of them was which before is found by comparing each with each."""

MAX_TALK = (1 << 20) - 4096
"""Bytes of a talk as JSON: some less than those of a message, in which types stand beside the values."""

MAX_TITLE = 80
"""Characters of a title that say which talk is meant."""

UNTITLED = "a talk without a title"
"""Stands where a title would."""

# A field of a talk that is a text, and where the file has it.
_TEXTS = {
    "title": "title",
    "subtitle": "subtitle",
    "abstract": "abstract",
    "description": "description",
    "room": "room",
    "track": "track",
    "kind": "type",
    "language": "language",
    "url": "url",
}
# What a talk is known by, in other versions of its file too: the first of these that it has.
_GUIDS = ("guid", "code", "id", "slug", "url", "title")

_READ = (
    "Schedules are read from JSON, as frab, pretalx and c3voc write it, and from XML, as frab and FOSDEM do."
)
# How files begin that are often taken for a schedule, as text in which � stands for bytes that are none.
_OTHERS = (
    ("begin:vcalendar", "iCalendar"),
    ("%pdf", "a PDF document"),
    ("pk\x03\x04", "a ZIP archive or an office document"),
    ("\ufffd\ufffd\x11\u0871\x1a\ufffd", "an office document"),
    ("\x1f\ufffd", "a compressed file"),
    ("\ufffdpng", "a picture"),
    ("\ufffd\ufffd\ufffd\ufffd\x00", "a picture"),
    ("gif8", "a picture"),
    ("<!doctype html", "a web page"),
    ("<html", "a web page"),
)
_ARCHIVE = '{"pandaarchive"'
_OTHER_XML = {
    "iCalendar": "iCalendar in XML",
    "icalendar": "iCalendar in XML",
    "html": "a web page",
    "rss": "a news feed",
    "feed": "a news feed",
}
_HALF_CHARACTERS = re.compile("[\ud800-\udfff]")

Talk = dict[str, str | tuple[str, ...]]
"""The fields of a talk; its room is a name here."""


class NotASchedule(PandaError):
    """The file is no schedule in a format that is read here."""

    reason = "not-a-schedule"


class ScheduleFormatUnread(NotASchedule):
    """The file is of a known kind from which no schedules are read, such as iCalendar."""

    reason = "schedule-format-unread"


class ScheduleIsArchive(NotASchedule):
    """The file is an archive of a node's entries, which goes in elsewhere."""

    reason = "schedule-is-archive"


class ScheduleEmpty(NotASchedule):
    """The file is a schedule, and has not a single talk that could be published."""

    reason = "schedule-empty"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A value of the file that is not published.

    Attributes:
        talk: its title.
        field: its name, in talks.
        value: the value, shortened.
        why: a sentence.
    """

    talk: str
    field: str
    value: str
    why: str

    def to_json(self) -> "shapes.LeftOut":
        """In the words of `panda.js`."""
        return {"talk": self.talk, "field": self.field, "value": self.value, "why": self.why}


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is in a schedule file.

    Attributes:
        talks: each with a guid and a title, in the file's order; valid but for the room, which is a name.
            Several may have one guid: a talk that is given twice. No two are equal.
        left_out: values that are not in the talks. A talk that has no title is left out whole.
    """

    talks: tuple[Talk, ...]
    left_out: tuple[LeftOut, ...]


def read_schedule(data: bytes | str) -> Schedule:
    """The talks in a schedule file; null and blank fields are left out.

    Args:
        data: the file, or its text. Where nobody else has it, it is gone from memory once it is parsed.

    Raises:
        NotASchedule and what is below it: with what is wrong with the file.
        ImportError: the file is XML, and what reads that is not at hand.
    """
    left_out: list[LeftOut] = []
    talks: dict[bytes, Talk] = {}
    slots: dict[str, int] = {}
    found = events(_parse(data))
    del data
    if found is None:
        raise NotASchedule(f"The file is JSON, and no schedule: it has no days, rooms and events. {_READ}")
    for number, event in enumerate(found):
        if number >= MAX_EVENTS:
            raise NotASchedule(f"The schedule has more than {MAX_EVENTS} events; no festival has so many.")
        talk = _Reading(event, left_out).talk()
        whole = blake2b(json.dumps(talk, sort_keys=True).encode()).digest()  # which is small
        if talk is None or whole in talks:
            continue
        guid = str(talk["guid"])
        slots[guid] = slots.get(guid, 0) + 1
        if slots[guid] > MAX_SLOTS:
            why = f"The file gives this talk more than {MAX_SLOTS} times."
            left_out.append(LeftOut(str(talk["title"])[:MAX_TITLE], "guid", shown(guid), why))
            continue
        talks[whole] = talk
    if not talks:
        first = f" The first that was left out, {left_out[0].field}: {left_out[0].why}" if left_out else ""
        raise ScheduleEmpty(
            f"The file is a schedule, and has not a single talk that can be published.{first}"
        )
    return Schedule(tuple(talks.values()), tuple(left_out))


def _parse(data: bytes | str) -> Json:
    """The file as JSON. Raises NotASchedule, ScheduleFormatUnread and ScheduleIsArchive."""
    if len(data) > MAX_SIZE:
        raise NotASchedule(f"The file is too large: a schedule has at most {MAX_SIZE:,} bytes.")
    if isinstance(data, str):
        data = data.removeprefix("\ufeff")
        begin = data[:1000]
    else:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            data = data.decode("utf-16", "replace").encode("utf-8", "replace")
        data = data.removeprefix(b"\xef\xbb\xbf")
        begin = data[:1000].decode("utf-8", "replace")
    begin = begin.lstrip(" \t\r\n").lower()
    if begin.startswith(_ARCHIVE):
        raise ScheduleIsArchive(
            "This is an archive of a node's entries, and no schedule: `panda import FILE` takes it in, and "
            "so does the page, under “In this browser”."
        )
    for mark, what in _OTHERS:
        if begin.startswith(mark):
            raise ScheduleFormatUnread(f"This is {what}. {_READ}")
    if begin.startswith("<"):
        return _parse_xml(data.encode("utf-8", "replace") if isinstance(data, str) else data)
    if not begin:
        raise NotASchedule(f"The file is empty. {_READ}")
    if not begin.startswith(("{", "[")):
        raise NotASchedule(f"The file is neither JSON nor XML. {_READ}")
    try:
        return strict_json.loads(data, parts=MAX_PARTS, any_numbers=True)
    except strict_json.TooManyParts as error:
        raise NotASchedule(f"The file is too large: it is {error}.") from error
    except strict_json.NotJson as error:
        raise NotASchedule(f"The file begins as JSON, and is damaged or not whole: it is {error}.") from error


def _parse_xml(data: bytes) -> Json:
    if len(data) > MAX_XML:
        raise NotASchedule(f"The file is too large: a schedule in XML has at most {MAX_XML:,} bytes.")
    try:
        found = schedule_of(data.lstrip())
    except XmlUnusable as error:
        raise NotASchedule(str(error)) from error
    if isinstance(found, str):
        if found in _OTHER_XML:
            raise ScheduleFormatUnread(f"This is {_OTHER_XML[found]}. {_READ}")
        raise NotASchedule(f"The file is XML, and no schedule: it begins with {shown(found)}. {_READ}")
    return found


class _Reading:
    """One event on its way to a talk.

    Args:
        event: what the file has.
        left_out: takes what the talk cannot hold.
    """

    def __init__(self, event: Event, left_out: list[LeftOut]) -> None:
        self._event = event
        self._left_out = left_out
        self._title = UNTITLED

    def talk(self) -> Talk | None:
        """The talk; None where none remains."""
        values = self._event.values
        if values is None:
            self._tell("event", self._event.given, "An event of the file is none.")
            return None
        self._title = self._name(values)
        talk: Talk = {}
        for field, source in _TEXTS.items():
            self._put(talk, field, values.get(source), read_text)
        self._put(talk, "start", values.get("date"), lambda given: read_start(given, self._event.offset))
        duration = values.get("duration")
        if duration is None:
            duration = duration_between(talk.get("start"), values.get("end"))
        self._put(talk, "duration", duration, read_duration)
        persons = self._persons(values.get("persons"))
        if persons:
            talk["persons"] = persons
        self._put_guid(talk, values)
        if "title" not in talk or "guid" not in talk:
            self._tell("title", values.get("title"), "A talk needs a title; this one is left out whole.")
            return None
        self._shorten(talk)
        return talk if "title" in talk else None

    def _name(self, values: Mapping[str, Json]) -> str:
        """What the talk is called where something of it is left out."""
        for source in ("title", "guid", "id", "code", "slug"):
            try:
                text = read_text(values.get(source))
            except NoReading:
                continue
            if text is not None:
                return _HALF_CHARACTERS.sub("\ufffd", text.strip())[:MAX_TITLE]
        return UNTITLED

    def _put(self, talk: Talk, field: str, value: Json, read: Callable[[Json], str | None]) -> None:
        """Reads a value into a field, if it has a reading that the field can hold."""
        try:
            text = self._whole(field, read(value))
            if text is not None:
                _check(field, text)
                talk[field] = text
        except (NoReading, InvalidFields) as error:
            self._tell(field, value, str(error))

    def _put_guid(self, talk: Talk, values: Mapping[str, Json]) -> None:
        for source in _GUIDS:
            self._put(talk, "guid", values.get(source), read_text if source != "title" else _short)
            if "guid" in talk:
                return

    def _persons(self, value: Json) -> tuple[str, ...]:
        """The names that fit; one that does not is left out alone."""
        several = value if isinstance(value, list) else [] if value is None else [value]
        names = []
        for each in several:
            try:
                name = self._whole("persons", read_person(each))
                if name is not None:
                    _check("persons", (name,))
                    names.append(name)
            except (NoReading, InvalidFields) as error:
                self._tell("persons", each, str(error))
        for name in names[MAX_ITEMS:]:
            self._tell("persons", name, f"A talk has at most {MAX_ITEMS} persons.")
        return tuple(names[:MAX_ITEMS])

    def _whole(self, field: str, text: str | None) -> str | None:
        """A text with marks in place of half characters, which no message can carry."""
        if text is None or not _HALF_CHARACTERS.search(text):
            return text
        self._tell(field, text, "Half a character stands in it; a mark takes its place.")
        return _HALF_CHARACTERS.sub("\ufffd", text)

    def _shorten(self, talk: Talk) -> None:
        """Takes the longest texts out of a talk that no message could hold."""
        while len(json.dumps(talk, ensure_ascii=False).encode()) > MAX_TALK:
            rest = talk.keys() - {"title", "guid"} or {"title"}
            longest = max(sorted(rest), key=lambda name: len(str(talk[name]).encode()))
            self._tell(longest, talk.pop(longest), "With it the talk is larger than a message can be.")

    def _tell(self, field: str, value: Json, why: str) -> None:
        self._left_out.append(LeftOut(self._title, field, _HALF_CHARACTERS.sub("\ufffd", shown(value)), why))


def _short(value: Json) -> str | None:
    """A title as a guid: its first characters are enough to know it again."""
    text = read_text(value)
    return text[:MAX_VARCHAR] if text is not None else None


def _check(field: str, value: str | tuple[str, ...]) -> None:
    """Raises InvalidFields."""
    schema, name = (ROOM, "name") if field == "room" else (TALK, field)
    schema.check(schema.to_fields({name: value}), "update")
