"""What a festival adds to the worker: schedules in and out, rooms by name, where talks stand, profiles.

All but the schemas is imported when it is first asked for, so a page that only reads does not wait for it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from panda_festival.methods import METHODS
from panda_festival.schemas import PROFILE, ROOM, SCHEMAS, TALK
from panda_web import strict_json
from panda_web.browser.at_hand import at_hand
from panda_web.browser.extension import Extension
from panda_web.browser.opening import Site
from panda_web.browser.wrong import said
from panda_web.rpc import types
from panda_web.rpc.dispatch import Handler
from panda_web.rpc.errors import InvalidParams
from panda_web.rpc.long_text import LongText
from panda_web.rpc.table import python_name
from panda_web.rpc.types import Json

if TYPE_CHECKING:
    from panda_festival import shapes
    from panda_festival.definitions import SignedDefinition
    from panda_festival.files import Format
    from panda_festival.programme import Said
    from panda_festival.schedule import Schedule
    from panda_festival.told import Told


@dataclass(frozen=True, slots=True)
class Festival:
    """The handlers."""

    site: Site

    def handlers(self) -> Mapping[str, Handler]:
        """A handler for each method of the table."""
        return {name: getattr(self, python_name(name)) for name in METHODS}

    async def plan_import(self, text: LongText) -> "shapes.ImportPlan":
        """What an import would do."""
        from panda_festival.importing import plan_import

        return (await plan_import(self.site.writer(), _schedule(text))).to_json()

    async def import_schedule(
        self, text: LongText, withdraw: bool, restore: bool, progress: Callable[[int, int], None]
    ) -> "shapes.Imported":
        """Publishes a festival's talks."""
        from panda_festival.importing import import_talks

        panda = self.site.writer()
        done = await import_talks(panda, _schedule(text), progress, withdraw=withdraw, restore=restore)
        return done.to_json()

    async def room(self, name: str) -> str:
        """The id of a room."""
        from panda_festival.rooms import room_named

        return await room_named(self.site.writer(), name)

    async def arrange(
        self, talks: Sequence[Mapping[str, Json]], authors: Sequence[str], muted: Sequence[str]
    ) -> "list[shapes.Standing]":
        """Where each talk stands."""
        from panda_festival.programme import arrange

        given = [_said(talk) for talk in talks]
        found = arrange(given, authors, muted, self.site.client.author)
        return [
            {"place": stands.place, "behind": stands.behind, "differs": stands.differs}
            for stands in (found[each.id] for each in given)
        ]

    async def programme_file(self, text: LongText, format: "Format", name: str) -> "shapes.ProgrammeFile":
        """These talks as a file."""
        from panda_festival.files import FORMATS

        told = _told(text)
        written = FORMATS[format](told, name)
        untimed = sum(not talk.moment for talk in told) if format == "ics" else 0
        return {"text": written, "talks": len(told) - untimed, "untimed": untimed}

    async def write_profile(self, name: str, about: str) -> "shapes.ProfileWritten":
        """What the author calls themselves."""
        from panda_festival.profile import write_profile

        written = await write_profile(self.site.writer(), name, about)
        error = said(written.error if written is not None else None)
        told: shapes.ProfileError | None = {**error} if error is not None else None
        return {"acknowledged": written is None or written.acknowledged, "error": told}


def _schedule(text: LongText) -> "Schedule":
    """The schedule in a file, of which nothing else is kept."""
    from panda_festival.schedule import read_schedule

    with at_hand():
        return read_schedule(text.take())


def _said(talk: Mapping[str, Json]) -> "Said":
    """A talk to be judged, from a page, which is not trusted to send the right types."""
    from panda_festival.programme import Said

    given = {name: talk.get(name, "") for name in ("id", "author", "guid", "title", "start")}
    if wrong := [name for name, value in given.items() if not isinstance(value, str)]:
        raise InvalidParams(f"A talk's {wrong[0]} must be a text.", param="talks")
    return Said(**given)


def _told(text: LongText) -> "list[Told]":
    """Talks for a file, from a page, which is not trusted to send the right types."""
    from panda_festival.schedule import MAX_EVENTS, MAX_PARTS
    from panda_festival.told import ProgrammeTooLarge, Told

    try:
        talks = types.array(types.OBJECT).read(strict_json.loads(text.take(), parts=MAX_PARTS))
        if len(talks) > MAX_EVENTS:
            raise strict_json.TooManyParts(f"JSON of {len(talks)} talks")
        return [
            Told(types.HASH.read(talk["id"]), types.SEQ_NUM.read(talk["seqNum"]), dict(talk["fields"]))
            for talk in talks
        ]
    except strict_json.TooManyParts as error:
        raise ProgrammeTooLarge(f"More than {MAX_EVENTS:,} talks are too many for one file.") from error
    except (strict_json.NotJson, ValueError, KeyError, TypeError) as error:
        raise InvalidParams(f"The talks are no array of `ToldTalk`: {error}", param="text") from error


def _definitions() -> "Iterable[SignedDefinition]":
    from panda_festival.definitions import definitions

    return definitions()


SAYS: "shapes.Says" = {
    "talkSchema": str(TALK.id),
    "roomSchema": str(ROOM.id),
    "profileSchema": str(PROFILE.id),
}

EXTENSION = Extension(
    methods=METHODS,
    handlers=lambda site: Festival(site).handlers(),
    schemas=SCHEMAS,
    says=dict(SAYS),
    definitions=_definitions,
)
