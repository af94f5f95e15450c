"""This site's key pair: made at the first visit, kept in IndexedDB, backed up under a passphrase, restored.

A WebCrypto key cannot be exported, so a backup is possible only while the seed that it was made of is still
in this worker's memory: from the key's making until a backup is saved or declined, or the tab is closed.
"""

from dataclasses import dataclass
from typing import Any

import js
from pyodide.ffi import to_js

from panda_web.browser import cipher, pure
from panda_web.browser.cipher import WebCryptoCipher
from panda_web.browser.indexeddb import KEYS, IndexedDb
from panda_web.browser.webcrypto import SignChain, WebCryptoSigner
from panda_web.keys import KeyNotMade, Signer, backup
from panda_web.keys.backup import BackupImpossible
from panda_web.keys.seeds import new_seed

_CURRENT = "author"
_BEFORE = "before/"


@dataclass(slots=True)
class Keyring:
    """The key pair of this site.

    Attributes:
        database: where it is kept.
        sign_chain: of `web/ed25519.js`.
        webcrypto: whether this page has Ed25519 in WebCrypto.
    """

    database: IndexedDb
    sign_chain: SignChain
    webcrypto: bool
    _seed: bytes | None = None

    @property
    def made_now(self) -> bool:
        """Whether the key was made in this tab, and its seed is still at hand."""
        return self._seed is not None

    @property
    def can_back_up(self) -> bool:
        """Whether the seed is at hand, and a cipher for it."""
        return self.made_now and cipher.available()

    async def signer(self) -> Signer:
        """The key pair; made now where there is none."""
        record = await self.database.get(KEYS, _CURRENT)
        if record is None:
            seed = new_seed()
            mine = await self._record(seed)
            await self.database.commit(
                KEYS, {_CURRENT: mine}, lambda seen: seen[_CURRENT] is None, [_CURRENT]
            )
            record = await self.database.get(KEYS, _CURRENT)  # another tab's, if that was faster
            self._seed = seed if _author(record) == _author(mine) else None
        return self._signer(record)

    async def earlier(self) -> list[Signer]:
        """The keys of which backups have taken the place."""
        return [
            self._signer(record)
            for _, record in await self.database.all(KEYS, _BEFORE, _BEFORE + "\uffff", None)
        ]

    async def back_up(self, passphrase: str) -> str:
        """The key pair as encrypted PEM. Whoever hands it out says `decline`.

        Raises:
            BackupImpossible: it is forgotten already.
            PassphraseShort: nothing was changed.
        """
        if self._seed is None:
            raise BackupImpossible(
                "This key can no longer be copied: a backup is possible only before the tab is closed in "
                "which the key was made."
            )
        return await backup.export(self._seed, passphrase, WebCryptoCipher())

    def decline(self) -> None:
        """Forgets the seed: from now on the key cannot be copied."""
        self._seed = None

    async def read(self, text: str, passphrase: str) -> tuple[Signer, Any]:
        """The key of a backup, to sign with and for `use`; nothing is changed.

        Raises:
            BackupMalformed, PassphraseWrong.
        """
        record = await self._record(await backup.restore(text, passphrase, WebCryptoCipher()))
        return self._signer(record), record

    async def use(self, record: Any) -> None:
        """Makes the key of a backup this site's key; the one before is kept under another name."""
        while not await self._replace(await self.database.get(KEYS, _CURRENT), record):
            pass  # another tab was faster
        self.decline()

    async def _replace(self, before: Any, record: Any) -> bool:
        changes = {_CURRENT: record, _BEFORE + _author(record): None}
        if before is not None and _author(before) != _author(record):
            changes[_BEFORE + _author(before)] = before
        expected = None if before is None else _author(before)

        def is_still_there(seen: dict[str, Any]) -> bool:
            return expected == (None if seen[_CURRENT] is None else _author(seen[_CURRENT]))

        return await self.database.commit(KEYS, changes, is_still_there, [_CURRENT])

    def _signer(self, record: Any) -> Signer:
        if record.kind == pure.KIND:
            return pure.signer(record.seed.to_bytes())
        if not self.webcrypto:
            raise KeyNotMade("This site's key needs WebCrypto, which this page lacks: open it over https.")
        return WebCryptoSigner(record.key, record.author.to_bytes(), self.sign_chain)

    async def _record(self, seed: bytes) -> Any:
        """What is stored: a CryptoKey that cannot be exported, or, without WebCrypto, the seed itself."""
        record = js.Object.new()
        if self.webcrypto:
            signer: Signer = (made := await WebCryptoSigner.of_seed(seed, self.sign_chain))
            record.key = made.key
        else:
            signer = pure.signer(seed)
            record.seed = to_js(seed)
        record.kind, record.author = signer.kind, to_js(signer.author)
        return record


def _author(record: Any) -> str:
    return record.author.to_bytes().hex()  # type: ignore[no-any-return]
