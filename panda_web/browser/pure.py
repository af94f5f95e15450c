"""Ed25519 in Python, for browsers that have none or one that goes wrong.

pure25519 is imported here, when it is needed, and nowhere else in the browser: with a good WebCrypto our
wheel alone does, and starts sooner.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from panda_web.keys import ArithmeticMissing, Signer, Verifier

KIND = "pure25519"


def signer(seed: bytes) -> Signer:
    """For a seed of 32 bytes. Raises ArithmeticMissing."""
    with _second_wheel():
        from panda_web.keys.with_pure25519 import PureSigner
    return PureSigner(seed)


def verifier() -> Verifier:
    """Verifies all by itself. Raises ArithmeticMissing."""
    with _second_wheel():
        from panda_web.keys.with_pure25519 import PureVerifier
    return PureVerifier()


def guarded(fast: Verifier) -> Verifier:
    """Leaves to `fast` what it does as others do. Raises ArithmeticMissing."""
    with _second_wheel():
        from panda_web.keys.guarded import GuardedVerifier
    return GuardedVerifier(fast)


@contextmanager
def _second_wheel() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != KIND:
            raise
        raise ArithmeticMissing(
            "This browser has no Ed25519, or one that goes wrong: install the wheel of pure25519 beside ours."
        ) from None
