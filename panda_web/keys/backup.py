"""A key pair in a text that a passphrase opens: PKCS #8, encrypted, in PEM.

EncryptedPrivateKeyInfo (RFC 5958) under PBES2 (RFC 8018): PBKDF2 with HMAC-SHA-256, and AES-256-CBC.
Well-known tools read it (`openssl pkey -in backup.pem`), and what they write in this form is read here. The
arithmetic is a `Cipher`'s; this module only knows the structure, and holds what comes from a file to it.
"""

import base64
import binascii
import os
import re
import unicodedata
from dataclasses import dataclass
from typing import Protocol

from panda_web.keys.errors import KeyUnusable
from panda_web.keys.seeds import require_seed

ITERATIONS = 600_000
"""Of PBKDF2, as OWASP asks for with HMAC-SHA-256; half a second in a browser."""

MAX_ITERATIONS = 10_000_000
"""A file that asks for more would only keep the reader busy."""

MIN_PASSPHRASE = 8
"""Characters. A backup leaves the machine, so whoever finds it can try passphrases at leisure."""

_MAX_TEXT = 4096
_ARMOUR = re.compile(
    r"-----BEGIN ENCRYPTED PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+)-----END ENCRYPTED PRIVATE KEY-----"
)
PKCS8 = bytes.fromhex("302e020100300506032b657004220420")
"""PrivateKeyInfo of an Ed25519 key (RFC 8410), up to the 32 bytes of the seed."""

_PBES2 = bytes.fromhex("06092a864886f70d01050d")
_PBKDF2 = bytes.fromhex("06092a864886f70d01050c")
_HMAC_SHA256 = bytes.fromhex("300c06082a864886f70d02090500")
_AES256_CBC = bytes.fromhex("060960864801650304012a")
_SEQUENCE, _INTEGER, _OCTETS = 0x30, 0x02, 0x04


class BackupMalformed(KeyUnusable):
    """The text is not an encrypted key in the form that is read here."""

    reason = "backup-malformed"


class PassphraseWrong(KeyUnusable):
    """The passphrase does not open this backup, or the backup holds no Ed25519 key."""

    reason = "passphrase-wrong"


class PassphraseShort(KeyUnusable):
    """A passphrase for a new backup has fewer than eight characters."""

    reason = "passphrase-short"


class BackupImpossible(KeyUnusable):
    """There is nothing here that could be backed up, or nothing to encrypt it with."""

    reason = "backup-impossible"


@dataclass(frozen=True, slots=True)
class Settings:
    """What PBKDF2 and AES-CBC need to know: salt, rounds, and an IV of 16 bytes."""

    salt: bytes
    iterations: int
    iv: bytes


class Cipher(Protocol):
    """PBKDF2 with HMAC-SHA-256 to a key of 256 bits, then AES-CBC with PKCS #7 padding."""

    async def encrypt(self, passphrase: bytes, settings: Settings, data: bytes) -> bytes:
        """The ciphertext of `data`."""

    async def decrypt(self, passphrase: bytes, settings: Settings, data: bytes) -> bytes:
        """The plaintext of `data`. Raises PassphraseWrong where the padding is none."""


async def export(seed: bytes, passphrase: str, cipher: Cipher) -> str:
    """The backup of a key pair, as PEM.

    Args:
        seed: the private key, 32 bytes.
        passphrase: at least `MIN_PASSPHRASE` characters.
        cipher: does the arithmetic.

    Raises:
        PassphraseShort, SeedLengthWrong.
    """
    if len(passphrase) < MIN_PASSPHRASE:
        raise PassphraseShort(
            f"A passphrase has {MIN_PASSPHRASE} characters at least; several words are better."
        )
    settings = Settings(os.urandom(16), ITERATIONS, os.urandom(16))
    secret = await cipher.encrypt(_bytes(passphrase), settings, PKCS8 + require_seed(seed))
    text = base64.encodebytes(_write(settings, secret)).decode().replace("\n", "")
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{lines}\n-----END ENCRYPTED PRIVATE KEY-----\n"


