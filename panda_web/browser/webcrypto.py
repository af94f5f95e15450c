"""Ed25519 by the browser's WebCrypto, with private keys that no script can read.

The loops over many signatures are in `web/worker/ed25519.js`, whose two functions come in by constructor: an
await from Python costs more than a signature (W3C "Web Cryptography Level 2" has promises only). What
browsers think of odd bytes is never asked, since the strict check comes first. On keys outside the subgroup
of B they do not all agree: `agrees` asks, and `keys.guarded` is the remedy.
"""

import base64
import struct
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self, TypeAlias, TypeVar

import js
from pyodide.ffi import JsException, to_js

from panda_web.keys import strict
from panda_web.keys.backup import PKCS8
from panda_web.keys.chain import Steps
from panda_web.keys.errors import (
    KeyNotMade,
    PublicKeyLengthWrong,
    SigningFailed,
    VerifyingFailed,
)
from panda_web.keys.protocols import Chain, Claim, Verifier
from panda_web.keys.seeds import new_seed, require_seed
from panda_web.keys.strict import InvalidSignature

T = TypeVar("T")

JsObject: TypeAlias = Any
"""Something of JavaScript's, of which Python sees a proxy."""

SignChain: TypeAlias = Callable[[JsObject, JsObject, JsObject], Awaitable[None]]
"""`signChain` of `web/worker/ed25519.js`."""

VerifyMany: TypeAlias = Callable[[JsObject, JsObject], Awaitable[JsObject]]
"""`verifyMany` of `web/worker/ed25519.js`."""

_PLACE_AND_LENGTH = struct.Struct("<II")
"""Of a claim, as `verifyMany` unpacks it: its author's place among the keys, and its data's length."""


class WebCryptoSigner:
    """A private CryptoKey, which stays with the browser; it signs with it when asked."""

    __slots__ = ("_author", "_key", "_sign_chain")

    kind = "webcrypto"

    def __init__(self, key: JsObject, author: bytes, sign_chain: SignChain) -> None:
        if len(author) != 32:
            raise PublicKeyLengthWrong(f"A public key has 32 bytes, and this one {len(author)}.")
        self._key = key
        self._author = author
        self._sign_chain = sign_chain

    @classmethod
    async def of_seed(cls, seed: bytes, sign_chain: SignChain) -> Self:
        """The key pair of a seed, 32 bytes. The browser's copy cannot be exported; forget yours.

        Raises:
            KeyNotMade: the browser has no Ed25519, or did not take the key.
        """
        subtle = _subtle()
        if subtle is None:
            raise KeyNotMade("This page has no WebCrypto: open it over https, or on localhost.")
        private = to_js(PKCS8 + require_seed(seed))
        usages = to_js(["sign"])
        try:
            # The public key is only to be had from a copy that can be exported, and is gone after this.
            both = (
                subtle.importKey("pkcs8", private, "Ed25519", readable, usages) for readable in (True, False)
            )
            readable, key = await js.Promise.all(to_js([*both]))
            public = (await subtle.exportKey("jwk", readable)).x
        except JsException as error:
            raise KeyNotMade(
                f"This browser did not take this Ed25519 key: {error.name}. Use a newer one, or another.",
                browser=str(error.name),
            ) from error
        return cls(key, base64.urlsafe_b64decode(public + "="), sign_chain)

    @classmethod
    async def generate(cls, sign_chain: SignChain) -> Self:
        """A fresh key pair. Whoever wants a backup of it draws the 32 bytes and calls `of_seed`."""
        return await cls.of_seed(new_seed(), sign_chain)

    def __repr__(self) -> str:
        return f"WebCryptoSigner(author={self._author.hex()})"

    @property
    def author(self) -> bytes:
        """The public key, 32 bytes."""
        return self._author

    @property
    def key(self) -> JsObject:
        """The CryptoKey, to be stored or posted."""
        return self._key

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
        # Arrays of JavaScript's that are filled again and again, one for each length of data and one for the
        # signatures: WebCrypto takes a copy at once, and making one, or a proxy, costs more than filling it.
        arrays: dict[int, JsObject] = {}
        signature = js.Uint8Array.new(64)

        def step(signed: bool) -> JsObject:
            data = steps.step(signature.to_bytes() if signed else None)
            if data is None:
                return None
            array = arrays.get(len(data))
            if array is None:
                array = arrays[len(data)] = js.Uint8Array.new(len(data))
            array.assign(data)
            return array

        try:
            await self._sign_chain(self._key, step, signature)
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
    """Checks signatures with WebCrypto, after the strict check. See `agrees` before relying on it."""

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
            packed += _PLACE_AND_LENGTH.pack(place, len(claim.data)), claim.signature, claim.data
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


async def agrees(verifier: Verifier) -> bool:
    """Whether a browser computes the equation as `keys.strict` has it, with k reduced modulo L.

    WebKitGTK does not; where this is False, put `keys.guarded.GuardedVerifier` in front. Asked are two
    signatures under a key of mixed order, one that holds with k reduced only, one without only.
    """
    (holds, fails) = await verifier.verify_many([_HOLDS_REDUCED, _HOLDS_UNREDUCED])
    return holds is None and fails is not None


# "mixed order: A = aB + 1T, R = rB + 0T" of tests/vectors/ed25519.json.
_MIXED_AUTHOR = bytes.fromhex("61d3166ef696f0e00a3117d6707634749093af741c0c0c5c714c4c528861f63a")
_MIXED_R = "7980d2364f0ac41ebc25462a26a92ea53e524f71281dae7b92bb03f0d240209c"
_HOLDS_REDUCED = Claim(
    _MIXED_AUTHOR,
    bytes.fromhex(_MIXED_R + "d36fdf9bd8b407a2cae7a7b339d55a32385a57899e62e71ecd25f49f0029b004"),
    b"try 3",
)
_HOLDS_UNREDUCED = Claim(
    _MIXED_AUTHOR,
    bytes.fromhex(_MIXED_R + "6d67b83bb457c901083334a215c8d3c5afe35d4b04a589af647a54f335309700"),
    b"try 0",
)


def _subtle() -> JsObject:
    return getattr(getattr(js, "crypto", None), "subtle", None)
