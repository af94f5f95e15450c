"""Importing a schedule: the rooms and talks of it that their author has not published yet."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from panda_web.client import Client
from panda_web.festival.own import own_by
from panda_web.festival.rooms import rooms_named
from panda_web.festival.schedule import LeftOut, Schedule
from panda_web.festival.schemas import SCHEMAS, TALK
from panda_web.rpc.types import Json

AT_ONCE = 8
"""Talks signed and sent at a time: so often is there progress, and a moment to cancel."""

Progress = Callable[[int, int], None]
"""Called with how many are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did.

    Attributes:
        published: talks that are new.
        skipped: talks that were there already.
        left_out: what of the file no talk can hold.
    """

    published: int
    skipped: int
    left_out: tuple[LeftOut, ...]

    @property
    def total(self) -> int:
        """Talks in the file."""
        return self.published + self.skipped

    def to_json(self) -> dict[str, Json]:
        """In the words of `panda.js`."""
        return {
            "published": self.published,
            "skipped": self.skipped,
            "total": self.total,
            "leftOut": [asdict(each) for each in self.left_out],
        }


async def import_talks(panda: Client, schedule: Schedule, progress: Progress) -> Imported:
    """Publishes the talks that this author has not published yet, known by their guid, and their rooms.

    It may end anywhere (cancelled, node gone, power cut) and be run again: it goes on, and nothing is
    published twice.

    Raises:
        NodeUnreachable: what was signed is kept and sent at the next run.
        CallFailed, ClientError, StoreFailed.
    """
    panda.learn(SCHEMAS)
    async with panda.alone("import"):  # two tabs that import do not both find a talk missing
        return await _import(panda, schedule, progress)


async def _import(panda: Client, schedule: Schedule, progress: Progress) -> Imported:
    await panda.flush()
    known = await own_by(panda, TALK, "guid")
    todo = [talk for talk in schedule.talks if talk["guid"] not in known]
    total = len(schedule.talks)
    done = total - len(todo)
    progress(done, total)
    places = [str(talk["room"]) for talk in todo if "room" in talk]
    rooms = await rooms_named(panda, places) if places else {}
    for start in range(0, len(todo), AT_ONCE):
        part = todo[start : start + AT_ONCE]
        rows = [talk | {"room": rooms[str(talk["room"])]} if "room" in talk else talk for talk in part]
        written = await panda.create_many(str(TALK.id), rows)
        if written[-1].error is not None:
            raise written[-1].error  # what was signed is kept, and sent when the import goes on
        done += len(written)
        progress(done, total)
    return Imported(len(todo), total - len(todo), schedule.left_out)
