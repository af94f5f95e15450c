"""Ciphers by WebCrypto.

That of `keys.backup`: PBKDF2, then AES-CBC, which pads by PKCS #7 itself. And AES-GCM under a key that stays
with the browser.
"""

import os
from typing import Any

import js
from pyodide.ffi import JsException, to_js

from panda_web.keys.backup import BackupImpossible, PassphraseWrong, Settings


def available() -> bool:
    """Whether this page is a secure context: others have no such cipher."""
    return bool(getattr(js.crypto, "subtle", None))


class WebCryptoCipher:
    """Works wherever the page is a secure context.

    Raises:
        BackupImpossible: it is none.
    """

    def __init__(self) -> None:
        if not available():
            raise BackupImpossible("Backups need a secure page: open this site over https.")
        self._subtle: Any = js.crypto.subtle

    async def encrypt(self, passphrase: bytes, settings: Settings, data: bytes) -> bytes:
        """The ciphertext of `data`."""
        key = await self._key(passphrase, settings, "encrypt")
        secret = await self._subtle.encrypt(_options(name="AES-CBC", iv=settings.iv), key, to_js(data))
        return secret.to_bytes()  # type: ignore[no-any-return]

    async def decrypt(self, passphrase: bytes, settings: Settings, data: bytes) -> bytes:
        """The plaintext of `data`. Raises PassphraseWrong."""
        key = await self._key(passphrase, settings, "decrypt")
        try:
            plain = await self._subtle.decrypt(_options(name="AES-CBC", iv=settings.iv), key, to_js(data))
        except JsException as error:
            raise PassphraseWrong("The passphrase does not open this backup.") from error
        return plain.to_bytes()  # type: ignore[no-any-return]

    async def _key(self, passphrase: bytes, settings: Settings, use: str) -> Any:
        secret = await self._subtle.importKey("raw", to_js(passphrase), "PBKDF2", False, to_js(["deriveKey"]))
        derivation = _options(
            name="PBKDF2", hash="SHA-256", salt=settings.salt, iterations=settings.iterations
        )
        aes = _options(name="AES-CBC", length=256)
        return await self._subtle.deriveKey(derivation, secret, aes, False, to_js([use]))


async def wrapped(secret: bytes) -> Any:
    """A secret under a fresh key that cannot be exported: an object for IndexedDB. See `available`."""
    # Source: W3C Web Cryptography Level 2, section 31 (AES-GCM, 96 bits of iv).
    record = js.Object.new()
    algorithm, usages = _options(name="AES-GCM", length=256), to_js(["encrypt", "decrypt"])
    record.key = await js.crypto.subtle.generateKey(algorithm, False, usages)
    record.iv = to_js(os.urandom(12))
    options = _options(name="AES-GCM", iv=record.iv)
    record.secret = await js.crypto.subtle.encrypt(options, record.key, to_js(secret))
    return record


async def unwrapped(record: Any) -> bytes:
    """The secret of such an object. Raises JsException where it was changed."""
    options = _options(name="AES-GCM", iv=record.iv)
    return (await js.crypto.subtle.decrypt(options, record.key, record.secret)).to_bytes()  # type: ignore[no-any-return]


def _options(**options: object) -> Any:
    return to_js(options, dict_converter=js.Object.fromEntries)
