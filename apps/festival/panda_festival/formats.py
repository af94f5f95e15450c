"""Where schedule files have their events: each format is brought to events in the words of frab's JSON.

| format | where the events are |
| --- | --- |
| frab, and pretalx's export for it | schedule → conference → days → rooms (by name) → events |
| c3voc's schedule, version 2 | the same with rooms as a list, or with events that name their room |
| pretalx's own | `talks`, which name rooms, tracks and speakers by ids; or `results`, with slots |
| frab's and FOSDEM's XML | `festival.markup` makes frab's JSON of it |
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from panda_festival.values import offset_of, read_clock
from panda_web.rpc.types import Json

Names = Mapping[str, Json]
"""What an id, code or slug stands for."""

_EVENTS = ("events", "talks", "sessions", "slots")
_IDS = ("id", "guid", "code", "slug")


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a schedule file, nothing of which is checked.

    Attributes:
        values: in the words of frab's JSON; None where an event should be and is none.
        given: what stands there.
        offset: of the day that it is listed under.
    """

    values: Mapping[str, Json] | None
    given: Json
    offset: str | None = None


def events(value: Json) -> Iterator[Event] | None:
    """The events in a file's JSON; None where it is no schedule."""
    if isinstance(value, list):
        value = {"results": value}
    if not isinstance(value, Mapping):
        return None
    root = value.get("schedule")
    conference = (root if isinstance(root, Mapping) else value).get("conference", root)
    if isinstance(conference, Mapping) and isinstance(conference.get("days"), list):
        return _events_of_days(conference["days"], _names(conference.get("rooms")))
    if isinstance(value.get("talks"), list):
        return _events_of_pretalx(value["talks"], value)
    found = value.get("results")
    if (
        isinstance(found, list)
        and found
        and all(isinstance(each, Mapping) and "code" in each for each in found)
    ):
        return _events_of_pretalx(found, {})
    return None


def _events_of_days(days: Sequence[Json], names: Names) -> Iterator[Event]:
    for day in days:
        if day is None:
            continue
        if not isinstance(day, Mapping):
            yield Event(None, day)
            continue
        for place, listed in _listed(day):
            for given in listed:
                if isinstance(given, Mapping):
                    yield Event(_placed(given, day, place, names), given, offset_of(day.get("day_start")))
                elif given is not None:
                    yield Event(None, given)


def _listed(day: Mapping[str, Json]) -> Iterator[tuple[Json, Sequence[Json]]]:
    """The rooms of a day, each with its events."""
    rooms = day.get("rooms")
    if isinstance(rooms, Mapping):
        for name, listed in rooms.items():
            yield name, _several(listed)
    else:
        for room in _several(rooms):
            if isinstance(room, Mapping):
                yield room, [each for key in _EVENTS for each in _several(room.get(key))]
            elif room is not None:
                yield None, [room]
    for key in _EVENTS:
        yield None, _several(day.get(key))


def _several(value: Json) -> Sequence[Json]:
    if isinstance(value, Mapping) and not ("title" in value or "guid" in value):
        return list(value.values())
    return value if isinstance(value, list) else [] if value is None else [value]


def _placed(event: Mapping[str, Json], day: Mapping[str, Json], place: Json, names: Names) -> dict[str, Json]:
    """An event with the room that it is listed under, and a date, where it does not say so itself."""
    values = dict(event)
    values["room"] = _named(event.get("room", place), names)
    if event.get("date") is None:
        clock = read_clock(event.get("start"))
        values["date"] = f"{day.get('date')}T{clock}" if clock else None
    if "persons" not in event:
        values["persons"] = event.get("speakers")
    return values


# -- pretalx's own ---------------------------------------------------------------------------------


def _events_of_pretalx(talks: Sequence[Json], file: Mapping[str, Json]) -> Iterator[Event]:
    names = {kind: _names(file.get(kind)) for kind in ("rooms", "tracks", "speakers")}
    for talk in talks:
        if not isinstance(talk, Mapping):
            if talk is not None:
                yield Event(None, talk)
            continue
        for slot in _slots(talk):
            speakers = talk.get("speakers", talk.get("persons"))
            values = dict(talk) | {
                "date": slot.get("start", talk.get("start")),
                "duration": talk.get("duration", slot.get("duration")),
                "end": slot.get("end", talk.get("end")),
                "room": _named(slot.get("room", talk.get("room")), names["rooms"]),
                "track": _named(talk.get("track"), names["tracks"]),
                "type": talk.get("submission_type", talk.get("type")),
                "language": talk.get("content_locale", talk.get("language")),
                "persons": [_named(each, names["speakers"]) for each in _several(speakers)],
            }
            yield Event(values, talk)


def _slots(talk: Mapping[str, Json]) -> Sequence[Mapping[str, Json]]:
    found = [talk["slot"]] if talk.get("slot") else _several(talk.get("slots"))
    return [each for each in found if isinstance(each, Mapping)] or [{}]


def _names(listed: Json) -> Names:
    """Objects by their ids."""
    found: dict[str, Json] = {}
    for each in _several(listed):
        if isinstance(each, Mapping):
            found |= {str(each[key]): each for key in _IDS if isinstance(each.get(key), str | int)}
    return found


def _named(value: Json, names: Names) -> Json:
    """What an id stands for; other values stand for themselves."""
    return names.get(str(value), value) if isinstance(value, str | int) else value
