"""The contract of channels, for those that CPython has."""

import asyncio
from typing import Any

import pytest

from panda_web.rpc.channel import pair
from panda_web.rpc.reopening import in_process
from tests.contracts import channels


@pytest.mark.parametrize("check", channels.CHANNELS, ids=lambda check: check.__name__)
def test_in_process(check: Any) -> None:
    async def run() -> None:
        await check(pair())

    asyncio.run(run())


def test_in_process_sending_waits_where_nobody_reads() -> None:
    async def run() -> None:
        await channels.waits_where_nobody_reads(pair())

    asyncio.run(run())


@pytest.mark.parametrize("check", channels.SESSIONS, ids=lambda check: check.__name__)
def test_sessions_in_process(check: Any) -> None:
    async def run() -> None:
        async with channels.session_on(pair()) as (session, own):
            await check(session, own)

    asyncio.run(run())


@pytest.mark.parametrize("check", channels.CALLS, ids=lambda check: check.__name__)
def test_calls_in_process(check: Any) -> None:
    async def run() -> None:
        peer = in_process(channels.Served().dispatcher())
        await check(peer)
        await peer.close()

    asyncio.run(run())
