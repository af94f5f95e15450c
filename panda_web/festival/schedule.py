"""Schedule files: from frab's JSON format to talks.

Source: the files that frab and pretalx export (`schedule.json`), as c3voc's schema describes them:
schedule → conference → days → rooms → events.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from panda_web.errors import PandaError
from panda_web.festival.schemas import ROOM, TALK
from panda_web.messages.schema import InvalidFields
from panda_web.rpc import jsonrpc
from panda_web.rpc.errors import ParseError
from panda_web.rpc.types import Json

MAX_SIZE = 64 << 20
"""Bytes of a schedule file; the largest festivals have some 3 MB."""

MAX_TALK = (1 << 20) - 4096
"""Bytes of a talk as JSON: some less than those of a message, in which types stand beside the values."""

MAX_TITLE = 80
"""Characters of a title that say which talk is meant."""

# A field of a talk, and where the file has it.
_TEXTS = {
    "guid": "guid",
    "title": "title",
    "subtitle": "subtitle",
    "abstract": "abstract",
    "description": "description",
    "start": "date",
    "duration": "duration",
    "room": "room",
    "track": "track",
    "kind": "type",
    "language": "language",
    "url": "url",
}

Talk = dict[str, str | tuple[str, ...]]
"""The fields of a talk; its room is a name here."""


class NotASchedule(PandaError):
    """The file is not a schedule in frab's JSON format."""

    reason = "not-a-schedule"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A value of the file that no talk can hold.

    Attributes:
        talk: its title.
        field: its name, in talks.
        why: a sentence.
    """

    talk: str
    field: str
    why: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is in a schedule file.

    Attributes:
        talks: each with a guid and a title, in the file's order; valid but for the room, which is a name.
        left_out: values that do not fit. A talk whose title or guid does not fit is left out whole.
    """

    talks: tuple[Talk, ...]
    left_out: tuple[LeftOut, ...]


def read_schedule(data: bytes) -> Schedule:
    """The talks in a schedule file; null and empty fields are left out.

    Raises:
        NotASchedule: with what is wrong with the file.
    """
    if len(data) > MAX_SIZE:
        raise NotASchedule(f"The file has {len(data)} bytes; a schedule has at most {MAX_SIZE}.")
    try:
        value = jsonrpc.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except ParseError as error:
        raise NotASchedule(
            "The file is not JSON. A schedule is exported by frab or pretalx as JSON."
        ) from error
    try:
        found = {talk["guid"]: talk for event in _events(value) if (talk := _talk(event))}
    except (KeyError, TypeError, AttributeError) as error:
        raise NotASchedule(
            "The file is JSON, but not a schedule: days, rooms and events are missing."
        ) from error
    left_out: list[LeftOut] = []
    talks = [talk for talk in found.values() if _keep_what_fits(talk, left_out)]
    if not talks:
        raise NotASchedule("The schedule has not a single talk that has a title.")
    return Schedule(tuple(talks), tuple(left_out))


def _keep_what_fits(talk: Talk, left_out: list[LeftOut]) -> bool:
    """Takes values that do not fit out of a talk; gives whether a talk remains."""
    title = str(talk.get("title", talk["guid"]))[:MAX_TITLE]
    for name, value in list(talk.items()):
        schema, values = (ROOM, {"name": value}) if name == "room" else (TALK, {name: value})
        try:
            schema.check(schema.to_fields(values), "update")
        except InvalidFields as error:
            left_out.append(LeftOut(title, name, str(error)))
            del talk[name]
    while len(json.dumps(talk, ensure_ascii=False).encode()) > MAX_TALK:
        longest = max(talk, key=lambda name: len(str(talk[name]).encode()))
        left_out.append(LeftOut(title, longest, "With it the talk is larger than a message can be."))
        del talk[longest]
    if "title" not in talk:
        left_out.append(LeftOut(title, "title", "A talk needs a title."))
    return "title" in talk and "guid" in talk


def _events(value: Json) -> Iterator[dict[str, Json]]:
    for day in value["schedule"]["conference"]["days"]:
        for events in day["rooms"].values():
            yield from events


def _talk(event: dict[str, Json]) -> Talk:
    talk: Talk = {}
    for name, source in _TEXTS.items():
        text = event.get(source)
        if text is None or text == "":
            continue
        if not isinstance(text, str) or not _is_text(text):
            raise NotASchedule(f"The {source} of a talk is not a text: {text!r:.60}.")
        talk[name] = text
    if "guid" not in talk:
        raise NotASchedule(f"A talk has no guid: {talk.get('title', '')!r:.60}.")
    persons = tuple(person["public_name"] for person in event.get("persons") or ())
    if not all(isinstance(name, str) and _is_text(name) for name in persons):
        raise NotASchedule(f"A person's public_name is not a text in {talk.get('title', '')!r:.60}.")
    if persons:
        talk["persons"] = persons
    return talk


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
