"""A key in a file: PKCS #8 in PEM (RFC 8410), not encrypted, readable by its owner only.

`openssl pkey -in key.pem -text` reads it. Beside it, in `key.logs.db`, lies what a client remembers of the
key's logs: the two belong together, and whoever copies one without the other may sign a slot twice.
"""

import os
import stat
from pathlib import Path
from typing import Self, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from panda_web.keys import backup
from panda_web.keys.errors import KeyUnusable
from panda_web.keys.protocols import Chain
from panda_web.keys.seeds import new_seed, require_seed
from panda_web.keys.with_cryptography import CryptographyCipher, CryptographySigner

T = TypeVar("T")


class KeyFileMissing(KeyUnusable):
    """There is no such file."""

    reason = "key-file-missing"


class KeyFileExists(KeyUnusable):
    """A key would be overwritten."""

    reason = "key-file-exists"


class KeyFileOpen(KeyUnusable):
    """Others than the owner may read the file."""

    reason = "key-file-open"


class KeyFileDamaged(KeyUnusable):
    """The file holds no Ed25519 key that can be read."""

    reason = "key-file-damaged"


class KeyFile:
    """A signer whose key is in a file.

    Args:
        path: the file.

    Raises:
        KeyUnusable: one of the subclasses above.
    """

    kind = "cryptography"

    def __init__(self, path: Path) -> None:
        # The logs of a key lie beside the key itself, not beside a link to it.
        self.path = path = path.resolve()
        try:
            if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
                raise KeyFileOpen(f"Others may read the key file {path}. Close it to them: chmod 600 {path}")
            pem = path.read_bytes()
        except FileNotFoundError as error:
            raise KeyFileMissing(f"There is no key file {path}. Make one: panda key new") from error
        except OSError as error:
            raise KeyFileDamaged(f"The key file {path} cannot be read: {error}.") from error
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError) as error:
            raise KeyFileDamaged(f"The file {path} holds no key that can be read.") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyFileDamaged(f"The key in {path} is not an Ed25519 key.")
        self._seed = key.private_bytes_raw()
        self._signer = CryptographySigner(self._seed)

    @classmethod
    def create(cls, path: Path, seed: bytes | None = None) -> Self:
        """Makes the file of a fresh key pair, or of the one of `seed`, and reads it.

        Raises:
            KeyFileExists: there is one already; it is not overwritten.
        """
        key = Ed25519PrivateKey.from_private_bytes(require_seed(new_seed() if seed is None else seed))
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Written whole under another name, then given its own: a crash leaves no half key.
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(part, path)
            finally:
                part.unlink()
        except FileExistsError as error:
            raise KeyFileExists(f"There is a key already in {path}; it is not overwritten.") from error
        except OSError as error:
            raise KeyUnusable(f"The key file {path} cannot be written: {error}.") from error
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> Self:
        """The key of a file; where there is none, one is made with a fresh key pair. Raises KeyUnusable."""
        try:
            return cls(path)
        except KeyFileMissing:
            return cls.create(path)

    @property
    def logs_path(self) -> Path:
        """Where a client keeps what it must not forget of this key's logs."""
        return self.path.with_suffix(".logs.db")

    @property
    def author(self) -> bytes:
        """The public key, 32 bytes."""
        return self._signer.author

    async def back_up(self, passphrase: str) -> str:
        """The key pair as encrypted PEM (`keys.backup`). Raises PassphraseShort."""
        return await backup.export(self._seed, passphrase, CryptographyCipher())

    @classmethod
    async def restore(cls, path: Path, text: str, passphrase: str) -> Self:
        """The key of a backup, in a new file, or in the one that has just this key.

        Raises:
            BackupMalformed, PassphraseWrong, KeyFileExists: no file was made.
        """
        seed = await backup.restore(text, passphrase, CryptographyCipher())
        try:
            return cls.create(path, seed)
        except KeyFileExists:
            held = cls(path)
            if held.author != CryptographySigner(seed).author:
                raise
            return held

    async def sign(self, data: bytes) -> bytes:
        """The signature of `data`, 64 bytes."""
        return await self._signer.sign(data)

    async def sign_chain(self, chain: Chain[T]) -> T:
        """Signs whatever `chain` yields, in order, and returns what it returns."""
        return await self._signer.sign_chain(chain)
