"""The life of a site's key: found or made, copied, replaced by that of a backup; and who writes with it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from panda_web.browser.crypto import Crypto
from panda_web.browser.fetch import FetchTransport
from panda_web.browser.home import Home, Kept
from panda_web.browser.indexeddb import IndexedDb, StorageFull, StorageRefused
from panda_web.browser.keyring import Copy, Keyring
from panda_web.browser.reach import Reach
from panda_web.client import Client
from panda_web.errors import PandaError, StoreFailed
from panda_web.keys import Signer
from panda_web.keys.backup import BackupImpossible
from panda_web.rpc.connection import Connection
from panda_web.rpc.errors import ErrorFromNode, MethodNotFound
from panda_web.rpc.peers import GET_PEERS, KnownPeer
from panda_web.rpc.wish import EVERYTHING, MAX_WISHED, Wish

if TYPE_CHECKING:
    from panda_web.browser.forgetting import Forgotten
    from panda_web.browser.shapes import Here, Mode, OwnFork


class TrustUnused(PandaError):
    """A page that keeps nothing says whose votes about forked logs count."""

    reason = "trust-unused"

    def __init__(self) -> None:
        super().__init__(
            "This page asks its node for everything, and that node decides whose votes about forked logs "
            "count: leave out `mode`, or leave out `trusted`."
        )


class NothingHere(PandaError):
    """What was asked for is about what is kept in this browser, and nothing is."""

    reason = "nothing-here"


@dataclass(frozen=True, slots=True)
class Author:
    """One author's clients, or those of nobody, which read.

    Attributes:
        client: reads, and writes.
        sends: brings what is written to the node that others read: the same client where there is no node in
            between; None where nothing goes to others.
        gather: brings to that node what others hold of the author's logs, and says who could not be asked.
            Raises PandaError where that node cannot be. None where none is asked, and for nobody.
    """

    client: Client
    sends: Client | None
    gather: Callable[[], Awaitable[Mapping[str, PandaError]]] | None = None


Authors: TypeAlias = Callable[[Signer | None], Author]
"""Gives the clients of an author."""


class Site:
    """This site's clients and its key.

    Args:
        crypto: what signs here.
        authors: for the node that is worked with.
        mode: how it is worked with.
        nodes: its address, and then those of peers; none where no node is asked.
        home: the site's own node, which is filled from that one; None where none is in between.
        reach: asks how far own entries went.
        wish: how much of what is read is brought.

    Attributes:
        node: the node's address; empty where none is asked.
        nodes: the same, and then those of peers.
        reach: how far own entries went, beyond the node.
        refusal: why it can only read; None where it can write.
    """

    def __init__(
        self,
        crypto: Crypto,
        authors: Authors,
        mode: "Mode",
        nodes: Sequence[str],
        home: Home | None,
        reach: Reach,
        wish: Wish = EVERYTHING,
    ) -> None:
        self._crypto = crypto
        self._authors = authors
        self._home = home
        self._wish = wish
        self._keyring: Keyring | None = None
        self._storage: IndexedDb | None = None
        self._earlier: list[Author] = []
        self._author = authors(None)
        self.mode = mode
        self.reach = reach
        self.node = nodes[0] if nodes else ""
        self.nodes = nodes
        self.refusal: PandaError | None = None

    @property
    def client(self) -> Client:
        """For the site's key, or for reading only."""
        return self._author.client

    @property
    def sends(self) -> Client | None:
        """Brings what it writes to the node that others read; see `Author`."""
        return self._author.sends

    def kept(self, schema: str) -> Kept | None:
        """How much of a schema is here, and that it is kept up to date from now on; None where nothing is."""
        if self._home is None or not self.nodes:
            return None
        return self._home.kept(self.nodes, schema, self._wished())

    def _wished(self) -> Wish:
        """What is wished: with what was written here, and with the same key elsewhere."""
        if self._wish.authors is None:
            return self._wish
        own = frozenset(bytes.fromhex(each) for each in self.authors[:MAX_WISHED])
        return replace(self._wish, authors=self._wish.authors | own)

    async def forks(self, author: str, log_id: int) -> None:
        """Brings what proves forks of a log to the site's own node, where that has something of it."""
        if self._home is not None:
            await self._home.forks(self.nodes, author, log_id)

    async def trust(self, authors: Sequence[str] | None) -> Sequence[str]:
        """Counts the votes of some authors about forked logs here, and of the own keys in any case.

        Args:
            authors: their public keys; None for those that were named last.

        Returns:
            All whose votes count.

        Raises:
            TrustUnused: what is shown is what the node shows, by votes that it counts.
            StoreFailed, CallFailed: the site's own node cannot do it, and counts those of before.
        """
        if self._home is None:
            raise TrustUnused()
        return await self._home.trust(self.nodes, authors, self.authors)

    def standings(self, node: str) -> "list[Here]":
        """How each schema stands that is brought from a node."""
        return self._home.standings(node) if self._home is not None else []

    def meet(self) -> None:
        """Keeps the site's own node alike with peers from now on."""
        if self._home is not None:
            self._home.meet(self.nodes[1:], self._wished())

    async def told(self) -> None:
        """Returns once something of that stands otherwise."""
        if self._home is None:
            await asyncio.Event().wait()
        else:
            await self._home.told.wait()

    async def open(self, storage: Callable[[], Awaitable[IndexedDb]]) -> None:
        """Opens the storage and finds or makes the key. Raises KeyUnusable.

        Where the browser refuses storage, or has no room for a key, the client can only read.
        """
        try:
            self._storage = await storage()
            keyring = Keyring(self._storage, self._crypto.sign_chain, self._crypto.available)
            signer = await keyring.signer()
        except (StorageRefused, StorageFull) as refusal:
            self.refusal = refusal
            return
        self._keyring = keyring
        self._author = self._of(signer)
        if keyring.made_now:
            with suppress(StoreFailed):  # then the node is asked before the first write
                await self.client.key_made()
        self._earlier = [self._of(signer) for signer in keyring.earlier]

    def _of(self, signer: Signer) -> Author:
        author = self._authors(signer)
        author.client.learn(self.client.known_schemas.values())
        return author

    def writer(self) -> Client:
        """The client. Raises the refusal where it can only read."""
        if self.refusal is not None:
            raise self.refusal
        return self.client

    @property
    def can_back_up(self) -> bool:
        """Whether the key was made in this browser, and can still be copied."""
        return self._keyring is not None and self._keyring.can_back_up

    @property
    def copy(self) -> Copy | None:
        """What became of the offer to copy the key; None where nothing is known."""
        return self._keyring.copy if self._keyring is not None else None

    def keyring(self) -> Keyring:
        """The key's place. Raises the refusal where there is no storage."""
        if self._keyring is None:
            raise self.refusal or BackupImpossible("There is no key here.")
        return self._keyring

    async def back_up(self, passphrase: str) -> str:
        """The key under a passphrase. Raises BackupImpossible, PassphraseShort."""
        keyring = self.keyring()
        text = await keyring.back_up(passphrase)
        await self.client.key_copied()  # before the copy is handed out: the tab may end here
        await keyring.settle("saved")
        return text

    async def restore(self, text: str, passphrase: str) -> None:
        """Goes on with the key of a backup. Raises BackupMalformed, PassphraseWrong."""
        keyring = self.keyring()
        signer, record = await keyring.read(text, passphrase)
        author = self._of(signer)
        await author.client.key_restored()  # before the key is in use: the tab may end here
        await keyring.use(record)
        earlier = (*self._earlier, self._author)
        self._earlier = [each for each in earlier if each.client.author != author.client.author]
        self._author = author

    async def gather(self) -> Mapping[str, PandaError]:
        """Brings to the node what peers hold of the key's logs, such as what a copy of the key wrote there.

        Returns:
            Of the nodes that could not be asked, why: of all, where the node takes in nothing.
        """
        if self._author.gather is None:
            return {}
        try:
            return await self._author.gather()
        except PandaError as error:
            return dict.fromkeys(self.nodes, error)

    async def node_peers(self) -> Sequence[KnownPeer]:
        """Whom the page's node exchanges with, as far as it tells. Raises CallFailed."""
        if not self.node:
            return ()
        try:
            return await Connection(FetchTransport(self.node)).call(GET_PEERS)
        except ErrorFromNode as error:
            if error.node_code == MethodNotFound.code:
                return ()
            raise

    async def take_in(self) -> None:
        """Brings to the site's own node what it lacks of what was written here, such as before there was one.

        What it does not take waits for the next visit, as after a key was restored and nobody could be asked.
        """
        if self._home is not None:
            for author in (self._author, *self._earlier):
                with suppress(PandaError):
                    await author.client.flush()

    def home(self) -> Home:
        """The site's own node. Raises NothingHere."""
        if self._home is None:
            raise NothingHere("This page asks its node for everything, so nothing of it is kept here.")
        return self._home

    async def forget(self, *, unsent_too: bool) -> "Forgotten":
        """Removes all that this site keeps in this browser. Raises OwnUnsent, NothingHere, StoreFailed."""
        from panda_web.browser.forgetting import forget

        home = self.home()
        if self._storage is None:
            raise self.refusal or NothingHere("This browser keeps nothing of this site.")
        return await forget(self._storage, home.forget, unsent_too=unsent_too)

    async def pending(self) -> int:
        """How many signed entries the node has not acknowledged, those of keys that were replaced too."""
        return sum([await client.pending() for client in self._senders])

    @property
    def authors(self) -> list[str]:
        """Whose entries were written here: that of the key, and of keys that were replaced."""
        return [each for client in self._senders if (each := client.author) is not None]

    async def sent(self) -> Mapping[tuple[str, int], int]:
        """Of each own log, by author and log id, the seq num up to which the node has it."""
        found: dict[tuple[str, int], int] = {}
        for client in self._senders:
            found |= {
                (str(client.author), log): up_to for log, up_to in (await client.acknowledged()).items()
            }
        return found

    async def forked(self) -> "list[OwnFork]":
        """The own logs that are forked, those of keys that were replaced too."""
        return [
            {"author": str(each.client.author), "logId": log_id, "seqNum": position}
            for each in (self._author, *self._earlier)
            for log_id, position in await each.client.own_forks()
        ]

    async def notice(self) -> bool:
        """Looks for forks of own logs that the site's own node knows of; whether there is one that is new.

        What is known here goes to that node, too. Raises PandaError.
        """
        return await self.client.notice() if self.client.author is not None else False

    async def flush_earlier(self) -> None:
        """Sends what was signed with keys that were replaced. Raises the first failure."""
        for client in self._senders[1:]:
            await client.flush()

    async def flush(self) -> int:
        """Sends them; gives how many that were. Raises the first failure, when all were tried."""
        sent = 0
        failed: PandaError | None = None
        for client in self._senders:
            try:
                sent += await client.flush()
            except PandaError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return sent

    @property
    def _senders(self) -> list[Client]:
        return [each.sends for each in (self._author, *self._earlier) if each.sends is not None]
