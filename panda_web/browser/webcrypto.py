"""Ed25519 by the browser's WebCrypto, with private keys that no script can read.

The loops over many signatures are in `web/ed25519.js`, whose two functions come in by constructor: an
await from Python costs more than a signature (W3C "Web Cryptography Level 2" has promises only). All
browsers compute the equation of `keys.strict`; what they think of odd bytes is never asked, since the
strict check comes first.
"""

import struct
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self, TypeAlias, TypeVar

import js
from pyodide.ffi import JsException, to_js

from panda_web.keys import strict
from panda_web.keys.chain import Steps
from panda_web.keys.errors import KeyNotMade, PublicKeyLengthWrong, SigningFailed, VerifyingFailed
from panda_web.keys.protocols import Chain, Claim
from panda_web.keys.strict import InvalidSignature

T = TypeVar("T")

JsObject: TypeAlias = Any
"""Something of JavaScript's, of which Python sees a proxy."""

SignChain: TypeAlias = Callable[[JsObject, JsObject], Awaitable[None]]
"""`signChain` of `web/ed25519.js`."""

VerifyMany: TypeAlias = Callable[[JsObject, JsObject], Awaitable[JsObject]]
"""`verifyMany` of `web/ed25519.js`."""

_TRIES = 20
"""WebKit's `generateKey` fails once in a hundred, with OperationError, and means nothing by it."""


class WebCryptoSigner:
    """A CryptoKeyPair. The private key stays with the browser, which signs with it when asked."""

    __slots__ = ("_author", "_pair", "_sign_chain")

    kind = "webcrypto"

    def __init__(self, pair: JsObject, author: bytes, sign_chain: SignChain) -> None:
        if len(author) != 32:
            raise PublicKeyLengthWrong(f"A public key has 32 bytes, and this one {len(author)}.")
        self._pair = pair
        self._author = author
        self._sign_chain = sign_chain

    @classmethod
    async def generate(cls, sign_chain: SignChain) -> Self:
        """A fresh key pair that cannot be exported. To keep it, store `pair` in IndexedDB as it is.

        Raises:
            KeyNotMade: the browser has no Ed25519, or did not make a key.
        """
        subtle = _subtle()
        if subtle is None:
            raise KeyNotMade("This page has no WebCrypto: open it over https, or on localhost.")
        for tries_left in reversed(range(_TRIES)):
            try:
                pair = await subtle.generateKey("Ed25519", False, to_js(["sign", "verify"]))
                author = await subtle.exportKey("raw", pair.publicKey)
            except JsException as error:
                if error.name == "OperationError" and tries_left:
                    continue
                raise KeyNotMade(
                    f"This browser did not make an Ed25519 key pair: {error.name}. Try again, or use a "
                    "newer one.",
                    browser=str(error.name),
                ) from error
            return cls(pair, author.to_bytes(), sign_chain)
        raise AssertionError

    def __repr__(self) -> str:
        return f"WebCryptoSigner(author={self._author.hex()})"

    @property
    def author(self) -> bytes:
        """The public key, 32 bytes."""
        return self._author

    @property
    def pair(self) -> JsObject:
        """The CryptoKeyPair, to be stored or posted."""
        return self._pair

    async def sign(self, data: bytes) -> bytes:
        """The signature of `data`, 64 bytes. Not the same each time in WebKit."""

        def only() -> Chain[bytes]:
            return (yield data)

        return await self.sign_chain(only())

    async def sign_chain(self, chain: Chain[T]) -> T:
        """Signs whatever `chain` yields, in order, and returns what it returns.

        Raises:
            SigningFailed: the browser did not sign. What the chain raises, surfaces as itself.
        """
        steps = Steps(chain)

        def step(signature: JsObject = None) -> JsObject:
            return to_js(steps.step(None if signature is None else signature.to_bytes()))

        try:
            await self._sign_chain(self._pair.privateKey, step)
        except JsException as error:
            raise SigningFailed(
                f"The browser did not sign with this key: {error.name}. It may be another page's, or of "
                "another kind.",
                browser=str(error.name),
            ) from error
        finally:
            # Cancelled, we leave while JavaScript still awaits one signature: it finds the chain ended.
            steps.stop()
        return steps.result()


class WebCryptoVerifier:
    """Checks signatures with WebCrypto, after the strict check."""

    __slots__ = ("_verify_many",)

    kind = "webcrypto"

    def __init__(self, verify_many: VerifyMany) -> None:
        self._verify_many = verify_many

    async def verify(self, claim: Claim) -> None:
        """Raises a subclass of `InvalidSignature` unless the claim holds."""
        (verdict,) = await self.verify_many([claim])
        if verdict is not None:
            raise verdict

    async def verify_many(self, claims: Sequence[Claim]) -> list[InvalidSignature | None]:
        """One verdict a claim, in order.

        Raises:
            VerifyingFailed: the browser broke down; there is no verdict on any of them.
        """
        verdicts: list[InvalidSignature | None] = [None] * len(claims)
        places: dict[bytes, int] = {}
        asked: list[int] = []
        packed: list[bytes] = []
        for number, claim in enumerate(claims):
            try:
                strict.check(claim.author, claim.signature)
            except InvalidSignature as error:
                verdicts[number] = error
                continue
            place = places.setdefault(claim.author, len(places))
            packed += struct.pack("<II", place, len(claim.data)), claim.signature, claim.data
            asked.append(number)
        if not asked:
            return verdicts
        try:
            held = await self._verify_many(to_js(b"".join(places)), to_js(b"".join(packed)))
        except JsException as error:
            raise VerifyingFailed(
                f"The browser did not verify: {error.name}. Nothing is known about these signatures; "
                "try again.",
                browser=str(error.name),
            ) from error
        for number, holds in zip(asked, held.to_bytes(), strict=True):
            if not holds:
                verdicts[number] = strict.mismatch(claims[number].author)
        return verdicts


async def available() -> bool:
    """Whether this browser has Ed25519 here: it imports a public key (RFC 8032, section 7.1, TEST 1).

    Browsers that lack it refuse the name; pages that are not secure have no WebCrypto at all.
    """
    subtle = _subtle()
    if subtle is None:
        return False
    known = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    try:
        await subtle.importKey("raw", to_js(known), "Ed25519", False, to_js(["verify"]))
    except JsException:
        return False
    return True


def _subtle() -> JsObject:
    return getattr(getattr(js, "crypto", None), "subtle", None)
