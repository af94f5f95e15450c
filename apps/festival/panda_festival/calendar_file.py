"""A programme as iCalendar (RFC 5545), for the calendars that people have.

| property | what it is |
| --- | --- |
| UID | the id of the instance |
| SEQUENCE | the seq num of the last entry about it, which grows with each change |
| DTSTAMP | always the same |
| DTSTART, DTEND | in UTC, which needs no time zones; without a duration there is no end |
| SUMMARY, LOCATION, CATEGORIES | title, room, track, each on one line |
| DESCRIPTION | subtitle, persons, abstract, description |
| URL | the link, where it leads into the web |

An author cannot choose the id, and a guid they can: in a calendar, what has the UID of something else takes
its place. A calendar that is given a file again keeps what has the greater SEQUENCE, before it looks at
DTSTAMP (RFC 5546, 2.1.5); entries have no clock that could say more. So the same programme gives the same
bytes. Persons are neither ATTENDEE nor ORGANIZER: those are addresses, which calendars write to.

Each value is a text by a stranger. What ends a line for any program, RFC 5545's or not, is escaped as such.
Control characters, and those that turn the direction of writing, are left out.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from panda_festival.told import ProgrammeEmpty, Told

LINE = 75
"""Bytes of a line at most, without its end (RFC 5545, 3.1)."""

ONE_LINE = 300
"""Characters of a title, a room or a track at most."""

MAX_URL = 2000
"""Characters of a link at most."""

_STAMP = "20000101T000000Z"
_ENDS = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
_ESCAPED = re.compile(r"([\\;,])")
_WEB = re.compile(r"https?://[A-Za-z0-9\[][!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]*")
_DURATION = re.compile("([0-9]{1,3}):([0-5][0-9])")


def calendar_file(talks: Iterable[Told], name: str = "") -> str:
    """The talks that have a time, as a calendar; in order of time, whatever order they come in.

    Args:
        talks: of the programme.
        name: of the calendar.

    Raises:
        ProgrammeEmpty: none has a time. A calendar has at least one event (RFC 5545, 3.6).
    """
    timed = sorted((talk for talk in talks if talk.moment), key=lambda talk: talk.place)
    if not timed:
        raise ProgrammeEmpty("None of these talks says when it begins: there is nothing for a calendar.")
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//panda-web//festival//EN"]
    if title := _one_line(name):
        lines += [f"NAME:{title}", f"X-WR-CALNAME:{title}"]
    for talk in timed:
        lines += _event(talk)
    lines.append("END:VCALENDAR")
    return "".join(map(_folded, lines))


def _event(talk: Told) -> list[str]:
    # 60 is a leap second, which few programs know.
    start = datetime.fromisoformat(talk.moment.replace(":60", ":59"))
    lines = ["BEGIN:VEVENT", f"UID:{talk.id}", f"DTSTAMP:{_STAMP}", f"SEQUENCE:{talk.revision}"]
    lines.append(f"DTSTART:{_utc(start)}")
    if (end := _end(start, talk.text("duration"))) is not None:
        lines.append(f"DTEND:{_utc(end)}")
    words = [talk.text("subtitle"), ", ".join(talk.persons), talk.text("abstract"), talk.text("description")]
    values = {
        "SUMMARY": _one_line(talk.text("title")),
        "LOCATION": _one_line(talk.text("room")),
        "CATEGORIES": _one_line(talk.text("track")),
        "DESCRIPTION": _text("\n\n".join(part for part in words if part)),
    }
    lines += [f"{name}:{value}" for name, value in values.items() if value]
    url = talk.text("url").strip()
    if len(url) <= MAX_URL and _WEB.fullmatch(url):
        lines.append(f"URL:{url}")
    return [*lines, "END:VEVENT"]


def _end(start: datetime, duration: str) -> datetime | None:
    found = _DURATION.fullmatch(duration)
    length = timedelta(hours=int(found[1]), minutes=int(found[2])) if found else None
    if not length:
        return None  # an end is behind its beginning (RFC 5545, 3.8.2.2)
    try:
        return start + length
    except OverflowError:
        return None


def _utc(moment: datetime) -> str:
    return f"{moment.isoformat(timespec='seconds').replace('-', '').replace(':', '')}Z"


def _seen(value: str) -> str:
    """A text of which each line end is one, and all else is seen."""
    return _UNSEEN.sub("", _ENDS.sub("\n", value).replace("\t", " "))


def _text(value: str) -> str:
    """A text as the value of a property (RFC 5545, 3.3.11)."""
    return _ESCAPED.sub(r"\\\1", _seen(value).strip()).replace("\n", "\\n")


def _one_line(value: str) -> str:
    line = " ".join(_seen(value).split())
    return _text(line if len(line) <= ONE_LINE else f"{line[:ONE_LINE]}…")


def _folded(line: str) -> str:
    """A line with its end, in lines of 75 bytes at most, between which no character is torn."""
    data = line.encode()
    pieces, start, room = [], 0, LINE
    while len(data) - start > room:
        end = start + room
        while data[end] & 0xC0 == 0x80:  # within a character
            end -= 1
        pieces.append(data[start:end])
        start, room = end, LINE - 1  # the space that a line goes on with counts too
    pieces.append(data[start:])
    return b"\r\n ".join(pieces).decode() + "\r\n"
