"""Schedules for the page to import, and what must come of them, written without a look at the package."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "camp2019-schedule.json"


def real_file() -> Path:
    """The programme of a real festival, which stays outside the repository."""
    if not REAL.exists():
        pytest.skip(f"NOT TESTED WITH A REAL FESTIVAL: there is no {REAL}")
    return REAL


def schedule(*events: Mapping[str, Any], rooms: str = "room") -> dict[str, Any]:
    """A schedule with these events, all of one day."""
    by_room: dict[str, list[Mapping[str, Any]]] = {}
    for event in events:
        by_room.setdefault(str(event.get(rooms) or "nowhere"), []).append(event)
    day = {"index": 1, "date": "2026-08-01", "day_start": "2026-08-01T05:00:00+02:00", "rooms": by_room}
    return {"schedule": {"version": "1.0", "conference": {"acronym": "odd", "days": [day]}}}


def event(number: int, **fields: Any) -> dict[str, Any]:
    """An event with the usual fields; some are given."""
    usual = {
        "id": number,
        "guid": f"00000000-0000-4000-8000-{number:012}",
        "date": f"2026-08-01T{10 + number % 10}:00:00+02:00",
        "start": "not this one",
        "duration": "00:45",
        "room": "Meadow",
        "slug": f"odd-{number}",
        "title": f"Talk {number}",
        "subtitle": "",
        "track": "Odds",
        "type": "lecture",
        "language": "en",
        "abstract": "",
        "description": f"What talk {number} is about.",
        "logo": None,
        "persons": [{"id": number, "public_name": f"Person {number}", "full_public_name": "not this one"}],
        "links": [],
        "attachments": [],
        "url": f"https://festival.example/{number}.html",
    }
    return {**usual, **fields}


ODD = (
    event(1),
    event(2, subtitle=None, track=None, abstract=None, url=None, language=None, type=None),
    event(3, persons=[]),
    event(4, persons=[{"public_name": "Ada"}, {"public_name": "Zoë 🐼"}, {"public_name": "李雷"}]),
    event(5, title="مرحبا \u202eabc\u202c <b>&amp;</b>", room="Größe 10 ²"),
    event(6, date="2026-08-02T01:30:00+02:00", title="After midnight"),
    event(7, date="2026-08-01T10:00:00Z", duration="26:05", title="In UTC, and long"),
    event(8, description="One\r\n\r\nTwo\rThree\n\tfour \x0b five", abstract=" with spaces  around "),
    event(9, description="The whole story. " * 800),
    event(
        10,
        title="Only what must be",
        subtitle=None,
        persons=None,
        track="",
        room="",
        date=None,
        duration=None,
    ),
    event(11, url="mailto:somebody@festival.example", title="Linked to a mailbox"),
    event(12, date="some time on Saturday", duration="a while", title="No clock"),
    event(13, title="Said twice"),
    event(13, title="Said twice"),
    event(14, title="Same start, other room", date="2026-08-01T11:00:00+02:00", room="Attic"),
    event(15, description="See https://example.org/a?b=c#d, or http://example.org (both)."),
    event(16, title="   much   space   ", subtitle="line\nbreak"),
    event(17, persons=[{"public_name": f"Person {number}"} for number in range(14)], title="A crowd"),
)
"""Odd cases as real files have them: event 13 stands there twice."""


def talks_of(file: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The talks that an import must make of a schedule, by guid."""
    talks = {}
    for day in file["schedule"]["conference"]["days"]:
        for events in day["rooms"].values():
            for found in events:
                talk = {
                    "guid": found["guid"],
                    "title": found["title"],
                    "subtitle": found["subtitle"],
                    "abstract": found["abstract"],
                    "description": found["description"],
                    "start": found["date"],
                    "duration": found["duration"],
                    "room": found["room"],
                    "track": found["track"],
                    "kind": found["type"],
                    "language": found["language"],
                    "url": found["url"],
                    "persons": [person["public_name"] for person in found["persons"] or []],
                }
                talks[found["guid"]] = {
                    name: value
                    for name, value in talk.items()
                    if value not in (None, "", []) and fits(name, value)
                }
    return talks


START = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)"


def fits(name: str, value: str) -> bool:
    """Whether a talk can hold the value: what is neither a moment nor a length of time is left out."""
    patterns = {"start": START, "duration": r"\d{1,3}:[0-5]\d"}
    return name not in patterns or re.fullmatch(patterns[name], value) is not None


def save(file: dict[str, Any], path: Path) -> Path:
    """Writes a schedule file."""
    path.write_text(json.dumps(file), "utf-8")
    return path


def as_shown(talk: Mapping[str, Any]) -> dict[str, str]:
    """The texts that the page shows of a talk, with white space evened out, and what turns names around."""
    shown = {name: value for name, value in talk.items() if name not in ("guid", "persons")}
    shown.setdefault("title", "Untitled")
    if "persons" in talk:
        names = talk["persons"]
        rest = f" and {len(names) - 12} more" if len(names) > 12 else ""
        shown["persons"] = ", ".join(names[:12]) + rest
        if rest:
            shown["all-persons"] = ", ".join(names)
    for name in shown.keys() - {"url", "abstract", "description"}:
        shown[name] = re.sub(
            "[\u202a-\u202e\u2066-\u2069]", lambda found: f"[U+{ord(found[0]):04X}]", shown[name]
        )
    return {name: value if name == "url" else evened(value) for name, value in shown.items()}


def evened(text: str) -> str:
    """A text with its white space as one blank each, and addresses, which are shown as where they lead, left out."""
    return re.sub(r"https?://[^\s<>]+", "<address>", " ".join(text.split()))
