"""A small schedule with the odd cases of real ones, and the talks that must come of it."""

from collections.abc import Iterable, Mapping
from typing import Any


def SMALL(count: int = 12) -> dict[str, Any]:  # noqa: N802 - a constant with a size
    """A schedule in frab's format."""
    rooms: dict[str, list[dict[str, Any]]] = {"Main hall": [], "Garden 🌿": []}
    for number in range(count):
        rooms["Garden 🌿" if number % 3 else "Main hall"].append(_event(number))
    days = [
        {"index": 1, "date": "2026-08-01", "rooms": rooms},
        {"index": 2, "date": "2026-08-02", "rooms": {"Main hall": []}},
    ]
    return {"schedule": {"version": "1", "conference": {"title": "Test", "days": days}}}


def _event(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "guid": f"guid-{number:04}",
        "logo": None,
        "date": f"2026-08-01T{10 + number % 12}:30:00+02:00",
        "start": "ignored",
        "duration": "00:45",
        "room": "Garden 🌿" if number % 3 else "Main hall",
        "slug": "ignored",
        "title": f'Talk {number}: <b>bold</b> & "quoted"',
        "subtitle": "" if number % 2 else "A subtitle",
        "track": None if number == 5 else "Ünïcødé",
        "type": "lecture",
        "language": "de" if number % 2 else "en",
        "abstract": "",
        "description": "Line one\nline two\u2028three" * (1 + number % 4),
        "persons": [{"id": n, "public_name": f"Person {n}"} for n in range(number % 3)],
        "links": [],
        "url": f"https://festival.example/{number}",
    }


def small_talks(count: int = 12) -> list[dict[str, Any]]:
    """The talks of `SMALL`: names changed, null and empty left out."""
    names = {"date": "start", "type": "kind"}
    wanted = ("guid", "title", "subtitle", "abstract", "description", "date", "duration", "room", "track", "type",
              "language", "url")  # fmt: skip
    talks = []
    for number in range(count):
        event = _event(number)
        talk = {names.get(name, name): event[name] for name in wanted if event[name]}
        if event["persons"]:
            talk["persons"] = [person["public_name"] for person in event["persons"]]
        talks.append(talk)
    return talks


def lists(talks: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Talks as JSON would carry them."""
    return [{name: list(v) if isinstance(v, tuple) else v for name, v in talk.items()} for talk in talks]


def by_guid(talks: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Talks in an order to compare them in."""
    return sorted(talks, key=lambda talk: str(talk["guid"]))
