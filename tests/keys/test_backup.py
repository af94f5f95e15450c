"""Backups: with every cipher, with OpenSSL in both directions, and against files that are none."""

import asyncio
import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panda_web.keys import backup
from panda_web.keys.backup import BackupMalformed, Cipher, PassphraseShort, PassphraseWrong
from panda_web.keys.errors import SeedLengthWrong
from panda_web.keys.with_cryptography import CryptographyCipher
from tests.contracts import ciphers
from tests.examples import examples

CIPHER = CryptographyCipher()


@pytest.mark.parametrize("check", ciphers.CHECKS, ids=lambda check: check.__name__)
def test_cipher(check: object) -> None:
    asyncio.run(check(CIPHER))  # type: ignore[operator]


@pytest.mark.skipif(
    shutil.which("openssl") is None, reason="NOT TESTED WITH OPENSSL: it is not on this machine"
)
def test_openssl_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "backup.pem"
    path.write_text(asyncio.run(backup.export(ciphers.SEED, "correct horse", CIPHER)))
    command = ["openssl", "pkey", "-in", str(path), "-passin", "pass:correct horse", "-outform", "DER"]
    found = subprocess.run(command, capture_output=True, check=True).stdout
    assert found.endswith(ciphers.SEED)


def test_what_is_refused_before_anything_is_written() -> None:
    with pytest.raises(PassphraseShort):
        asyncio.run(backup.export(ciphers.SEED, "1234567", CIPHER))
    with pytest.raises(SeedLengthWrong):
        asyncio.run(backup.export(b"short", "12345678", CIPHER))


@pytest.mark.parametrize(
    "text",
    [
        "", "nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nA\n-----END ENCRYPTED PRIVATE KEY-----",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----",
        "x" * 10_000_000, ciphers.OPENSSL[:-60], ciphers.OPENSSL.replace("\nM", "\nN", 1),
    ],
    ids=range(8),
)  # fmt: skip
def test_what_is_no_backup(text: str) -> None:
    with pytest.raises(BackupMalformed):
        asyncio.run(backup.restore(text, "correct-horse", CIPHER))


def test_a_backup_that_would_keep_us_busy() -> None:
    data = base64.b64decode("".join(ciphers.OPENSSL.splitlines()[1:-1]))
    at = data.index(b"\x02\x02\x08\x00")  # 2,048 rounds
    assert at
    for rounds in (b"\x02\x02\x00\x00", b"\x02\x02\x7f\xff"):
        body = base64.b64encode(data[:at] + rounds + data[at + 4 :]).decode()
        text = f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{body}\n-----END ENCRYPTED PRIVATE KEY-----"
        with pytest.raises((BackupMalformed, PassphraseWrong)):
            asyncio.run(backup.restore(text, "correct-horse", CIPHER))
    parsed, secret = backup._read(ciphers.OPENSSL)
    huge = backup._write(backup.Settings(parsed.salt, backup.MAX_ITERATIONS + 1, parsed.iv), secret)
    text = f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{base64.b64encode(huge).decode()}\n-----END ENCRYPTED PRIVATE KEY-----"
    with pytest.raises(BackupMalformed, match="sizes"):
        asyncio.run(backup.restore(text, "correct-horse", CIPHER))


class Instant:
    """No cipher: what the structure alone does with noise."""

    async def encrypt(self, passphrase: bytes, settings: backup.Settings, data: bytes) -> bytes:
        return data

    async def decrypt(self, passphrase: bytes, settings: backup.Settings, data: bytes) -> bytes:
        return data


@examples(3)
@given(st.data())
def test_noise_is_a_named_error(data: st.DataObject) -> None:
    cipher: Cipher = Instant()
    body = bytearray(base64.b64decode("".join(ciphers.OPENSSL.splitlines()[1:-1])))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(body[: data.draw(st.integers(0, len(body)))])
    text = f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{base64.b64encode(cut).decode()}\n-----END ENCRYPTED PRIVATE KEY-----"
    with pytest.raises((BackupMalformed, PassphraseWrong)):
        asyncio.run(backup.restore(text, "x", cipher))
