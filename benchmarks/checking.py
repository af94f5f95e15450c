"""Holding messages to a schema: the same work on CPython and in a page's Python."""

import time

from panda_festival.schemas import ROOM, TALK

from panda_web.messages import Field


def seconds(count: int) -> float:
    """Seconds for so many creates of the festival's talks, each another one, of nine fields."""
    talks = [_talk(number) for number in range(count)]
    before = time.perf_counter()
    for talk in talks:
        TALK.check(talk, "create")
    return time.perf_counter() - before


def _talk(number: int) -> dict[str, Field]:
    day, hour, minute = number // 1440 % 28 + 1, number // 60 % 24, number % 60
    return TALK.to_fields(
        {
            "title": f"Talk {number}",
            "subtitle": "Append-only logs in a browser tab",
            "start": f"2026-11-{day:02}T{hour:02}:{minute:02}:00+01:00",
            "duration": f"00:{minute:02}",
            "room": ROOM.id,  # as good a hash as any
            "track": "Ethics, Society & Politics",
            "persons": ["Aiko Tanaka", "Jonas Weber"],
            "abstract": "What a log is, and who owns it. " * 8,
            "guid": f"00000000-0000-4000-8000-{number:012}",
        }
    )
