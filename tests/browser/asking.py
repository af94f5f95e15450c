"""Asking a node from CPython, with everything checked, and writing as somebody else."""

import asyncio
from collections.abc import Mapping
from typing import Any

from panda_festival.schemas import ROOM, TALK

from panda_web import Client, Instance, messages
from panda_web.keys.with_cryptography import CryptographySigner
from panda_web.messages import Message
from panda_web.messages.schema import Schema
from panda_web.rpc.connection import Connection
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.methods import PUBLISH_ENTRY, QUERY
from tests.authors import Author

TALKS, ROOMS = str(TALK.id), str(ROOM.id)


def instances_at(url: str, schema: str = TALKS) -> list[Instance]:
    """All instances that a node holds; each one verified down to the first entry of its log."""

    async def work() -> list[Instance]:
        async with Client(url) as panda:
            answer = await panda.query(schema).all()
        assert answer.rejected == ()
        assert all(instance.verified for instance in answer)
        return list(answer)

    return asyncio.run(work())


def values_of(instance: Instance) -> dict[str, Any]:
    """An instance's fields as JSON would carry them."""
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in instance.values.items()
    }


def talks_at(url: str) -> dict[str, dict[str, Any]]:
    """The talks that a node holds, by guid, with the names of their rooms; none twice. Some may have none."""
    rooms = {room.id: room["name"] for room in instances_at(url, ROOMS)}
    instances = instances_at(url)
    talks = [values_of(instance) for instance in instances]
    for talk in talks:
        if "room" in talk:
            talk["room"] = rooms[talk["room"]]
    found = {talk.get("guid", one.id): talk for talk, one in zip(talks, instances, strict=True)}
    assert len(found) == len(talks), "a talk is there twice"
    return found


def messages_of(url: str, instance: str) -> list[Message]:
    """The messages about an instance, in the order of its log."""

    async def work() -> Any:
        connection = Connection(HttpTransport(url))
        try:
            return await connection.call(QUERY, schema=TALKS, filter={"id": instance}, proof=True)
        finally:
            await connection.close()

    (found,) = asyncio.run(work())
    payloads = [entry["payloadBytes"] for entry in found["_entries"] if entry["payloadBytes"] is not None]
    return [messages.decode(bytes.fromhex(payload)) for payload in payloads]


def define_as_stranger(url: str, schema: Schema) -> str:
    """Another author defines a schema; gives its id."""

    async def work() -> str:
        async with Client(url, CryptographySigner.generate()) as panda:
            return str((await panda.define(schema)).id)

    return asyncio.run(work())


def write_as_stranger(
    url: str, *rows: Mapping[str, object], schema: str = TALKS, who: CryptographySigner | None = None
) -> list[str]:
    """Another author, a new one or this one, publishes talks, or instances of another schema; gives their ids."""

    async def work() -> list[str]:
        async with Client(url, who or CryptographySigner.generate()) as panda:
            return [written.id for written in await panda.create_many(schema, rows)]

    return asyncio.run(work())


def sign_as_stranger(url: str, *talks: Mapping[str, object]) -> list[str]:
    """The same for talks that our client would not sign."""
    author = Author()

    async def work() -> list[str]:
        connection = Connection(HttpTransport(url))
        try:
            ids = []
            for talk in talks:
                signed, payload = author.create(TALKS, **talk)
                await connection.call(
                    PUBLISH_ENTRY, entryEncoded=signed.encoded.hex(), messageEncoded=payload.hex()
                )
                ids.append(signed.hash.hex())
            return ids
        finally:
            await connection.close()

    return asyncio.run(work())
