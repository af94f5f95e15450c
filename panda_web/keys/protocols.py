"""What a signer and a verifier must do, whatever does the arithmetic behind them.

Keys and signatures are Ed25519 (RFC 8032): a public key is 32 bytes, a signature 64. Both protocols come
singly and in bulk, and the bulk form is the one that decides the speed: a chain of entries, each of which
contains the signature of the one before, is a *generator* that yields the bytes to sign and is sent the
signature. The same generator is driven by an asyncio loop, by a plain loop, or by a small JavaScript loop.

A verifier never returns a bool: it raises, or returns errors, so a forgotten `await` can never pass
for a good signature.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from panda_web.keys.strict import InvalidSignature

T = TypeVar("T")

Chain = Generator[bytes, bytes, T]
"""Yields bytes to sign, is sent their signature, and returns what was built."""


@dataclass(frozen=True, slots=True)
class Claim:
    """That `author` signed `data`: 32, 64 and any number of bytes."""

    author: bytes
    signature: bytes
    data: bytes


class Signer(Protocol):
    """Holds one private key, or the right to use one."""

    @property
    def author(self) -> bytes:
        """The public key, 32 bytes."""

    @property
    def kind(self) -> str:
        """Which implementation holds the key: `webcrypto`, `cryptography` or `pure25519`."""

    async def sign(self, data: bytes) -> bytes:
        """The signature of `data`, 64 bytes."""

    async def sign_chain(self, chain: Chain[T]) -> T:
        """Signs whatever `chain` yields, in order, and returns what it returns."""


class Verifier(Protocol):
    """Checks signatures: first the strict check of `keys.strict`, then the cofactorless equation."""

    @property
    def kind(self) -> str:
        """Which implementation checks: `webcrypto`, `cryptography` or `pure25519`."""

    async def verify(self, claim: Claim) -> None:
        """Raises a subclass of `InvalidSignature` unless the claim holds."""

    async def verify_many(self, claims: Sequence[Claim]) -> list[InvalidSignature | None]:
        """One verdict a claim, in order: None where it holds, else the error that `verify` would raise."""
