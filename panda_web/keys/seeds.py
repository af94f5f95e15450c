"""The 32 bytes that a key pair is made of (RFC 8032, section 5.1.5: the private key)."""

import os

from panda_web.keys.errors import SeedLengthWrong


def new_seed() -> bytes:
    """The seed of a fresh key pair: 32 random bytes, of which the first is not zero.

    WebKitGTK (2.50) refuses a private key that begins with a zero byte: libgcrypt takes it for a number and
    drops the zero. So none is made, and a key that is made here can be restored in every browser. That is one
    seed of 256, which is nothing to somebody who guesses.
    """
    while (seed := os.urandom(32))[0] == 0:
        pass
    return seed


def require_seed(seed: object) -> bytes:
    """`seed`, if it is one: this is where keys come in from files and storage.

    Raises:
        SeedLengthWrong: it is not `bytes`, or not 32 of them.
    """
    if not isinstance(seed, bytes) or len(seed) != 32:
        size = f"{len(seed)} bytes" if isinstance(seed, bytes) else f"a {type(seed).__name__}"
        raise SeedLengthWrong(f"The seed of a key pair has 32 bytes, and this is {size}.")
    return seed
