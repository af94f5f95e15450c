"""Importing a schedule: what of it is new or has changed since it was published last, and publishing that.

    plan_import     compares, and signs nothing: what a person sees before they choose
    import_talks    compares again, and carries it out

An import may end anywhere (cancelled, node gone, power cut) and be run again: each run compares anew, so it
goes on where the last one ended, and nothing is published twice.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from panda_festival.comparing import Comparison, Published, compare
from panda_festival.own import Instances, own_instances
from panda_festival.rooms import own_rooms, rooms_named
from panda_festival.schedule import MAX_TITLE, LeftOut, Schedule, Talk
from panda_festival.schemas import ROOM, SCHEMAS, TALK
from panda_festival.values import shown
from panda_web.client import Client, Written
from panda_web.client.errors import InstanceNotOwn, LogRefused, MessageRefused

if TYPE_CHECKING:  # no tab loads it
    from panda_festival import shapes

AT_ONCE = 16
"""Talks signed and sent at a time: so often is there progress, and a moment to cancel."""

LOOKED_AT = 500
"""Talks that are held to what the node can take at a time."""

TALKS, ROOMS = str(TALK.id), str(ROOM.id)

Progress = Callable[[int, int], None]
"""Called with how many are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do.

    Attributes:
        comparison: of the schedule with what is published.
        left_out: values that are not published: no talk can hold them, or this node cannot take them.
        knows_deleted: whether all that was deleted is known here. Where the key was restored, a talk that was
            deleted on another device counts as new.
    """

    comparison: Comparison
    left_out: tuple[LeftOut, ...]
    knows_deleted: bool

    def to_json(self) -> "shapes.ImportPlan":
        """In the words of `panda.js`: titles, and of what changes the names of the fields."""
        found = self.comparison
        return {
            "new": [str(talk["title"])[:MAX_TITLE] for talk in found.new],
            "changed": [{"talk": each.title, "fields": sorted(each.fields)} for each in found.changed],
            "withdrawn": [one.title for one in found.withdrawn],
            "deleted": [str(talk["title"])[:MAX_TITLE] for talk in found.deleted],
            "unchanged": len(found.unchanged),
            "total": found.talks,
            "leftOut": [each.to_json() for each in self.left_out],
            "knowsDeleted": self.knows_deleted,
        }


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did.

    Attributes:
        published: talks that are new.
        updated: talks that have changed.
        withdrawn: talks that were deleted, since the file has them no more.
        unchanged: talks that were there just so.
        left_out: values of the file that are not published.
        total: talks in the file; those that were deleted before, and stay so, are among them.
    """

    published: int
    updated: int
    withdrawn: int
    unchanged: int
    left_out: tuple[LeftOut, ...]
    total: int

    def to_json(self) -> "shapes.Imported":
        """In the words of `panda.js`."""
        return {
            "published": self.published,
            "updated": self.updated,
            "withdrawn": self.withdrawn,
            "unchanged": self.unchanged,
            "leftOut": [each.to_json() for each in self.left_out],
            "total": self.total,
        }


async def plan_import(panda: Client, schedule: Schedule) -> Plan:
    """Compares a schedule with what this author has published; signs and sends nothing.

    Raises:
        NodeTooOld: the node cannot take talks at all.
        CallFailed: the node does not answer, and may know of talks that were not signed here.
    """
    panda.learn(SCHEMAS)
    talks, left_out = await _carried(panda, schedule)
    own = await own_instances(panda, TALK)
    rooms = await own_rooms(panda) if own.there or own.deleted else {}
    lacking = {each.field for each in left_out}
    fields = [name for name in TALK.by_name if name not in lacking]
    comparison = compare(talks, _published(own.there, rooms), _published(own.deleted, rooms), fields)
    comparison, stays = await _emptied(panda, comparison)
    return Plan(comparison, (*schedule.left_out, *left_out, *stays), own.complete)


async def import_talks(
    panda: Client, schedule: Schedule, progress: Progress, *, withdraw: bool = False, restore: bool = False
) -> Imported:
    """Publishes what of a schedule is new or has changed.

    Args:
        panda: writes as the author.
        schedule: the file.
        progress: hears how far it is.
        withdraw: delete what is published and not in the file.
        restore: publish again what was deleted before.

    Raises:
        NodeTooOld: the node cannot take talks at all; nothing was signed.
        NodeUnreachable: what was signed is kept and sent at the next run.
        CallFailed, ClientError, StoreFailed.
    """
    panda.learn(SCHEMAS)
    async with panda.alone("import"):  # two tabs that import do not both find a talk missing
        waiting: list[LeftOut] = []
        for schema in (ROOMS, TALKS):  # what waits of other schemas is not this file's
            try:
                await panda.flush(schema)
            except (LogRefused, MessageRefused) as error:  # that is about one talk, and the others go on
                waiting.append(LeftOut("Signed before", "talk", "", str(error)))
        plan = await plan_import(panda, schedule)
        found = plan.comparison
        new = found.new + (found.deleted if restore else ())
        withdrawn = found.withdrawn if withdraw else ()
        todo = len(new) + len(found.changed) + len(withdrawn)
        work = _Work(progress, todo, found.talks + len(withdrawn))
        rooms = await _rooms(panda, [*new, *(each.fields for each in found.changed)])
        for start in range(0, len(new), AT_ONCE):
            rows = [_in_rooms(talk, rooms) for talk in new[start : start + AT_ONCE]]
            work.done(await panda.create_many(TALKS, rows), [str(row["title"]) for row in rows])
        updated = deleted = 0
        for each in found.changed:
            fields = _in_rooms(each.fields, rooms)
            updated += await work.change(each.title, panda.update(TALKS, each.published.id, fields))
        for one in withdrawn:
            deleted += await work.change(one.title, panda.delete(TALKS, one.id))
    left_out = (*waiting, *plan.left_out, *work.stays)
    return Imported(len(new) - work.refused, updated, deleted, len(found.unchanged), left_out, found.talks)


