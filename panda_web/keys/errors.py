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
    """The platform did not make a key pair, or did not take the one it was given."""

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
