"""An author's own rooms, by their names; published where there are none.

Talks of an author lead to rooms of the same author: nobody else can rename the place of a talk.
"""

from collections.abc import Iterable
from contextlib import suppress

from panda_web.client import Client
from panda_web.errors import PandaError
from panda_web.festival.own import own_by
from panda_web.festival.schemas import ROOM

SCHEMA = str(ROOM.id)
AT_ONCE = 100
"""Rooms that are signed and sent at a time."""


async def room_named(panda: Client, name: str) -> str:
    """The id of the author's own room of this name. One that is signed already is brought to the node.

    Raises:
        InvalidFields: a name that no room can have; nothing was signed.
        CallFailed: at the first use, when the node must be asked: with a key of which there may be copies.
    """
    panda.learn([ROOM])
    async with panda.alone("rooms"):  # two tabs do not both find a room missing
        found = (await own_by(panda, ROOM, "name")).get(name)
        if found is None:
            return (await panda.create(SCHEMA, {"name": name})).id
    with suppress(PandaError):  # then it stays pending
        await panda.flush(SCHEMA)
    return found


async def rooms_named(panda: Client, names: Iterable[str]) -> dict[str, str]:
    """Name to id, of these rooms and of all others that the author has.

    Raises:
        NodeUnreachable and others: what was signed is kept and sent later; no more is signed.
    """
    panda.learn([ROOM])
    async with panda.alone("rooms"):
        rooms = await own_by(panda, ROOM, "name")
        missing = [name for name in dict.fromkeys(names) if name not in rooms]
        for start in range(0, len(missing), AT_ONCE):
            part = missing[start : start + AT_ONCE]
            written = await panda.create_many(SCHEMA, [{"name": name} for name in part])
            if written[-1].error is not None:
                raise written[-1].error
            rooms |= {name: one.id for name, one in zip(part, written, strict=True)}
    return rooms
