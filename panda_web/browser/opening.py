"""Composing a client in the browser: which key, which storage, which lock, which node."""

import os
from dataclasses import dataclass
from typing import Any, Self

import js
from pyodide.ffi import to_js

from panda_web.browser import webcrypto
from panda_web.browser.fetch import FetchTransport
from panda_web.browser.indexeddb import IndexedDb, IndexedDbStore, StorageRefused, keep_key_record, key_record
from panda_web.browser.locks import platform_lock
from panda_web.browser.webcrypto import SignChain, VerifyMany, WebCryptoSigner, WebCryptoVerifier
from panda_web.client import Client
from panda_web.errors import PandaError
from panda_web.keys import KeyNotMade, Signer, Verifier
from panda_web.keys.guarded import GuardedVerifier
from panda_web.keys.with_pure25519 import PureSigner, PureVerifier


@dataclass(frozen=True, slots=True)
class Crypto:
    """What signs and verifies in this page.

    Attributes:
        sign_chain: of `web/ed25519.js`.
        verifier: WebCrypto, guarded in browsers that disagree with the others; Python where there is none.
        available: whether this page has Ed25519 in WebCrypto.
    """

    sign_chain: SignChain
    verifier: Verifier
    available: bool

    @classmethod
    async def find(cls, sign_chain: SignChain, verify_many: VerifyMany) -> Self:
        """The best that this page has, by the two functions of `web/ed25519.js`."""
        if not await webcrypto.available():
            return cls(sign_chain, PureVerifier(), available=False)
        verifier = WebCryptoVerifier(verify_many)
        agrees = await webcrypto.agrees(verifier)
        return cls(sign_chain, verifier if agrees else GuardedVerifier(verifier), available=True)


@dataclass(frozen=True, slots=True)
class Opened:
    """A client, and, where it can only read, why."""

    client: Client
    refusal: PandaError | None = None

    def writer(self) -> Client:
        """The client. Raises the refusal where it can only read."""
        if self.refusal is not None:
            raise self.refusal
        return self.client


async def open_client(node: str, sign_chain: SignChain, verify_many: VerifyMany) -> Opened:
    """The client for this site and a node. Where the browser refuses storage, it can only read.

    Raises:
        NodeUnreachable, InsecureNode: the address cannot be one.
        KeyUnusable: the browser makes no key.
    """
    transport = FetchTransport(node)
    crypto = await Crypto.find(sign_chain, verify_many)
    try:
        database = await IndexedDb.open()
    except StorageRefused as refusal:
        return Opened(Client(transport, verifier=crypto.verifier, name=transport.url), refusal)
    signer = await _signer(database, crypto)
    client = Client(
        transport,
        signer,
        store=IndexedDbStore(database),
        verifier=crypto.verifier,
        lock=platform_lock(),
        name=transport.url,
    )
    return Opened(client)


async def _signer(database: IndexedDb, crypto: Crypto) -> Signer:
    """This site's key pair, made at the first visit."""
    record = await key_record(database)
    if record is None:
        record = await keep_key_record(database, await _new_record(crypto))
    if record.kind == PureSigner.kind:
        return PureSigner(record.seed.to_bytes())
    if not crypto.available:
        raise KeyNotMade(
            "This site's key needs WebCrypto, which this page does not have: open it over https."
        )
    return WebCryptoSigner(record.pair, record.author.to_bytes(), crypto.sign_chain)


async def _new_record(crypto: Crypto) -> Any:
    record = js.Object.new()
    if crypto.available:
        signer = await WebCryptoSigner.generate(crypto.sign_chain)
        record.kind, record.pair, record.author = signer.kind, signer.pair, to_js(signer.author)
    else:
        record.kind, record.seed = PureSigner.kind, to_js(os.urandom(32))
    return record
