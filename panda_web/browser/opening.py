"""The life of a site's key: found or made, copied, replaced by that of a backup; and who writes with it."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias

from panda_web.browser.crypto import Crypto
from panda_web.browser.indexeddb import IndexedDb, StorageFull, StorageRefused
from panda_web.browser.keyring import Copy, Keyring
from panda_web.client import Client
from panda_web.errors import PandaError, StoreFailed
from panda_web.keys import Signer
from panda_web.keys.backup import BackupImpossible

Clients: TypeAlias = Callable[[Signer | None], Client]
"""Gives the client of an author; that of nobody reads."""


class Site:
    """This site's client and its key.

    Args:
        crypto: what signs here.
        clients: for the node that is worked with.

    Attributes:
        client: for the site's key, or for reading only.
        refusal: why it can only read; None where it can write.
    """

    def __init__(self, crypto: Crypto, clients: Clients) -> None:
        self._crypto = crypto
        self._clients = clients
        self._keyring: Keyring | None = None
        self._earlier: list[Client] = []
        self.refusal: PandaError | None = None
        self.client = clients(None)

    async def open(self, storage: Callable[[], Awaitable[IndexedDb]]) -> None:
        """Opens the storage and finds or makes the key. Raises KeyUnusable.

        Where the browser refuses storage, or has no room for a key, the client can only read.
        """
        try:
            keyring = Keyring(await storage(), self._crypto.sign_chain, self._crypto.available)
            signer = await keyring.signer()
        except (StorageRefused, StorageFull) as refusal:
            self.refusal = refusal
            return
        self._keyring = keyring
        self.client = self._client(signer)
        if keyring.made_now:
            with suppress(StoreFailed):  # then the node is asked before the first write
                await self.client.key_made()
        self._earlier = [self._client(signer) for signer in await keyring.earlier()]

    def _client(self, signer: Signer) -> Client:
        client = self._clients(signer)
        client.learn(self.client.known_schemas.values())
        return client

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
        client = self._client(signer)
        await client.key_restored()  # before the key is in use: the tab may end here
        await keyring.use(record)
        earlier = (*self._earlier, self.client)
        self._earlier = [each for each in earlier if each.author != client.author]
        self.client = client

    async def pending(self) -> int:
        """How many signed entries the node has not acknowledged, those of keys that were replaced too."""
        return sum([await client.pending() for client in (self.client, *self._earlier)])

    async def flush_earlier(self) -> None:
        """Sends what was signed with keys that were replaced. Raises the first failure."""
        for client in self._earlier:
            await client.flush()

    async def flush(self) -> int:
        """Sends them; gives how many that were. Raises the first failure, when all were tried."""
        sent = 0
        failed: PandaError | None = None
        for client in (self.client, *self._earlier):
            try:
                sent += await client.flush()
            except PandaError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return sent
