"""The loops of `web/worker/ed25519.js`, in Python, for pages that have the wheel and none of our JavaScript.

Same duties, same arguments; slower, because every await of a promise from Python costs more than a signature.
"""

import struct
from collections.abc import Iterator
from typing import Any

import js
from pyodide.ffi import JsException, to_js

_KEY, _SIGNATURE = 32, 64
_AT_ONCE = 64


async def sign_chain(private_key: Any, step: Any, place: Any) -> None:
    """Signs what `step` returns until that is None; it finds each signature in `place`."""
    unsigned = step(False)
    while unsigned is not None:
        signature = await js.crypto.subtle.sign("Ed25519", private_key, unsigned)
        place.assign(signature.to_bytes())
        unsigned = step(True)


async def verify_many(keys: Any, claims: Any) -> Any:
    """One byte for each claim: 1 where it holds, 0 where it does not. Its shape: `web/worker/ed25519.js`."""
    raw = keys.to_bytes()
    authors = [await _import(raw[at : at + _KEY]) for at in range(0, len(raw), _KEY)]
    unpacked = list(_unpack(claims.to_bytes()))
    verdicts = b""
    for at in range(0, len(unpacked), _AT_ONCE):
        promises = [_verify(authors[place], *claim) for place, *claim in unpacked[at : at + _AT_ONCE]]
        verdicts += bytes(await js.Promise.all(to_js(promises)))
    return to_js(verdicts)


async def _import(author: bytes) -> Any:
    try:
        return await js.crypto.subtle.importKey("raw", to_js(author), "Ed25519", False, to_js(["verify"]))
    except JsException as error:
        if error.name == "DataError":  # some browsers look at once whether it is a point of the curve
            return None
        raise


def _verify(author: Any, signature: bytes, data: bytes) -> Any:
    """The promise of a verdict, or the verdict itself."""
    if author is None:
        return False
    return js.crypto.subtle.verify("Ed25519", author, to_js(signature), to_js(data))


def _unpack(claims: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    at = 0
    while at < len(claims):
        place, length = struct.unpack_from("<II", claims, at)
        at += 8
        yield place, claims[at : at + _SIGNATURE], claims[at + _SIGNATURE : at + _SIGNATURE + length]
        at += _SIGNATURE + length
