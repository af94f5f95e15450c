"""A programme as schedule JSON, in the words of frab: what `schedule` reads gives the same talks again."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

from panda_festival.told import ProgrammeEmpty, Told
from panda_web.rpc.types import Json

DAY_STARTS = timedelta(hours=5)
"""What begins earlier belongs to the day before, as on the page."""

# What a talk's texts are called in the file.
_TEXTS = {
    **{name: name for name in ("title", "subtitle", "language", "abstract", "description", "url")},
    "type": "kind",
}


def schedule_file(talks: Iterable[Told], name: str = "") -> str:
    """The talks as a schedule, by days and rooms; in order of time, whatever order they come in.

    All characters beyond ASCII are escaped, so a terminal that shows the file is not deceived by them.

    Args:
        talks: of the programme.
        name: of the event.

    Raises:
        ProgrammeEmpty: there are none.
    """
    days: dict[str | None, dict[str, list[Json]]] = {}
    for talk in sorted(talks, key=lambda talk: talk.place):
        days.setdefault(_day(talk), {}).setdefault(talk.text("room"), []).append(_event(talk))
    if not days:
        raise ProgrammeEmpty("There is no talk to write into a schedule.")
    listed: list[Json] = [
        {"index": index, "date": date, "rooms": dict(rooms)}
        for index, (date, rooms) in enumerate(days.items(), 1)
    ]
    conference: Json = {"title": name, "daysCount": len(listed), "days": listed}
    file: Json = {"schedule": {"generator": {"name": "panda-web"}, "conference": conference}}
    return json.dumps(file, indent=1) + "\n"


def _event(talk: Told) -> Json:
    start = talk.text("start")
    persons: list[Json] = [{"public_name": name} for name in talk.persons]
    return {
        "id": int(talk.id[8:20], 16),  # other programs know a talk by a number; it is as good as unique
        "guid": talk.text("guid") or talk.id,
        "date": start or None,
        "start": start[11:16],
        "duration": talk.text("duration") or None,
        "room": talk.text("room") or None,
        "track": talk.text("track") or None,
        **{theirs: talk.text(ours) for theirs, ours in _TEXTS.items()},
        "persons": persons,
    }


def _day(talk: Told) -> str | None:
    """The day that it is listed under, by its own clock; None where it has no time."""
    if not talk.moment:
        return None
    start = talk.text("start")
    try:
        local = datetime.fromisoformat(start[:16].upper())
        return (local - DAY_STARTS).date().isoformat()
    except (ValueError, OverflowError):
        return start[:10]
