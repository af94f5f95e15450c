"""Ed25519 by the `cryptography` package, which calls OpenSSL: for servers and the command line.

OpenSSL computes the equation of `keys.strict` as it stands there: S·B - k·A, encoded, compared with R.
"""

from collections.abc import Sequence
from typing import Self, TypeVar

from cryptography.exceptions import InvalidSignature as EquationFails
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher as Aes
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.padding import PKCS7

from panda_web.keys import strict
from panda_web.keys.backup import PassphraseWrong, Settings
from panda_web.keys.chain import drive
from panda_web.keys.protocols import Chain, Claim
from panda_web.keys.seeds import new_seed, require_seed
from panda_web.keys.strict import InvalidSignature
from panda_web.keys.verdicts import verdicts

T = TypeVar("T")

_BEFORE_OTHERS_MAY_RUN = 256
"""Claims checked in one go, some 25 ms: a node answers others in between."""


class CryptographySigner:
    """A private key in this process's memory. The seed is not kept, and cannot be had from here."""

    __slots__ = ("_author", "_private")

    kind = "cryptography"

    def __init__(self, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(require_seed(seed))
        self._author = self._private.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> Self:
        """A fresh key pair. Whoever wants to keep it draws the 32 bytes and calls the constructor."""
        return cls(new_seed())

    def __repr__(self) -> str:
        return f"CryptographySigner(author={self._author.hex()})"

    @property
    def author(self) -> bytes:
        """The public key, 32 bytes."""
        return self._author

    async def sign(self, data: bytes) -> bytes:
        """The signature of `data`, 64 bytes, the same each time (RFC 8032)."""
        return self._private.sign(data)

    async def sign_chain(self, chain: Chain[T]) -> T:
        """Signs whatever `chain` yields, in order, and returns what it returns."""
        return drive(chain, self._private.sign)


class CryptographyVerifier:
    """Checks signatures with OpenSSL, after the strict check."""

    __slots__ = ()

    kind = "cryptography"

    async def verify(self, claim: Claim) -> None:
        """Raises a subclass of `InvalidSignature` unless the claim holds."""
        _verify(claim)

    async def verify_many(self, claims: Sequence[Claim]) -> list[InvalidSignature | None]:
        """One verdict a claim, in order."""
        return await verdicts(claims, _verify, _BEFORE_OTHERS_MAY_RUN)


def _verify(claim: Claim) -> None:
    strict.check(claim.author, claim.signature)
    try:
        Ed25519PublicKey.from_public_bytes(claim.author).verify(claim.signature, claim.data)
    # ValueError: a build that decodes the point at once, and finds none.
    except (EquationFails, ValueError):
        raise strict.mismatch(claim.author) from None


class CryptographyCipher:
    """The cipher of `keys.backup`."""

    __slots__ = ()

    async def encrypt(self, passphrase: bytes, settings: Settings, data: bytes) -> bytes:
        """The ciphertext of `data`."""
        padder, encryptor = PKCS7(128).padder(), self._aes(passphrase, settings).encryptor()
        return encryptor.update(padder.update(data) + padder.finalize()) + encryptor.finalize()

    async def decrypt(self, passphrase: bytes, settings: Settings, data: bytes) -> bytes:
        """The plaintext of `data`. Raises PassphraseWrong."""
        decryptor, unpadder = self._aes(passphrase, settings).decryptor(), PKCS7(128).unpadder()
        try:
            return unpadder.update(decryptor.update(data) + decryptor.finalize()) + unpadder.finalize()
        except ValueError as error:
            raise PassphraseWrong("The passphrase does not open this backup.") from error

    def _aes(self, passphrase: bytes, settings: Settings) -> Aes[CBC]:
        key = PBKDF2HMAC(SHA256(), 32, settings.salt, settings.iterations).derive(passphrase)
        return Aes(AES256(key), CBC(settings.iv))
