"""A node that is filled, as a tab is, from one at which a log is forked: it comes to show the same."""

from contextlib import suppress

from panda_web.client import Client
from panda_web.client.errors import LogForked
from panda_web.client.store import MemoryStore
from panda_web.rpc.dispatch import Dispatcher
from panda_web.rpc.http import HttpTransport
from panda_web.rpc.websocket import over_websocket
from panda_web.rpc.within import in_process
from panda_web.sync import Source
from panda_web.sync.gathering import gather
from tests.server.serving import Served
from tests.sync.test_filling import programme, run, whole
from tests.sync.world import a_node, alike, author, here, view


def test_what_follows_a_fork_goes_and_what_is_deleted_behind_it_too() -> None:
    async def work(node: Served, dispatcher: Dispatcher) -> None:
        http, ws = f"http://127.0.0.1:{node.port}", f"ws://127.0.0.1:{node.port}"
        elsewhere, way = a_node().dispatcher(), HttpTransport(http)
        store = MemoryStore()
        async with (
            here() as there,
            author(http) as panda,
            Client(in_process(elsewhere), panda.signer, store=store, name="elsewhere") as copy,
            Client(http, panda.signer, store=store) as behind,
        ):
            room, talk, (_, first, *_) = await programme(panda, 3)
            assert panda.signer is not None
            source = Source("node", HttpTransport(http), over_websocket(ws))
            there.wants.ask("a page", source, talk)
            await there.until("node", talk, whole)
            other = in_process(elsewhere)
            assert await gather(panda.signer.author, {"node": way}, other) == {}
            await copy.create(talk, {"title": "on one branch"})
            shown = (await panda.create(talk, {"title": "on the other one"})).id
            await alike(dispatcher, there.dispatcher, talk, room)
            assert shown in await view(there.dispatcher, talk)
            with suppress(LogForked):
                await behind.flush()
            await alike(dispatcher, there.dispatcher, talk, room)
            assert shown not in await view(there.dispatcher, talk)
            await copy.delete(talk, first)
            await behind.flush()
            await alike(dispatcher, there.dispatcher, talk, room)
            assert first not in await view(there.dispatcher, talk)
            assert source.sessions is not None
            for each in (way, source.way, source.sessions, other):
                await each.close()

    run(work)
