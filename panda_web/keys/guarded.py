"""A guard for a verifier that goes wrong, or goes down, on keys outside the subgroup of B.

WebKitGTK needs it (2.50, libgcrypt): it does not reduce k modulo L, so under a key of mixed order it takes
signatures that everyone else refuses, and refuses some that everyone else takes; and a key that is no point
of the curve makes its page crash, so any author could close every reader's tab. On keys of prime order,
which are all that a key generator makes, it agrees with the rest.

`browser.webcrypto.agrees` finds out whether a browser needs this. The price is one multiplication for each
new author, some 10 ms in a browser.
"""

from collections.abc import Sequence

from pure25519 import basic

from panda_web.keys.protocols import Claim, Verifier
from panda_web.keys.strict import InvalidSignature, L
from panda_web.keys.with_pure25519 import PureVerifier

_REMEMBERED = 10_000
"""Authors, at some 100 bytes each."""


class GuardedVerifier:
    """Asks `fast` about authors of prime order, and computes in Python for all others."""

    __slots__ = ("_fast", "_prime", "_slow")

    def __init__(self, fast: Verifier) -> None:
        self._fast = fast
        self._slow = PureVerifier()
        self._prime: dict[bytes, bool] = {}

    @property
    def kind(self) -> str:
        """That of the verifier behind the guard."""
        return self._fast.kind

    async def verify(self, claim: Claim) -> None:
        """Raises a subclass of `InvalidSignature` unless the claim holds."""
        await (self._fast if self._is_of_prime_order(claim.author) else self._slow).verify(claim)

    async def verify_many(self, claims: Sequence[Claim]) -> list[InvalidSignature | None]:
        """One verdict a claim, in order."""
        prime = [self._is_of_prime_order(claim.author) for claim in claims]
        fast = iter(await self._fast.verify_many([c for c, good in zip(claims, prime, strict=True) if good]))
        slow = iter(
            await self._slow.verify_many([c for c, good in zip(claims, prime, strict=True) if not good])
        )
        return [next(fast if good else slow) for good in prime]

    def _is_of_prime_order(self, author: bytes) -> bool:
        known = self._prime.get(author)
        if known is None:
            known = is_of_prime_order(author)
            if len(self._prime) >= _REMEMBERED:
                del self._prime[next(iter(self._prime))]
            self._prime[author] = known
        return known


def is_of_prime_order(author: bytes) -> bool:
    """Whether these bytes are a point of the subgroup of B, other than the neutral one."""
    if len(author) != 32:
        return False
    try:
        point = basic.xform_affine_to_extended(basic.decodepoint(author))
    except basic.NotOnCurve:
        return False
    neutral = basic.is_extended_zero
    return not neutral(point) and neutral(basic.scalarmult_element_safe_slow(point, L))
