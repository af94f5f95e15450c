"""Ed25519 by pure25519, in Python integers: for where neither WebCrypto nor `cryptography` is.

The weaker choice, and whoever offers it says so: a thousand times slower, its running time depends on the
key, and the seed lies in memory where scripts can read it.

Its own `verify` is not used: it refuses keys outside the subgroup of B and does not check S < L, so it
would disagree with every other backend. Here its curve arithmetic computes S·B - k·A, which is encoded and
compared with R, as OpenSSL does (`keys.strict`, rule 5). Those formulas hold for all points of the curve.
"""

import hashlib
from collections.abc import Sequence
from typing import Self, TypeAlias, TypeVar

from pure25519 import basic, eddsa

from panda_web.keys import strict
from panda_web.keys.chain import drive_in_turns
from panda_web.keys.protocols import Chain, Claim
from panda_web.keys.seeds import new_seed, require_seed
from panda_web.keys.strict import InvalidSignature, L, P
from panda_web.keys.verdicts import verdicts

T = TypeVar("T")

Point: TypeAlias = tuple[int, int, int, int]
"""Extended coordinates X, Y, Z, T of pure25519: x = X/Z, y = Y/Z, xy = T/Z."""

_BASE: Point = basic.Base.XYTZ
_NEUTRAL: Point = basic.Zero.XYTZ


class PureSigner:
    """A seed in this process's memory."""

    __slots__ = ("_author", "_seed")

    kind = "pure25519"

    def __init__(self, seed: bytes) -> None:
        self._seed = require_seed(seed)
        self._author: bytes = eddsa.publickey(seed)

    @classmethod
    def generate(cls) -> Self:
        """A fresh key pair. Whoever wants to keep it draws the 32 bytes and calls the constructor."""
        return cls(new_seed())

    def __repr__(self) -> str:
        return f"PureSigner(author={self._author.hex()})"

    @property
    def author(self) -> bytes:
        """The public key, 32 bytes."""
        return self._author

    async def sign(self, data: bytes) -> bytes:
        """The signature of `data`, 64 bytes, the same each time (RFC 8032)."""
        return self._sign(data)

    async def sign_chain(self, chain: Chain[T]) -> T:
        """Signs whatever `chain` yields, in order, and returns what it returns."""
        return await drive_in_turns(chain, self._sign)

    def _sign(self, data: bytes) -> bytes:
        signature: bytes = eddsa.signature(data, self._seed, self._author)
        return signature


class PureVerifier:
    """Checks signatures in Python, after the strict check."""

    __slots__ = ()

    kind = "pure25519"

    async def verify(self, claim: Claim) -> None:
        """Raises a subclass of `InvalidSignature` unless the claim holds."""
        _verify(claim)

    async def verify_many(self, claims: Sequence[Claim]) -> list[InvalidSignature | None]:
        """One verdict a claim, in order."""
        return await verdicts(claims, _verify)  # one takes some 20 ms in a browser


def _verify(claim: Claim) -> None:
    strict.check(claim.author, claim.signature)
    commitment = claim.signature[:32]
    try:
        x, y = basic.decodepoint(claim.author)
    except basic.NotOnCurve:
        raise strict.mismatch(claim.author) from None
    s = int.from_bytes(claim.signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(commitment + claim.author + claim.data).digest(), "little") % L
    minus_author: Point = basic.xform_affine_to_extended((P - x, y))
    found = basic.xform_extended_to_affine(_sum_of_products(s, _BASE, k, minus_author))
    if basic.encodepoint(found) != commitment:
        raise strict.mismatch(claim.author)


def _sum_of_products(m: int, a: Point, n: int, b: Point) -> Point:
    """m·a + n·b, doubling once for both (Straus). Its time depends on m and n: for public numbers only."""
    both = basic.add_elements(a, b)
    total = _NEUTRAL
    for bit in reversed(range(max(m, n).bit_length())):
        total = basic.double_element(total)
        match m >> bit & 1, n >> bit & 1:
            case 1, 1:
                total = basic.add_elements(total, both)
            case 1, 0:
                total = basic.add_elements(total, a)
            case 0, 1:
                total = basic.add_elements(total, b)
    return total
