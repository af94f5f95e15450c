"""What runs in the page's Python: signs, verifies, and holds messages to a schema; gives seconds.

`web/worker/ed25519.js` comes in by `use`.
"""

import time
from typing import Any

from benchmarks import checking
from panda_web import messages
from panda_web.bamboo import Head
from panda_web.browser.webcrypto import SignChain, VerifyMany, WebCryptoSigner, WebCryptoVerifier
from panda_web.log import SignedEntry, chain, verify_many

SCHEMA = "0040" + "c0ffee00" * 16

_crypto: dict[str, Any] = {}


def use(sign_chain: SignChain, verify_many: VerifyMany) -> None:
    """Takes the functions of `web/worker/ed25519.js`; to be called first."""
    _crypto.update(sign=sign_chain, verify=verify_many)


async def sign(count: int, fields: dict[str, messages.Value]) -> float:
    """Seconds for so many creates, encoded and signed in one log; each has its number in `title`."""
    signer = await WebCryptoSigner.generate(_crypto["sign"])
    before = time.perf_counter()
    signed = await _signed(signer, count, fields)
    took = time.perf_counter() - before
    if len(signed) != count:
        raise ValueError("Some entry was not signed.")
    return took


async def verify(count: int, fields: dict[str, messages.Value]) -> float:
    """Seconds for so many entries, from their bytes to the proof that the signatures hold."""
    signer = await WebCryptoSigner.generate(_crypto["sign"])
    encoded = [signed.encoded for signed in await _signed(signer, count, fields)]
    verifier = WebCryptoVerifier(_crypto["verify"])
    before = time.perf_counter()
    verdicts = await verify_many(encoded, verifier)
    took = time.perf_counter() - before
    if not all(isinstance(verdict, SignedEntry) for verdict in verdicts):
        raise ValueError("An entry was refused that should hold.")
    return took


async def check(count: int, _: object) -> float:
    """Seconds for so many messages that are held to their schema."""
    return checking.seconds(count)


async def _signed(
    signer: WebCryptoSigner, count: int, fields: dict[str, messages.Value]
) -> list[SignedEntry]:
    payloads = [
        messages.create(
            SCHEMA, messages.infer_all(fields | {"title": f"{fields['title']} {number}"})
        ).encode()
        for number in range(count)
    ]
    return await signer.sign_chain(chain(signer.author, 1, Head(), payloads))