class _Work:
    """How far an import is: what needs nothing counts as done from the beginning.

    Attributes:
        stays: talks that could not be changed, or not published.
        refused: how many could not be published.
    """

    def __init__(self, progress: Progress, todo: int, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = total - todo
        self.stays: list[LeftOut] = []
        self.refused = 0
        progress(self._done, total)

    async def change(self, title: str, writing: Awaitable[Written]) -> bool:
        """Changes or deletes one talk; tells it, and goes on, where that one can be changed no more."""
        try:
            written = await writing
            if isinstance(written.error, LogRefused | MessageRefused):
                raise written.error
        except (InstanceNotOwn, LogRefused, MessageRefused) as error:
            self.stays.append(LeftOut(title, "talk", "", str(error)))
            return False
        self.done([written])
        return True

    def done(self, written: Sequence[Written], titles: Sequence[str] = ()) -> None:
        """Counts what the node has. Raises why it has not: what was signed is sent by the next run."""
        if not written[-1].acknowledged and written[-1].error is not None:
            raise written[-1].error
        for title, each in zip(titles, written, strict=False):
            if each.error is not None:
                self.stays.append(LeftOut(title, "talk", "", str(each.error)))
                self.refused += 1
        self._done += len(written)
        self._progress(self._done, self._total)


async def _carried(panda: Client, schedule: Schedule) -> tuple[list[Talk], list[LeftOut]]:
    """The talks without what the node cannot take. Raises NodeTooOld where nothing would remain of one."""
    talks: list[Talk] = []
    left_out: list[LeftOut] = []
    for start in range(
        0, len(schedule.talks), LOOKED_AT
    ):  # as fields they take far more memory than as talks
        some = schedule.talks[start : start + LOOKED_AT]
        answers = await panda.not_carried(TALKS, [TALK.to_fields(talk) for talk in some])
        for talk, lacking in zip(some, answers, strict=True):
            for name, why in lacking.items():
                if not TALK.by_name[name].optional:
                    raise why
                left_out.append(LeftOut(str(talk["title"])[:MAX_TITLE], name, shown(talk[name]), str(why)))
            kept = {name: value for name, value in talk.items() if name not in lacking} if lacking else talk
            talks.append(kept)
    return talks, left_out


async def _emptied(panda: Client, comparison: Comparison) -> tuple[Comparison, list[LeftOut]]:
    """The comparison without fields that would have to be emptied on a node that cannot; they stay."""
    stays: list[LeftOut] = []
    changed, unchanged = [], list(comparison.unchanged)
    emptied = [{name: v for name, v in each.fields.items() if v is None} for each in comparison.changed]
    answers = await panda.not_carried(TALKS, [TALK.to_fields(fields, "update") for fields in emptied])
    for each, lacking in zip(comparison.changed, answers, strict=True):
        for name, why in lacking.items():
            stays.append(LeftOut(each.title, name, "", str(why)))
        fields = {name: value for name, value in each.fields.items() if name not in lacking}
        if fields:
            changed.append(replace(each, fields=fields))
        else:
            unchanged.append(each.published)
    return replace(comparison, changed=tuple(changed), unchanged=tuple(unchanged)), stays


def _published(instances: Instances, rooms: Mapping[str, str]) -> list[Published]:
    """Talks with the names of their rooms. One that is not an own room keeps its id."""
    found = []
    for each, fields in instances.items():
        values = {name: field.value for name, field in fields.items()}
        if "room" in values:
            values["room"] = rooms.get(str(values["room"]), str(values["room"]))
        found.append(Published(each, values))
    return found


async def _rooms(panda: Client, talks: Sequence[Mapping[str, object]]) -> dict[str, str]:
    names = [str(talk["room"]) for talk in talks if talk.get("room") is not None]
    return await rooms_named(panda, dict.fromkeys(names)) if names else {}


def _in_rooms(fields: Mapping[str, object], rooms: Mapping[str, str]) -> dict[str, object]:
    """The fields with the room's id in place of its name."""
    room = fields.get("room")
    return dict(fields) if room is None else {**fields, "room": rooms[str(room)]}
