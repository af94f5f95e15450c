"""Composes what one worker has: storage, cryptography, clients and a node are opened once, for all pages.

A connection of a page is a session on it (`connect`, `browser.page`). What hangs on the key alone, and on
what a reader decides about it, is in `browser.opening`.
"""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import js
from pyodide.ffi import create_proxy

from panda_web.browser.crypto import Crypto
from panda_web.browser.extension import Extension
from panda_web.browser.fetch import FetchTransport
from panda_web.browser.indexeddb import IndexedDb, IndexedDbStore
from panda_web.browser.locks import platform_lock
from panda_web.browser.opening import Site
from panda_web.browser.page import Page
from panda_web.browser.port import PortChannel
from panda_web.browser.webcrypto import SignChain, VerifyMany
from panda_web.browser.websocket import sessions
from panda_web.client import Client
from panda_web.errors import StoreFailed
from panda_web.keys import Signer
from panda_web.rpc.session import Bounds, Session

if TYPE_CHECKING:  # a tab that keeps no node has no use for it
    from panda_web.browser.disk import OpenDisk
    from panda_web.browser.local import LocalNode

logger = logging.getLogger(__name__)

OF_A_PAGE = Bounds(message=64 << 20, calls=10_000)
"""A page takes nobody's time but its visitor's. The text of a file comes in one message, and a website may
make all its calls at once."""


class Host:
    """What the connections of all pages share.

    Args:
        sign_chain, verify_many: the functions of `web/worker/ed25519.js`.
        extensions: what applications add, for the connections that come.
        opens: where the node's database is, of `web/worker/disk/disk.js`; None where nothing is kept.
    """

    def __init__(
        self,
        sign_chain: SignChain,
        verify_many: VerifyMany,
        extensions: Sequence[Extension] = (),
        opens: "OpenDisk | None" = None,
    ) -> None:
        self.extensions = extensions
        self._functions = sign_chain, verify_many
        self._opens = opens
        self._opening = asyncio.Lock()
        self._opening_local = asyncio.Lock()
        self._crypto: Crypto | None = None
        self._database: IndexedDb | None = None
        self._local: LocalNode | None = None
        self._sessions: set[asyncio.Task[None]] = set()
        # As long as a connection has use for them: by node and author.
        self._clients: WeakValueDictionary[tuple[str, str | None], Client] = WeakValueDictionary()
        js.addEventListener("online", create_proxy(self._online))

    def connect(self, port: Any) -> Session:
        """Answers what comes through a MessagePort, until either end closes it."""
        page = Page(self)
        session = Session(PortChannel(port), page.dispatcher(), bounds=OF_A_PAGE)
        serving = asyncio.ensure_future(self._serve(session.start(), page))
        self._sessions.add(serving)
        serving.add_done_callback(self._left)
        return session

    def _online(self, _: Any) -> None:
        """There is a network again: nodes may be within reach."""
        for client in list(self._clients.values()):
            client.hurry()

    async def _serve(self, session: asyncio.Task[None], page: Page) -> None:
        try:
            await session
        finally:
            await page.close()

    def _left(self, session: asyncio.Task[None]) -> None:
        self._sessions.discard(session)
        if not session.cancelled() and session.exception() is not None:
            logger.error("a connection failed", exc_info=session.exception())

    async def site(self, node: str) -> Site:
        """This site's key, with clients for a node. Where the browser refuses storage, it can only read.

        Raises:
            NodeAddressWrong, InsecureNode: the address cannot be one.
            KeyUnusable: the browser makes no key.
        """
        transport = FetchTransport(node)
        crypto = await self.crypto()
        site = Site(crypto, partial(self._client, transport, crypto))
        try:
            await site.open(self.database)
        except StoreFailed:
            self._database = None  # whoever comes next tries it anew
            raise
        return site

    async def crypto(self) -> Crypto:
        """What signs and verifies here. Raises ArithmeticMissing."""
        async with self._opening:
            if self._crypto is None:
                self._crypto = await Crypto.find(*self._functions)
            return self._crypto

    async def database(self) -> IndexedDb:
        """This site's storage. Raises StorageRefused, StorageFull."""
        async with self._opening:
            if self._database is None:
                self._database = await IndexedDb.open()
            return self._database

    async def local(self) -> "LocalNode":
        """The node of this site, in this worker, which is opened once: when no other worker has its database.

        Raises:
            StoreFailed: as `open_disk` says, or the database cannot be opened.
        """
        from panda_web.browser.disk import open_disk
        from panda_web.browser.local import NAME, LocalNode

        crypto = await self.crypto()
        async with self._opening_local:
            if self._local is None:
                disk = await open_disk(self._opens, NAME)
                try:
                    self._local = LocalNode(disk, crypto.verifier)
                except BaseException:
                    await disk.close()
                    raise
            return self._local

    def _client(self, transport: FetchTransport, crypto: Crypto, signer: Signer | None) -> Client:
        """The client of an author for a node; that of nobody reads."""
        place = transport.url, signer.author.hex() if signer is not None else None
        found = self._clients.get(place)
        if found is not None:
            return found
        store = IndexedDbStore(self._database) if signer is not None and self._database is not None else None
        client = self._clients[place] = Client(
            transport,
            signer,
            store=store,
            verifier=crypto.verifier,
            lock=platform_lock(store) if store is not None else None,
            name=transport.url,
            sessions=sessions(transport),
        )
        return client
