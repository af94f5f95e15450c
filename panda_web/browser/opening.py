"""Composing a client in the browser: which key, which storage, which lock, which node."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from panda_web.browser import pure, webcrypto
from panda_web.browser.fetch import FetchTransport
from panda_web.browser.indexeddb import IndexedDb, IndexedDbStore, StorageFull, StorageRefused
from panda_web.browser.keyring import Copy, Keyring
from panda_web.browser.locks import platform_lock
from panda_web.browser.webcrypto import SignChain, VerifyMany, WebCryptoVerifier
from panda_web.client import Client
from panda_web.errors import PandaError, StoreFailed
from panda_web.keys import Signer, Verifier
from panda_web.keys.backup import BackupImpossible
from panda_web.rpc.transport import Transport


@dataclass(frozen=True, slots=True)
class Crypto:
    """What signs and verifies in this page.

    Attributes:
        sign_chain: of `web/worker/ed25519.js`.
        verifier: WebCrypto, guarded in browsers that disagree with the others; Python where there is none.
        available: whether this page has Ed25519 in WebCrypto.
    """

    sign_chain: SignChain
    verifier: Verifier
    available: bool

    @classmethod
    async def find(cls, sign_chain: SignChain, verify_many: VerifyMany) -> Self:
        """The best that this page has. Raises ArithmeticMissing."""
        if not await webcrypto.available():
            return cls(sign_chain, pure.verifier(), available=False)
        verifier = WebCryptoVerifier(verify_many)
        agrees = await webcrypto.agrees(verifier)
        return cls(sign_chain, verifier if agrees else pure.guarded(verifier), available=True)


class Site:
    """This site's client, and what it is made of.

    Attributes:
        client: for the site's key, or for reading only.
        refusal: why it can only read; None where it can write.
    """

    def __init__(self, transport: Transport, name: str, crypto: Crypto) -> None:
        self._transport = transport
        self._name = name
        self._crypto = crypto
        self._database: IndexedDb | None = None
        self._keyring: Keyring | None = None
        self._earlier: list[Client] = []
        self.refusal: PandaError | None = None
        self.client = Client(transport, verifier=crypto.verifier, name=name)

    async def open(self) -> None:
        """Opens the storage and finds or makes the key. Raises KeyUnusable.

        Where the browser refuses storage, or has no room for a key, the client can only read.
        """
        try:
            database = await IndexedDb.open()
            keyring = Keyring(database, self._crypto.sign_chain, self._crypto.available)
            signer = await keyring.signer()
        except (StorageRefused, StorageFull) as refusal:
            self.refusal = refusal
            return
        self._database, self._keyring = database, keyring
        self.client = self._client(signer, database)
        if self._keyring.made_now:
            with suppress(StoreFailed):  # then the node is asked before the first write
                await self.client.key_made()
        self._earlier = [self._client(signer, self._database) for signer in await self._keyring.earlier()]

    def _client(self, signer: Signer, database: IndexedDb) -> Client:
        store = IndexedDbStore(database)
        client = Client(
            self._transport,
            signer,
            store=store,
            verifier=self._crypto.verifier,
            lock=platform_lock(store),
            name=self._name,
        )
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
        if self._database is not None:
            client = self._client(signer, self._database)
            await client.key_restored()  # before the key is in use: the tab may end here
            await keyring.use(record)
            earlier = (*self._earlier, self.client)
            self._earlier = [each for each in earlier if each.author != client.author]
            self.client = client

    async def pending(self) -> int:
        """How many signed entries the node has not acknowledged, those of keys that were replaced too."""
        return sum([await client.pending() for client in (self.client, *self._earlier)])

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


async def open_site(node: str, sign_chain: SignChain, verify_many: VerifyMany) -> Site:
    """The client for this site and a node. Where the browser refuses storage, it can only read.

    Raises:
        NodeAddressWrong, InsecureNode: the address cannot be one.
        KeyUnusable: the browser makes no key.
    """
    transport = FetchTransport(node)
    site = Site(transport, transport.url, await Crypto.find(sign_chain, verify_many))
    await site.open()
    return site
