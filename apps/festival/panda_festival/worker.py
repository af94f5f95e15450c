"""What a festival adds to the worker: the import of a schedule, and rooms by name.

All but the schemas is imported when it is first asked for, so a page that only reads does not wait for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from panda_festival.schemas import ROOM, SCHEMAS, TALK
from panda_web.browser.at_hand import at_hand
from panda_web.browser.extension import Extension
from panda_web.browser.opening import Site
from panda_web.rpc import types
from panda_web.rpc.dispatch import Handler
from panda_web.rpc.methods import Method, Param, python_name
from panda_web.rpc.types import Json

if TYPE_CHECKING:
    from panda_festival.schedule import Schedule

METHODS: Mapping[str, Method[Any]] = {
    method.name: method
    for method in (
        Method(
            "planImport",
            "What of a schedule file is new or has changed; publishes nothing.",
            (Param("text", types.TEXT),),
            types.OBJECT,
        ),
        Method(
            "importSchedule",
            "Publishes what of a schedule file is new or has changed.",
            (
                Param("text", types.TEXT),
                Param("withdraw", types.BOOL, False),
                Param("restore", types.BOOL, False),
            ),
            types.OBJECT,
            progress="import",
        ),
        Method(
            "room",
            "The id of the author's own room of this name, which is published if there is none.",
            (Param("name", types.TEXT),),
            types.HASH,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Festival:
    """The handlers."""

    site: Site

    def handlers(self) -> Mapping[str, Handler]:
        """A handler for each method of the table."""
        return {name: getattr(self, python_name(name)) for name in METHODS}

    async def plan_import(self, text: str) -> Json:
        """What an import would do."""
        from panda_festival.importing import plan_import

        return (await plan_import(self.site.writer(), _schedule(text))).to_json()

    async def import_schedule(
        self, text: str, withdraw: bool, restore: bool, progress: Callable[[int, int], None]
    ) -> Json:
        """Publishes a festival's talks."""
        from panda_festival.importing import import_talks

        panda = self.site.writer()
        done = await import_talks(panda, _schedule(text), progress, withdraw=withdraw, restore=restore)
        return done.to_json()

    async def room(self, name: str) -> Json:
        """The id of a room."""
        from panda_festival.rooms import room_named

        return await room_named(self.site.writer(), name)


def _schedule(text: str) -> "Schedule":
    """The schedule in a file."""
    from panda_festival.schedule import read_schedule

    with at_hand():
        return read_schedule(text.encode())


EXTENSION = Extension(
    methods=METHODS,
    handlers=lambda site: Festival(site).handlers(),
    schemas=SCHEMAS,
    says={"talkSchema": TALK.id, "roomSchema": ROOM.id},
)
