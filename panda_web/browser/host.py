"""Composes what one worker has: storage, cryptography, clients and a node are opened once, for all pages.

A connection of a page is a session on it (`connect`, `browser.page`). What hangs on the key alone, and on
what a reader decides about it, is in `browser.opening`.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
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
from panda_web.browser.opening import Author, Site
from panda_web.browser.page import Page
from panda_web.browser.port import PortChannel
from panda_web.browser.reach import Reach
from panda_web.browser.storage import storage
from panda_web.browser.webcrypto import SignChain, VerifyMany
from panda_web.browser.websocket import sessions
from panda_web.client import Client
from panda_web.client.store import ClientStore, MemoryStore
from panda_web.errors import PandaError, StoreFailed
from panda_web.keys import Signer
from panda_web.rpc.connection import Way
from panda_web.rpc.reopening import Reopening
from panda_web.rpc.session import Bounds, Session
from panda_web.rpc.wish import EVERYTHING, Wish

if TYPE_CHECKING:  # a tab that keeps no node has no use for it
    from panda_web.browser import shapes
    from panda_web.browser.disk import Disk, OpenDisk
    from panda_web.browser.home import Home
    from panda_web.browser.local import LocalNode
    from panda_web.browser.serving import SharedNode
    from panda_web.browser.shapes import Mode
    from panda_web.sync import Source

logger = logging.getLogger(__name__)

OF_A_PAGE = Bounds(message=64 << 20, calls=10_000)
"""A page takes nobody's time but its visitor's. The text of a file comes in one message, and a website may
make all its calls at once."""

TAKING_IN_SECONDS = 5.0
"""For which a page waits at its start, where what was written before is not in the site's own node yet: as
after a visit that asked its node alone. The rest comes while it is open."""


class WishUnused(PandaError):
    """What is wished was said for a page that keeps nothing."""

    reason = "wish-unused"


class PeersUnused(PandaError):
    """Peers were named for a page that works without the site's own node."""

    reason = "peers-unused"


@dataclass(frozen=True, slots=True)
class Own:
    """The site's own node, and what clients call it."""

    home: "Home"
    name: str


