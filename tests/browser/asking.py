"""Asking a node from CPython, with everything checked, and writing as somebody else."""

import asyncio
from collections.abc import Mapping
from typing import Any

from panda_web import Client, Instance, messages
from panda_web.keys.with_cryptography import CryptographySigner
from panda_web.messages import Message
from panda_web.rpc.connection import Connection
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.methods import QUERY
from panda_web.schedule import TALK_SCHEMA


def instances_at(url: str, schema: str = TALK_SCHEMA) -> list[Instance]:
    """All instances that a node holds; each one verified down to the first entry of its log."""

    async def work() -> list[Instance]:
        async with Client(url) as panda:
            answer = await panda.query_all(schema)
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
    """The talks that a node holds, by guid; none twice."""
    talks = [values_of(instance) for instance in instances_at(url)]
    found = {talk["guid"]: talk for talk in talks}
    assert len(found) == len(talks), "a talk is there twice"
    return found


def messages_of(url: str, instance: str) -> list[Message]:
    """The messages about an instance, in the order of its log."""

    async def work() -> Any:
        connection = Connection(HttpTransport(url))
        try:
            return await connection.call(QUERY, schema=TALK_SCHEMA, filter={"id": instance}, proof=True)
        finally:
            await connection.close()

    (found,) = asyncio.run(work())
    payloads = [entry["payloadBytes"] for entry in found["_entries"] if entry["payloadBytes"] is not None]
    return [messages.decode(bytes.fromhex(payload)) for payload in payloads]


def write_as_stranger(url: str, *talks: Mapping[str, object]) -> list[str]:
    """Another author publishes talks; gives their ids."""

    async def work() -> list[str]:
        async with Client(url, CryptographySigner.generate()) as panda:
            return [written.id for written in await panda.create_many(TALK_SCHEMA, talks)]

    return asyncio.run(work())