async def restore(text: str, passphrase: str, cipher: Cipher) -> bytes:
    """The seed in a backup, 32 bytes.

    Raises:
        BackupMalformed: the text is no backup, or one of another form.
        PassphraseWrong: it does not open.
    """
    settings, secret = _read(text)
    plain = await cipher.decrypt(_bytes(passphrase), settings, secret)
    if len(plain) != len(PKCS8) + 32 or not plain.startswith(PKCS8):
        raise PassphraseWrong("The passphrase does not open this backup, or it holds another kind of key.")
    return plain[len(PKCS8) :]


def _bytes(passphrase: str) -> bytes:
    """The same bytes for what looks the same, whichever keyboard it was typed on."""
    return unicodedata.normalize("NFC", passphrase).encode("utf-8", "replace")


def _write(settings: Settings, secret: bytes) -> bytes:
    rounds = settings.iterations.to_bytes(settings.iterations.bit_length() // 8 + 1, "big")
    derivation = _item(
        _SEQUENCE,
        _PBKDF2 + _item(_SEQUENCE, _item(_OCTETS, settings.salt) + _item(_INTEGER, rounds) + _HMAC_SHA256),
    )
    encryption = _item(_SEQUENCE, _AES256_CBC + _item(_OCTETS, settings.iv))
    algorithm = _item(_SEQUENCE, _PBES2 + _item(_SEQUENCE, derivation + encryption))
    return _item(_SEQUENCE, algorithm + _item(_OCTETS, secret))


def _item(tag: int, content: bytes) -> bytes:
    """One DER item. Nothing here is longer than 255 bytes."""
    length = len(content)
    return bytes((tag, length) if length < 128 else (tag, 0x81, length)) + content


def _read(text: str) -> tuple[Settings, bytes]:
    found = _ARMOUR.search(text) if len(text) <= _MAX_TEXT else None
    if found is None:
        raise BackupMalformed("This is not a backup: it should begin with BEGIN ENCRYPTED PRIVATE KEY.")
    try:
        data = binascii.a2b_base64("".join(found[1].split()), strict_mode=True)
    except ValueError as error:
        raise BackupMalformed("The backup is damaged: its text is not base64.") from error
    outer = _Reader(data).enter(_SEQUENCE)
    algorithm = outer.enter(_SEQUENCE)
    algorithm.expect(_PBES2)
    parts = algorithm.enter(_SEQUENCE)
    derivation = parts.enter(_SEQUENCE)
    derivation.expect(_PBKDF2)
    rounds = derivation.enter(_SEQUENCE)
    salt = rounds.take(_OCTETS)
    iterations = int.from_bytes(rounds.take(_INTEGER), "big")
    if rounds.peek(_INTEGER):
        rounds.take(_INTEGER)  # the key's length, which AES-256 knows by itself
    rounds.expect(_HMAC_SHA256)
    encryption = parts.enter(_SEQUENCE)
    encryption.expect(_AES256_CBC)
    iv = encryption.take(_OCTETS)
    secret = outer.take(_OCTETS)
    if not 1 <= iterations <= MAX_ITERATIONS or len(iv) != 16 or not salt or len(secret) % 16 or not secret:
        raise BackupMalformed("The backup is damaged: its sizes are not those of a key.")
    return Settings(salt, iterations, iv), secret


class _Reader:
    """Reads DER items, one after the other; what is not as expected is BackupMalformed."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def peek(self, tag: int) -> bool:
        return self._data[self._at : self._at + 1] == bytes((tag,))

    def take(self, tag: int) -> bytes:
        data, at = self._data, self._at
        if not self.peek(tag) or at + 2 > len(data):
            raise BackupMalformed("The backup is damaged, or of another form than PBES2 with AES-256-CBC.")
        length, at = data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        if at + length > len(data):
            raise BackupMalformed("The backup is cut off.")
        self._at = at + length
        return data[at : at + length]

    def enter(self, tag: int) -> "_Reader":
        return _Reader(self.take(tag))

    def expect(self, known: bytes) -> None:
        if not self._data.startswith(known, self._at):
            raise BackupMalformed(
                "The backup is encrypted in another way than PBES2 with PBKDF2, HMAC-SHA-256 and AES-256-CBC."
            )
        self._at += len(known)
