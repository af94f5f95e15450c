"""An author's own rooms, by their names; published where there are none.

Talks of an author lead to rooms of the same author: nobody else can rename the place of a talk. Two spellings
in Unicode of one name are one room, which is called as it was written first.
"""

from collections.abc import Iterable
from contextlib import suppress

from panda_festival.comparing import nfc
from panda_festival.own import own_instances
from panda_festival.schemas import ROOM
from panda_web.client import Client
from panda_web.errors import PandaError

SCHEMA = str(ROOM.id)
AT_ONCE = 100
"""Rooms that are signed and sent at a time."""


async def own_rooms(panda: Client) -> dict[str, str]:
    """Ids to names, of the author's own rooms. Raises CallFailed."""
    rooms = (await own_instances(panda, ROOM)).there
    return {each: str(fields["name"].value) for each, fields in rooms.items() if "name" in fields}


async def room_named(panda: Client, name: str) -> str:
    """The id of the author's own room of this name. One that is signed already is brought to the node.

    Raises:
        InvalidFields: a name that no room can have; nothing was signed.
        CallFailed: at the first use, when the node must be asked: with a key of which there may be copies.
    """
    panda.learn([ROOM])
    async with panda.alone("rooms"):  # two tabs do not both find a room missing
        found = _by_name(await own_rooms(panda)).get(nfc(name))
        if found is None:
            return (await panda.create(SCHEMA, {"name": name})).id
    with suppress(PandaError):  # then it stays pending
        await panda.flush(SCHEMA)
    return found


async def rooms_named(panda: Client, names: Iterable[str]) -> dict[str, str]:
    """Name to id, of these rooms.

    Raises:
        NodeUnreachable and others: what was signed is kept and sent later; no more is signed.
    """
    panda.learn([ROOM])
    asked = list(names)
    async with panda.alone("rooms"):
        rooms = _by_name(await own_rooms(panda))
        missing = {nfc(name): name for name in reversed(asked) if nfc(name) not in rooms}
        spelled = list(reversed(missing.values()))
        for start in range(0, len(spelled), AT_ONCE):
            part = spelled[start : start + AT_ONCE]
            written = await panda.create_many(SCHEMA, [{"name": name} for name in part])
            if written[-1].error is not None:
                raise written[-1].error
            rooms |= {nfc(name): one.id for name, one in zip(part, written, strict=True)}
    return {name: rooms[nfc(name)] for name in asked}


def _by_name(rooms: dict[str, str]) -> dict[str, str]:
    return {nfc(name): each for each, name in rooms.items()}
