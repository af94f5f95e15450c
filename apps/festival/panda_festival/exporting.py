"""The programme out of a node, for a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from panda_festival.programme import Said, arrange
from panda_festival.schedule import MAX_EVENTS, MAX_SIZE
from panda_festival.schemas import ROOM, SCHEMAS, TALK
from panda_festival.told import ProgrammeTooLarge, Told
from panda_web.client import Client
from panda_web.client.check import Instance

AT_ONCE = 100
"""Rooms that are asked for at a time."""


class Counting(Protocol):
    """Hears how many talks there are so far."""

    count: int


@dataclass(frozen=True, slots=True)
class Programme:
    """The talks of a node.

    Attributes:
        talks: each with the name of its room; each event once, as `programme` says.
        refused: how many did not pass the checks.
    """

    talks: tuple[Told, ...]
    refused: int


async def read_programme(panda: Client, authors: Sequence[str], progress: Counting) -> Programme:
    """The programme, each talk of which was checked.

    Args:
        panda: asks the node.
        authors: whose talks are the programme, whose word counts most first; everybody's where none is named.
        progress: is told how far it is.

    Raises:
        ProgrammeTooLarge: there are more than `MAX_EVENTS`, or more than `MAX_SIZE` characters in them: what
            could not be imported again.
        CallFailed: the node does not answer.
    """
    panda.learn(SCHEMAS)
    found: list[Instance] = []
    refused = size = 0
    asked = panda.query(str(TALK.id), filter={"author": {"in": list(authors)}} if authors else {})
    async for page in asked.pages():
        found += page
        refused += len(page.rejected)
        progress.count = len(found)
        size += sum(map(_size, page))
        if len(found) + refused > MAX_EVENTS or size > MAX_SIZE:
            raise ProgrammeTooLarge(
                f"The node has more than {MAX_EVENTS:,} talks, or {MAX_SIZE:,} characters in them, and no "
                "festival has. --programme-of KEY takes those of one author."
            )
    stands = arrange(map(_said, found), authors)
    shown = [each for each in found if stands[each.id].behind is None]
    rooms = await _rooms(panda, shown)
    return Programme(tuple(_told(each, rooms) for each in shown), refused)


def _size(talk: Instance) -> int:
    """Characters of a talk."""
    return sum(len(str(value)) for value in talk.values.values())


def _said(talk: Instance) -> Said:
    guid, title, start = (str(talk.values.get(name, "")) for name in ("guid", "title", "start"))
    return Said(talk.id, talk.author, guid, title, start)


async def _rooms(panda: Client, talks: Sequence[Instance]) -> Mapping[str, object]:
    """The names of the rooms that talks lead to, by id."""
    ids = list(dict.fromkeys(str(talk.values["room"]) for talk in talks if "room" in talk.values))
    names: dict[str, object] = {}
    for start in range(0, len(ids), AT_ONCE):
        some = await panda.query(str(ROOM.id), filter={"id": {"in": ids[start : start + AT_ONCE]}}).all()
        names |= {each.id: each.values.get("name") for each in some}
    return names


def _told(talk: Instance, rooms: Mapping[str, object]) -> Told:
    values = dict(talk.values)
    return Told(talk.id, talk.seq_num, values | {"room": rooms.get(str(values.get("room")))})
