"""What an author has published before, by a field that is unique among it."""

from collections.abc import Iterable

from panda_web.client import Client
from panda_web.festival.schemas import ROOM
from panda_web.messages.schema import Schema
from panda_web.rpc.errors import CallFailed

AT_ONCE = 100
"""Rooms that are signed and sent at a time."""


async def room_named(panda: Client, name: str) -> str:
    """The id of the author's own room of this name, which is published if there is none.

    Talks of an author lead to rooms of the same author: nobody else can rename the place of a talk.

    Raises:
        InvalidFields: a name that no room can have; nothing was signed.
        CallFailed: at the first use, when the node must be asked.
    """
    return (await rooms_named(panda, [name]))[name]


async def rooms_named(panda: Client, names: Iterable[str]) -> dict[str, str]:
    """Name to id, of these rooms and of all others that the author has. See `room_named`."""
    panda.learn([ROOM])
    schema = str(ROOM.id)
    async with panda.alone("rooms"):  # two tabs do not both find a room missing
        rooms = await own_by(panda, ROOM, "name")
        missing = [name for name in dict.fromkeys(names) if name not in rooms]
        for start in range(0, len(missing), AT_ONCE):
            part = missing[start : start + AT_ONCE]
            written = await panda.create_many(schema, [{"name": name} for name in part])
            rooms |= {name: one.id for name, one in zip(part, written, strict=True)}
    return rooms


async def own_by(panda: Client, schema: Schema, field: str) -> dict[str, str]:
    """A field's value to the id, of the author's own instances: those signed here, and those at the node.

    Raises:
        CallFailed: the node does not answer, and may know of some that were not signed here.
    """
    schema_id = str(schema.id)
    own = await panda.own(schema_id)
    found = {str(fields[field].value): each for each, fields in own.items() if field in fields}
    try:
        answer = await panda.query_all(schema_id, filter={"author": panda.author})
    except CallFailed:
        if not await panda.is_complete(schema_id):
            raise
        return found
    return found | {str(each[field]): each.id for each in answer if field in each.fields}
