"""A node that lies to who follows: nothing is shown that is not signed, and nothing grows."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import pytest

from panda_web.client import Client
from panda_web.client.collecting import Changed
from panda_web.client.store import MemoryStore
from panda_web.keys.with_cryptography import CryptographySigner, CryptographyVerifier
from panda_web.node import Node, Store
from panda_web.rpc import jsonrpc
from panda_web.rpc.channel import Channel
from panda_web.rpc.inbox import MOST_WAITING, Inbox
from panda_web.rpc.reopening import Reopening
from panda_web.rpc.session import Session
from panda_web.rpc.subscriptions import ToldChange
from panda_web.rpc.within import in_process, pair
from tests.defining import loose

Twist = Callable[[Any], Any]
"""Changes what a node tells: the params of `panda_changed`."""


def flipped(told: Any) -> Any:
    for each in told["changes"]:
        if each["instance"]:
            each["instance"]["n"] = 99
    return told


def proofless(told: Any) -> Any:
    for each in told["changes"]:
        if each["instance"]:
            del each["instance"]["_entries"]
    return told


def renamed(told: Any) -> Any:
    for each in told["changes"]:
        each["instance"] = each["instance"] and {**each["instance"], "id": "0040" + "ab" * 64}
    return told


def garbled(told: Any) -> Any:
    return {**told, "changes": [{"id": 7}, *told["changes"]]}


def of_others(told: Any) -> Any:
    return {**told, "subscription": "another"}


def lying(node: Node, twist: Twist) -> Reopening:
    """A way to a node of which what it tells is twisted."""

    async def reach() -> Channel:
        here, there = pair()
        send = there.send

        async def say(message: bytes) -> None:
            value = jsonrpc.loads(message)
            if isinstance(value, dict) and value.get("method") == "panda_changed":
                value["params"] = twist(value["params"])
                message = jsonrpc.dumps(value)
            await send(message)

        there.send = say  # type: ignore[method-assign]
        Session(there, node.dispatcher()).start()
        return here

    return Reopening(reach)


async def first(told: AsyncGenerator[Changed, None]) -> Changed:
    async with asyncio.timeout(20):
        return await anext(told)


def followed(twist: Twist, work: Callable[[Client, str, AsyncGenerator[Changed, None]], Any]) -> None:
    async def all_of_it() -> None:
        node = Node(Store(), CryptographyVerifier(), version="0")
        signer = CryptographySigner(bytes(32))
        async with (
            Client(in_process(node.dispatcher()), signer, store=MemoryStore()) as author,
            Client(lying(node, twist)) as panda,
        ):
            schema = str((await author.define(loose(n="integer"))).id)
            async with aclosing(panda.subscribe(schema)) as told:
                assert (await first(told)).instances == ()
                await work(author, schema, told)

    asyncio.run(all_of_it())


@pytest.mark.parametrize(
    ("twist", "reason"),
    [(flipped, "proof-mismatch"), (proofless, "proof-incomplete"), (renamed, "proof-incomplete")],
)
def test_what_is_not_proven_is_not_shown(twist: Twist, reason: str) -> None:
    async def work(author: Client, schema: str, told: AsyncGenerator[Changed, None]) -> None:
        await author.create(schema, {"n": 1})
        changed = await first(told)
        assert (changed.changes, changed.instances) == ((), ())
        assert [each.error.reason for each in changed.rejected] == [reason]

    followed(twist, work)


@pytest.mark.parametrize("twist", [garbled, of_others])
def test_what_is_no_notification_is_passed_over(twist: Twist) -> None:
    async def work(author: Client, schema: str, told: AsyncGenerator[Changed, None]) -> None:
        await author.create(schema, {"n": 1})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await anext(told)

    followed(twist, work)


def test_an_end_that_nobody_signed_is_the_nodes_word() -> None:
    ended: list[Any] = []

    def unsigned(told: Any) -> Any:
        for each in told["changes"]:
            if each["instance"] is None and ended:
                each["_entries"] = ended
            elif each["instance"] is None:
                ended.extend(each["_entries"])
        return told

    async def work(author: Client, schema: str, told: AsyncGenerator[Changed, None]) -> None:
        for kind in ("deleted", "gone"):  # the second time with the entry that ends the first one
            made = await author.create(schema, {"n": 1})
            assert [each.kind for each in (await first(told)).changes] == ["added"]
            await author.delete(schema, made.id)
            assert [each.kind for each in (await first(told)).changes] == [kind]

    followed(unsigned, work)


def test_who_does_not_take_what_is_told_keeps_a_bounded_part_of_it() -> None:
    inbox = Inbox()
    for number in range(2 * MOST_WAITING):
        inbox.put([ToldChange(f"{number:0132x}", {"n": number}, [])], "c", reset=False)
    assert inbox.reset
    assert len(inbox.changes) <= MOST_WAITING
    large = Inbox()
    for number in range(40):
        large.put([ToldChange(f"{number:0132x}", {"text": "x" * (1 << 20)}, [])], "c", reset=False)
    assert large.reset
    assert len(large.changes) <= 16
