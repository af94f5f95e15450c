"""Festival programmes: from a schedule file in frab's JSON format to talks, and their import.

Source: the files that frab and pretalx export (`schedule.json`), as c3voc's schema describes them:
schedule → conference → days → rooms → events.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from panda_web.bamboo import digest
from panda_web.client import Client
from panda_web.errors import PandaError
from panda_web.rpc import jsonrpc
from panda_web.rpc.errors import ParseError
from panda_web.rpc.types import Json

TALK_SCHEMA = digest(b"panda-web/talk/1").hex()
"""The schema of a talk: untyped for now, so any id does that everybody here uses."""

MAX_SIZE = 64 << 20
"""Bytes of a schedule file; the largest festivals have some 3 MB."""

AT_ONCE = 8
"""Talks signed and sent at a time: so often is there progress, and a moment to cancel."""

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
Progress = Callable[[int, int], None]
"""Called with how many are done, and how many there are."""


class NotASchedule(PandaError):
    """The file is not a schedule in frab's JSON format."""

    reason = "not-a-schedule"


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: talks that were published, and ones that were there already."""

    published: int
    skipped: int

    @property
    def total(self) -> int:
        """Talks in the file."""
        return self.published + self.skipped


def read_schedule(data: bytes) -> list[Talk]:
    """The talks in a schedule file, in the file's order; null and empty fields are left out.

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
        talks = {talk["guid"]: talk for event in _events(value) if (talk := _talk(event))}
    except (KeyError, TypeError, AttributeError) as error:
        raise NotASchedule(
            "The file is JSON, but not a schedule: days, rooms and events are missing."
        ) from error
    if not talks:
        raise NotASchedule("The schedule has not a single talk.")
    return list(talks.values())


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


async def import_talks(
    panda: Client, talks: list[Talk], progress: Progress, schema: str = TALK_SCHEMA
) -> Imported:
    """Publishes the talks that this author has not published yet, known by their guid.

    It may end anywhere (cancelled, node gone, power cut) and be run again: it goes on, and nothing is
    published twice.

    Raises:
        NodeUnreachable: what was signed is kept and sent at the next run.
        CallFailed, ClientError, StoreFailed.
    """
    async with panda.alone("import"):  # two tabs that import do not both find a talk missing
        return await _import(panda, talks, progress, schema)


async def _import(panda: Client, talks: list[Talk], progress: Progress, schema: str) -> Imported:
    await panda.flush()
    known = {fields["guid"].value for fields in (await panda.own(schema)).values() if "guid" in fields}
    answer = await panda.query_all(schema, filter={"author": panda.author})
    known |= {talk["guid"] for talk in answer if "guid" in talk.fields}
    todo = [talk for talk in talks if talk["guid"] not in known]
    done = len(talks) - len(todo)
    progress(done, len(talks))
    for start in range(0, len(todo), AT_ONCE):
        written = await panda.create_many(schema, todo[start : start + AT_ONCE])
        if written[-1].error is not None:
            raise written[-1].error  # what was signed is kept, and sent when the import goes on
        done += len(written)
        progress(done, len(talks))
    return Imported(len(todo), len(talks) - len(todo))