@dataclass(frozen=True, slots=True)
class Gathering:
    """Brings to a node what peers have of an author's logs."""

    author: bytes
    peers: tuple[str, ...]
    node: FetchTransport

    async def __call__(self) -> Mapping[str, PandaError]:
        """Before anything is signed with a key that was restored. Of those that could not be asked, why."""
        from panda_web.sync.gathering import gather

        return await gather(self.author, {each: FetchTransport(each) for each in self.peers}, self.node)


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
        self._finding = asyncio.Lock()
        self._opening = asyncio.Lock()
        self._opening_home = asyncio.Lock()
        self._crypto: Crypto | None = None
        self._database: IndexedDb | None = None
        self._home: Home | None = None
        self._disk: Disk | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        # As long as a connection has use for them: by node and author, and by the node beyond.
        self._clients: WeakValueDictionary[tuple[str, str | None, str | None, tuple[str, ...]], Client] = (
            WeakValueDictionary()
        )
        js.addEventListener("online", create_proxy(self._online))

    def connect(self, port: Any) -> Session:
        """Answers what comes through a MessagePort, until either end closes it."""
        if self._crypto is None:
            self._begin(self._prepare(), "what each page needs could not be had")
        page = Page(self)
        session = Session(PortChannel(port), page.dispatcher(), bounds=OF_A_PAGE)
        self._begin(self._serve(session.start(), page), "a connection failed")
        return session

    def _online(self, _: Any) -> None:
        """There is a network again: nodes may be within reach."""
        for client in list(self._clients.values()):
            client.hurry()
        if self._home is not None:
            self._home.hurry()

    async def _prepare(self) -> None:
        """Has the browser look for what each page needs, side by side, while its first message is read.

        What fails is tried again, and told, where a page asks for it.
        """
        await asyncio.gather(self.crypto(), self.database(), return_exceptions=True)

    async def _serve(self, session: asyncio.Task[None], page: Page) -> None:
        try:
            await session
        finally:
            await page.close()

    def _begin(self, work: Coroutine[Any, Any, None], failure: str) -> "asyncio.Task[None]":
        def over(task: "asyncio.Task[None]") -> None:
            self._tasks.discard(task)
            if not task.cancelled() and task.exception() is not None:
                logger.error(failure, exc_info=task.exception())

        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(over)
        return task

    async def site(
        self, node: str, mode: "Mode" = "remote", peers: Sequence[str] = (), wish: Wish = EVERYTHING
    ) -> Site:
        """This site's key, with clients for a node. Where the browser refuses storage, it can only read.

        Args:
            node: its address; it plays no part where none is asked.
            mode: how it is worked with.
            peers: the addresses of other nodes, which are kept alike with the site's own.
            wish: how much of what is read is brought to the site's own.

        Raises:
            WishUnused: nothing is brought there.
            PeersUnused: there is none of the site's own that is kept alike with others.
            NodeAddressWrong, InsecureNode: the address cannot be one.
            KeyUnusable: the browser makes no key.
            StoreFailed: the site's own node, which is worked with, cannot be opened.
        """
        if peers and mode != "first":
            raise PeersUnused(
                "Peers are kept alike with the site's own node in the browser, and this page works without "
                "it: leave out `mode`, or leave out `peers`."
            )
        if wish != EVERYTHING and mode != "first":
            raise WishUnused(
                "A wish is about what is brought to the site's own node in the browser, and for this page "
                "nothing is: leave out `mode`, or leave out `wish`."
            )
        transport = FetchTransport(node) if mode != "local" else None
        nodes = dict.fromkeys(
            each.url for each in (transport, *map(FetchTransport, peers)) if each is not None
        )
        crypto = await self.crypto()
        home = await self.home() if mode != "remote" else None
        own = Own(home, await home.name()) if home is not None else None  # before a key is made
        authors = partial(self._author, crypto, transport, own, [*nodes][1:])
        reach = Reach([*nodes][1:], FetchTransport, home)
        site = Site(crypto, authors, mode, [*nodes], home, reach, wish)
        try:
            await site.open(self.database)
        except StoreFailed:
            self._database = None  # whoever comes next tries it anew
            raise
        if home is not None:
            failure = "what was written here before is not in the site's own node"
            await asyncio.wait([self._begin(site.take_in(), failure)], timeout=TAKING_IN_SECONDS)
        return site

    async def home(self) -> "Home":
        """The site's own node, be it in this worker or in that of another tab."""
        from panda_web.browser.home import Home
        from panda_web.browser.local import NAME
        from panda_web.browser.owning import Owning

        async with self._opening_home:
            if self._home is None:
                lock = platform_lock(await self._lock_store())
                self._home = Home(Owning(NAME, lock, self._shared).sessions)
            return self._home

    async def _lock_store(self) -> ClientStore:
        try:
            return IndexedDbStore(await self.database())
        except StoreFailed:
            return MemoryStore()

    async def _shared(self) -> "SharedNode":
        from panda_web.browser.serving import SharedNode
        from panda_web.sync import Platform

        definitions = [each for extension in self.extensions for each in extension.definitions()]
        platform = Platform(asyncio.sleep, time.time)
        return SharedNode(await self.local(), _source, platform, definitions)

    async def crypto(self) -> Crypto:
        """What signs and verifies here. Raises ArithmeticMissing."""
        async with self._finding:
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
        """A node on this site's database, in this worker: when no other one has it.

        Raises:
            StoreFailed: as `open_disk` says, or the database cannot be opened.
        """
        from panda_web.browser.disk import open_disk
        from panda_web.browser.local import NAME, LocalNode

        crypto = await self.crypto()
        self._disk = disk = await open_disk(self._opens, NAME)
        try:
            return LocalNode(disk, crypto.verifier)
        except BaseException:
            await disk.close()
            raise

    async def storage(self) -> "shapes.Storage":
        """How the browser keeps what is here."""
        return await storage(self._disk)

    def _author(
        self,
        crypto: Crypto,
        transport: FetchTransport | None,
        own: "Own | None",
        peers: Sequence[str],
        signer: Signer | None,
    ) -> Author:
        """The clients of an author: for a node, for the site's own, or for both."""
        client = sends = gather = None
        if transport is not None:
            if signer is not None:
                gather = Gathering(signer.author, tuple(peers), transport)
            client = sends = self._client(
                crypto, signer, transport.url, transport, partial(sessions, transport), gather=gather
            )
        if own is not None:
            client = self._client(
                crypto, signer, own.name, own.home.way, own.home.sessions, sends, gather=gather
            )
        if client is None:
            raise ValueError("neither a node is worked with, nor one of the site's own")
        return Author(client, sends, gather)

    def _client(
        self,
        crypto: Crypto,
        signer: Signer | None,
        name: str,
        way: Way,
        sessions: Callable[[], Reopening],
        beyond: Client | None = None,
        *,
        gather: Gathering | None = None,
    ) -> Client:
        """The client of an author for a node, perhaps with another one beyond; that of nobody reads."""
        author = signer.author.hex() if signer is not None else None
        peers = gather.peers if gather is not None else ()
        place = name, author, beyond.node if beyond is not None else None, peers
        found = self._clients.get(place)
        if found is not None:
            return found
        store = IndexedDbStore(self._database) if signer is not None and self._database is not None else None
        client = self._clients[place] = Client(
            way,
            signer,
            store=store,
            verifier=crypto.verifier,
            lock=platform_lock(store) if store is not None else None,
            name=name,
            sessions=sessions(),
            beyond=beyond,
            gather=gather,
        )
        return client


def _source(node: str) -> "Source":
    """A node that the site's own is filled from."""
    from panda_web.sync import Source

    transport = FetchTransport(node)
    return Source(transport.url, transport, sessions(transport))
