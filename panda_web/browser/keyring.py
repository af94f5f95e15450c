"""This site's key pair: made at the first visit, kept in IndexedDB, backed up under a passphrase, restored.

A WebCrypto key cannot be exported, so a backup is possible only while there is the seed that it was made of.
It waits beside the key, wrapped under a key that cannot be exported either, until a copy is saved or somebody
says that they want none; then both go.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import js
from pyodide.ffi import JsException, to_js

from panda_web.browser import cipher, pure
from panda_web.browser.cipher import WebCryptoCipher
from panda_web.browser.indexeddb import KEYS, IndexedDb
from panda_web.browser.webcrypto import SignChain, WebCryptoSigner
from panda_web.keys import KeyNotMade, Signer, backup
from panda_web.keys.backup import BackupImpossible
from panda_web.keys.seeds import new_seed

_CURRENT = "author"
_BEFORE = "before/"
_COPY = "copy"

Copy: TypeAlias = Literal["waiting", "saved", "declined"]
"""What became of the offer to copy the key: nothing yet; a copy exists; nobody wants one."""


@dataclass(slots=True)
class Keyring:
    """The key pair of this site.

    Attributes:
        database: where it is kept.
        sign_chain: of `web/worker/ed25519.js`.
        webcrypto: whether this page has Ed25519 in WebCrypto.
        earlier: keys of which backups have taken the place, once `signer` has looked.
    """

    database: IndexedDb
    sign_chain: SignChain
    webcrypto: bool
    made_now: bool = False
    copy: Copy | None = None
    """As far as this tab knows; None for keys of which nothing is known."""
    earlier: Sequence[Signer] = ()

    @property
    def can_back_up(self) -> bool:
        """Whether the seed waits, and there is a cipher for it."""
        return self.copy == "waiting" and cipher.available()

    async def signer(self) -> Signer:
        """The key pair; made now where there is none."""
        records = await self._records()
        if _CURRENT not in records:
            records = await self._make()
        record = records[_CURRENT]
        self.copy = _copy(records.get(_COPY), record)
        self.earlier = [self._signer(each) for key, each in records.items() if key.startswith(_BEFORE)]
        return self._signer(record)

    async def _records(self) -> dict[str, Any]:
        return dict(await self.database.all(KEYS, "", "\uffff", None))

    async def _make(self) -> dict[str, Any]:
        """All that is stored, once a key is in it: one that was made here, or another tab's."""
        seed = new_seed()
        if cipher.available():
            mine, wrapped = await asyncio.gather(self._record(seed), cipher.wrapped(seed))
            changes = {_CURRENT: mine, _COPY: _about(mine, "waiting", wrapped)}
        else:
            changes = {_CURRENT: await self._record(seed)}
        self.made_now = await self.database.commit(
            KEYS, changes, lambda seen: seen[_CURRENT] is None, [_CURRENT]
        )
        return changes if self.made_now else await self._records()

    async def _copy_of(self, record: Any) -> Copy | None:
        return _copy(await self.database.get(KEYS, _COPY), record)

    async def back_up(self, passphrase: str) -> str:
        """The key pair as encrypted PEM. Whoever hands it out says `settle`.

        Raises:
            BackupImpossible: it is forgotten already.
            PassphraseShort: nothing was changed.
        """
        record = await self.database.get(KEYS, _CURRENT)
        self.copy = await self._copy_of(record)  # another tab may have settled it
        if self.copy != "waiting":
            raise BackupImpossible(
                "This key can no longer be copied: a copy was saved, or somebody said that they want none, "
                "or the key is older than this offer."
            )
        waiting = await self.database.get(KEYS, _COPY)
        try:
            seed = await cipher.unwrapped(waiting.wrapped)
        except JsException as error:
            raise BackupImpossible("What was kept for a copy of this key cannot be read any more.") from error
        return await backup.export(seed, passphrase, WebCryptoCipher())

    async def settle(self, outcome: Copy) -> None:
        """Forgets the seed, for all tabs: from now on the key cannot be copied."""
        record = await self.database.get(KEYS, _CURRENT)
        if await self._copy_of(record) == "waiting":
            still = _author(record)
            await self.database.commit(
                KEYS,
                {_COPY: _about(record, outcome)},
                lambda seen: _author(seen[_CURRENT]) == still,
                [_CURRENT],
            )
        self.copy = await self._copy_of(record)

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
        self.made_now, self.copy = False, "saved"

    async def _replace(self, before: Any, record: Any) -> bool:
        changes = {_CURRENT: record, _BEFORE + _author(record): None, _COPY: _about(record, "saved")}
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


def _about(record: Any, state: Copy, wrapped: Any = None) -> Any:
    """What is stored of a key's copy."""
    about = js.Object.new()
    about.author, about.state = record.author, state
    if wrapped is not None:
        about.wrapped = wrapped
    return about


def _copy(about: Any, record: Any) -> Copy | None:
    """What is known of a key's copy, where what is stored is about this key."""
    return None if about is None or _author(about) != _author(record) else about.state


def _author(record: Any) -> str:
    return record.author.to_bytes().hex()  # type: ignore[no-any-return]
