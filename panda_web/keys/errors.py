"""Keys that cannot be made, read or used: `KeyUnusable` and its leaves.

What is wrong with somebody's *signature* is `keys.strict`.
"""

from panda_web.errors import PandaError


class KeyUnusable(PandaError):
    """Branch of what can be wrong with a key pair of our own, or with what does its arithmetic."""

    reason = "key-unusable"


class SeedLengthWrong(KeyUnusable):
    """A seed is `bytes`, and 32 of them. The error never carries the seed."""

    reason = "seed-length"


class PublicKeyLengthWrong(KeyUnusable):
    """The public half of a key pair has 32 bytes."""

    reason = "public-key-length"


class KeyNotMade(KeyUnusable):
    """The platform did not make a key pair, though asked several times."""

    reason = "key-not-made"


class ArithmeticMissing(KeyUnusable):
    """The platform has no Ed25519 of its own, and pure25519 is not installed."""

    reason = "arithmetic-missing"


class SigningFailed(KeyUnusable):
    """The platform holds the key and did not sign with it."""

    reason = "signing-failed"


class VerifyingFailed(KeyUnusable):
    """The platform broke down while it verified, so nothing is known about the signature."""

    reason = "verifying-failed"


def require_seed(seed: object) -> bytes:
    """`seed`, if it is one: this is where keys come in from files and storage.

    Raises:
        SeedLengthWrong: it is not `bytes`, or not 32 of them.
    """
    if not isinstance(seed, bytes) or len(seed) != 32:
        size = f"{len(seed)} bytes" if isinstance(seed, bytes) else f"a {type(seed).__name__}"
        raise SeedLengthWrong(f"The seed of a key pair has 32 bytes, and this is {size}.")
    return seed
